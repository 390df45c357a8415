import { Command, COMMANDS } from '../../proof/checkers/commands';
import { tally as tallyBy } from '../../proof/kit/figures';
import { HttpClient, outcomeOf, Sending } from '../../proof/kit/http-client';
import type { TestApp } from './app';

export interface SeatName {
  row: string;
  number: number;
}

/** `A1` as the API names it. */
export function seat(name: string): SeatName {
  const match = /^([A-Z]+)(\d+)$/.exec(name)!;
  return { row: match[1]!, number: Number(match[2]) };
}

export function seats(...names: string[]): SeatName[] {
  return names.map(seat);
}

export interface Answer {
  status: number;
  headers: Headers;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests assert what is in it
  body: any;
}

const clients = new Map<string, HttpClient>();

/** Sends a request as it is given, and returns the answer as it came. @throws Error when there is no answer */
export async function request(
  { url }: Pick<TestApp, 'url'>,
  method: string,
  path: string,
  sending: Sending = {},
): Promise<Answer> {
  const client = clients.get(url) ?? new HttpClient(url);
  clients.set(url, client);
  const { status, code, headers, body } = await client.request(method, path, sending);
  if (status === null) throw new Error(`${method} ${path} got no answer: ${code}`);
  return { status, headers: new Headers(headers as Record<string, string>), body };
}

export interface Person {
  readonly token: string;
  readonly id: string;
  hold(showId: number, names: string[], headers?: Record<string, string>): Promise<Answer>;
  book(showId: number, names: string[], headers?: Record<string, string>): Promise<Answer>;
  release(showId: number, names: string[], headers?: Record<string, string>): Promise<Answer>;
  seatMap(showId: number): Promise<Answer>;
}

/** A fresh guest. With `token`, the same holder seen through another instance; with `from`, behind a proxy at that address. */
export async function person(target: Pick<TestApp, 'url'>, token?: string, from?: string): Promise<Person> {
  const proxied: Record<string, string> = from === undefined ? {} : { 'x-forwarded-for': from };
  const issued = token ?? (await request(target, 'POST', '/api/auth/guest/', { headers: proxied })).body.access_token;
  const me = await request(target, 'GET', '/api/auth/me/', { token: issued });
  const command = (name: Command) => (showId: number, names: string[], headers?: Record<string, string>) => {
    const body = { show_id: showId, seats: seats(...names) };
    return request(target, 'POST', COMMANDS[name].path, { token: issued, body, headers: { ...proxied, ...headers } });
  };
  return {
    token: issued,
    id: me.body.holder.id,
    hold: command('hold'),
    book: command('book'),
    release: command('release'),
    seatMap: (showId) => request(target, 'GET', `/api/seats/?show_id=${showId}`, { token: issued }),
  };
}

/** How often each status and code came, e.g. `{ '200': 1, '409 SEAT_UNAVAILABLE': 399 }`. */
export function tally(answers: Answer[]): Record<string, number> {
  return tallyBy(answers, ({ status, body }) => outcomeOf({ status, code: body?.code ?? null }));
}
