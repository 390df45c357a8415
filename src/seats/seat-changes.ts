import type { SeatState } from './seat-transitions';

/** What the seats tell whoever watches them; the live module plugs in. Must be quick and must not throw: a commit waits. */
export abstract class SeatChanges {
  /** These seats were changed by a transaction that is committed; as they are now. */
  abstract committed(seats: readonly SeatState[]): void;

  /** A commit's outcome is unknown: seats of these shows may or may not have changed. */
  abstract uncertain(showIds: readonly number[]): void;
}
