import { seatKey } from '../client/seat-merge.ts';
import { Answer, api, bearer, Booking, call, SeatRef } from './api.ts';
import { newGuestToken } from './guest.ts';

/** The number of requests that a browser has under way to one server. */
const CONCURRENCY = 6;

export interface RushPlan {
  readonly showId: number;
  readonly seats: readonly SeatRef[];
  readonly guests: number;
  readonly onProgress: (phase: 'guests' | 'hold' | 'book' | 'check', done: number) => void;
}

export interface Tally {
  /** `200`, `409 SEAT_UNAVAILABLE`, … and the number of guests who got it. */
  readonly counts: readonly { readonly answer: string; readonly count: number; readonly isOk: boolean }[];
  readonly tookMs: number;
}

export interface RushResult {
  readonly holds: Tally;
  readonly books: Tally;
  readonly winners: readonly { readonly guest: number; readonly booking: Booking }[];
  /** Empty when no seat was sold twice, by the answers and by the map. */
  readonly contradictions: readonly string[];
  readonly isChecked: boolean;
}

/**
 * Many guests want the same seats. All ask to hold them; then all try to book them, the refused ones too. Afterwards
 * the answers are compared with each other and with the map.
 */
export async function runRush({ showId, seats, guests, onProgress }: RushPlan): Promise<RushResult> {
  const tokens = await pooled(guests, newGuestToken, (done) => onProgress('guests', done));
  const body = { show_id: showId, seats: [...seats] };
  // In the order of the tokens, the first guest would ask first in every rush.
  const order = shuffled(guests);
  const send = async (path: '/api/seats/hold-batch/' | '/api/seats/book-batch/', phase: 'hold' | 'book') => {
    const startMs = performance.now();
    const answers = await pooled(
      guests,
      async (place): Promise<Answer<unknown>> => {
        const token = tokens[order[place]!]!;
        return token.isOk
          ? call<unknown>(() => api.POST(path, { headers: bearer(token.data.access_token), body }))
          : token;
      },
      (done) => onProgress(phase, done),
    );
    return { answers, tookMs: performance.now() - startMs };
  };
  const holds = await send('/api/seats/hold-batch/', 'hold');
  const books = await send('/api/seats/book-batch/', 'book');
  onProgress('check', guests);
  const winners = books.answers.flatMap((answer, index) =>
    answer.isOk ? [{ guest: order[index]! + 1, booking: (answer.data as { booking: Booking }).booking }] : [],
  );
  const map = await call(() => api.GET('/api/seats/', { params: { query: { show_id: showId } } }));
  const contradictions = doubleSales(winners.map(({ booking }) => booking));
  if (map.isOk) {
    const statuses = new Map(map.data.seats.map((seat) => [seatKey(seat), seat.status]));
    for (const key of winners.flatMap(({ booking }) => booking.seats.map(seatKey))) {
      if (statuses.get(key) !== 'BOOKED') contradictions.push(`${key} was sold, but the map says ${statuses.get(key)}`);
    }
  }
  return { holds: tally(holds), books: tally(books), winners, contradictions, isChecked: map.isOk };
}

function shuffled(count: number): number[] {
  const order = Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last--) {
    const other = Math.floor(Math.random() * (last + 1));
    [order[last], order[other]] = [order[other]!, order[last]!];
  }
  return order;
}

/** Seats that are in more than one booking. */
function doubleSales(bookings: readonly Booking[]): string[] {
  const soldIn = new Map<string, Set<string>>();
  for (const { id, seats } of bookings) {
    for (const key of seats.map(seatKey)) soldIn.set(key, (soldIn.get(key) ?? new Set()).add(id));
  }
  return [...soldIn].filter(([, ids]) => ids.size > 1).map(([key, ids]) => `${key} was sold ${ids.size} times`);
}

function tally({ answers, tookMs }: { answers: readonly Answer<unknown>[]; tookMs: number }): Tally {
  const counts = new Map<string, { count: number; isOk: boolean }>();
  for (const answer of answers) {
    const name = answer.isOk
      ? String(answer.status)
      : answer.status === 0
        ? 'no answer'
        : `${answer.status} ${answer.code}`;
    counts.set(name, { count: (counts.get(name)?.count ?? 0) + 1, isOk: answer.isOk });
  }
  return {
    counts: [...counts].map(([answer, counted]) => ({ answer, ...counted })).sort((a, b) => a.count - b.count),
    tookMs,
  };
}

/** Runs a function many times, several at once. */
async function pooled<Result>(
  count: number,
  run: (index: number) => Promise<Result>,
  onProgress: (done: number) => void,
): Promise<Result[]> {
  const results: Result[] = [];
  let [next, done] = [0, 0];
  const work = async () => {
    while (next < count) {
      const index = next++;
      results[index] = await run(index);
      onProgress(++done);
    }
  };
  await Promise.all(Array.from({ length: Math.min(CONCURRENCY, count) }, work));
  return results;
}
