import { Reply, Target } from '../kit/api';
import type { Command, SeatName } from '../checkers/history';
import { seatRef } from '../checkers/history';
import type { Holder } from '../stress/person';

const PATHS: Readonly<Record<Command, string>> = {
  hold: '/api/seats/hold-batch/',
  book: '/api/seats/book-batch/',
  release: '/api/seats/release-hold-batch/',
};

/** Sends one seat command, for scenarios that look at each answer themselves. */
export function send(
  target: Target,
  { token }: Holder,
  command: Command,
  showId: number,
  seats: readonly SeatName[],
  key?: string,
): Promise<Reply> {
  return target.request('POST', PATHS[command], { token, key, body: { show_id: showId, seats: seats.map(seatRef) } });
}

/** Counts answers: `{ '200': 4, '503 BUSY': 1, 'ECONNRESET': 2 }`. */
export function tally(replies: readonly Reply[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status, code } of replies) {
    const outcome = [status, code].filter((part) => part !== null).join(' ');
    counts[outcome] = (counts[outcome] ?? 0) + 1;
  }
  return counts;
}

export const tookMs = ({ sentMs, answeredMs }: Reply): number => (answeredMs ?? Infinity) - sentMs;
