import type { SeatState } from './seat-transitions';

/** What the seats tell the modules that watch them. Must be quick and must not throw: committed answers wait behind it. */
export abstract class SeatListener {
  /** These seats were changed by a transaction that is committed; as they are now. */
  abstract committed(seats: readonly SeatState[]): void;

  /** A commit's outcome is unknown: seats of these shows may or may not have changed. */
  abstract uncertain(showIds: readonly number[]): void;
}

/** Nest's token for all listeners, in order. */
export const SEAT_LISTENERS = Symbol('SEAT_LISTENERS');
