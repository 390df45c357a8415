import { UsageError, wholeNumber } from './command';
import { count } from './progress-bar';

const BOUNDS = { shows: 1_000_000, rows: 702, seatsPerRow: 1_000, seats: 50_000_000 };

/** The shows to add for a load test. */
export interface LoadTestSize {
  readonly shows: number;
  readonly rows: number;
  readonly seatsPerRow: number;
}

/**
 * Reads the number and the size of the shows that are wanted; `undefined` when none are.
 *
 * @throws UsageError
 */
export function loadTestSize(given: {
  shows?: string;
  rows?: string;
  'seats-per-row'?: string;
}): LoadTestSize | undefined {
  if (given.shows === undefined) {
    for (const name of ['rows', 'seats-per-row'] as const) {
      if (given[name] !== undefined) throw new UsageError(`--${name} is about the shows that --shows adds.`);
    }
    return undefined;
  }
  const size = {
    shows: wholeNumber('shows', given.shows, 1, BOUNDS.shows),
    rows: wholeNumber('rows', given.rows ?? '10', 1, BOUNDS.rows),
    seatsPerRow: wholeNumber('seats-per-row', given['seats-per-row'] ?? '20', 1, BOUNDS.seatsPerRow),
  };
  const seats = size.shows * size.rows * size.seatsPerRow;
  if (seats > BOUNDS.seats) {
    throw new UsageError(`That would be ${count(seats)} seats; at most ${count(BOUNDS.seats)} can be made at a time.`);
  }
  return size;
}
