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

/** What a test sends and gets: nothing is interpreted. */
export async function request(
  target: Pick<TestApp, 'url'>,
  method: string,
  path: string,
  options: { token?: string; body?: unknown; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const response = await fetch(target.url + path, {
    method,
    headers: {
      ...(options.token ? { authorization: `Bearer ${options.token}` } : {}),
      ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...options.headers,
    },
    body:
      options.body === undefined
        ? undefined
        : typeof options.body === 'string'
          ? options.body
          : JSON.stringify(options.body),
  });
  const text = await response.text();
  const json = response.headers.get('content-type')?.includes('json') && text !== '';
  return { status: response.status, headers: response.headers, body: json ? JSON.parse(text) : text };
}

export interface Person {
  readonly token: string;
  readonly id: string;
  hold(showId: number, names: string[], headers?: Record<string, string>): Promise<Answer>;
  book(showId: number, names: string[], headers?: Record<string, string>): Promise<Answer>;
  release(showId: number, names: string[], headers?: Record<string, string>): Promise<Answer>;
  seatMap(showId: number): Promise<Answer>;
}

/** A fresh guest. With `token`, the same holder seen through another instance. */
export async function person(target: Pick<TestApp, 'url'>, token?: string): Promise<Person> {
  const issued = token ?? (await request(target, 'POST', '/api/auth/guest/')).body.access_token;
  const me = await request(target, 'GET', '/api/auth/me/', { token: issued });
  const command = (path: string) => (showId: number, names: string[], headers?: Record<string, string>) =>
    request(target, 'POST', `/api/seats/${path}/`, {
      token: issued,
      body: { show_id: showId, seats: seats(...names) },
      headers,
    });
  return {
    token: issued,
    id: me.body.holder.id,
    hold: command('hold-batch'),
    book: command('book-batch'),
    release: command('release-hold-batch'),
    seatMap: (showId) => request(target, 'GET', `/api/seats/?show_id=${showId}`, { token: issued }),
  };
}

/** How often each status and code came, e.g. `{ '200': 1, '409 SEAT_UNAVAILABLE': 399 }`. */
export function tally(answers: Answer[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status, body } of answers) {
    const key = body?.code ? `${status} ${body.code}` : String(status);
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}
