import { SeatName, seatName } from '../checkers/history';
import { outcomeOf, Target } from '../kit/http-client';

/** People and shows of any deployment, found by nothing but its API. */

/** A person with a token. */
export interface Holder {
  readonly id: string;
  readonly token: string;
}

export interface Show {
  readonly id: number;
  readonly seats: readonly SeatName[];
}

/** Can't be tested; the message says why. */
export class TargetError extends Error {}

const TOKENS_AT_ONCE = 32;

/** Guests of the server. @throws TargetError */
export async function guests(target: Target, count: number): Promise<Holder[]> {
  const found: Holder[] = [];
  while (found.length < count) {
    const some = Array.from({ length: Math.min(TOKENS_AT_ONCE, count - found.length) }, () => guest(target));
    found.push(...(await Promise.all(some)));
  }
  return found;
}

async function guest(target: Target): Promise<Holder> {
  const reply = await target.request('POST', '/api/auth/guest/');
  const { access_token: token, holder } = (reply.body ?? {}) as { access_token?: string; holder?: { id: string } };
  if (reply.status !== 201 || !token || !holder) throw new TargetError(`No guest token: ${outcomeOf(reply)}`);
  return { id: holder.id, token };
}

/** The shows to use: those named, or all that are on sale. @throws TargetError */
export async function shows(target: Target, ids: readonly number[]): Promise<Show[]> {
  const found: Show[] = [];
  for (const id of ids.length > 0 ? ids : await onSale(target)) {
    const reply = await target.request('GET', `/api/seats/?show_id=${id}`);
    if (reply.status !== 200) throw new TargetError(`No seat map of show ${id}: ${outcomeOf(reply)}`);
    const { seats } = reply.body as { seats: { row: string; number: number }[] };
    if (seats.length > 0) found.push({ id, seats: seats.map(seatName) });
  }
  if (found.length === 0)
    throw new TargetError('There is no show on sale. Make some with "npm run seed", or name one with --show.');
  return found;
}

async function onSale(target: Target): Promise<number[]> {
  const reply = await target.request('GET', '/api/shows/?limit=50');
  if (reply.status !== 200) throw new TargetError(`No list of shows: ${outcomeOf(reply)}`);
  const listed = (reply.body as { shows: { id: number; sales: string }[] }).shows;
  return listed.filter(({ sales }) => sales === 'OPEN').map(({ id }) => id);
}
