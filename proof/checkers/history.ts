import type { Command, SeatStatus } from './commands';

/**
 * The recorded history: one attempt, that is one request and its answer, is one line of JSON. Everything here is
 * what the client saw. Instants ending in `Ms` are of the client's one monotonic clock, except those under an answer, which
 * are what the server said, in milliseconds since the epoch.
 */

/** A seat within its show, as `row/number`. Row labels have no slash. */
export type SeatName = string;

export function seatName({ row, number }: { row: string; number: number }): SeatName {
  return `${row}/${number}`;
}

export function seatRef(name: SeatName): { row: string; number: number } {
  const slash = name.lastIndexOf('/');
  return { row: name.slice(0, slash), number: Number(name.slice(slash + 1)) };
}

export interface HeldSeat {
  readonly seat: SeatName;
  readonly version: number;
  readonly deadlineMs: number;
}

export interface SeenSeat {
  readonly seat: SeatName;
  readonly status: SeatStatus;
  readonly version: number;
  /** Of the asker's own live hold; null for everything else. */
  readonly deadlineMs: number | null;
}

export interface Stats {
  readonly total: number;
  readonly available: number;
  readonly held: number;
  readonly booked: number;
  readonly blocked: number;
}

/** What an answer said, in the words the checkers use. */
export type Answer =
  | { readonly kind: 'held'; readonly serverTimeMs: number; readonly seats: readonly HeldSeat[] }
  | {
      readonly kind: 'booked';
      readonly bookingId: string;
      readonly bookedAtMs: number;
      readonly seats: readonly SeatName[];
    }
  | { readonly kind: 'released'; readonly seats: readonly SeatName[] }
  | { readonly kind: 'seen'; readonly serverTimeMs: number; readonly stats: Stats; readonly seats: readonly SeenSeat[] }
  /** A refusal; the seats are empty where none is to blame. */
  | { readonly kind: 'refused'; readonly code: string; readonly seats: Readonly<Record<SeatName, string>> };

export interface Attempt {
  readonly id: number;
  readonly sentMs: number;
  /** Null when no answer was received: dropped, reset, timed out. */
  readonly answeredMs: number | null;
  readonly holder: string;
  readonly command: Command | 'read';
  readonly showId: number;
  /** Empty for a read. */
  readonly seats: readonly SeatName[];
  readonly key: string | null;
  readonly status: number | null;
  /** The problem's; for want of an answer why there is none; null for success. */
  readonly code: string | null;
  /** Whether the server said that this is a stored answer, given again. */
  readonly isReplayed: boolean;
  /** Null where nothing in it is about seats. */
  readonly answer: Answer | null;
}

/** Something that should not have been seen. */
export interface Violation {
  readonly check: 'answers' | 'ledger' | 'black box' | 'scenario';
  readonly rule: string;
  readonly showId: number | null;
  /** What was found, for people. */
  readonly detail: string;
}
