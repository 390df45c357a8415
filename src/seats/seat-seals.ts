import type { Seal, Seals } from '../platform/seals';
import { seatKey, SeatTransition } from './seat-transitions';

/**
 * The chains of the locked seats. Each step is sealed with all its columns and the seal of the step before it in its seat,
 * which the seat row carries: the locks read it for nothing. A step that is changed, left out or put in breaks every seal
 * behind it. `verify` lists the columns anew, so that one forgotten here is found there.
 */
export class SeatSeals {
  private readonly last: Map<string, Seal | null>;

  constructor(
    private readonly seals: Seals,
    locked: Iterable<readonly [key: string, seal: Seal | null]>,
  ) {
    this.last = new Map(locked);
  }

  /** Returns the seals of the next steps of the seats, each seat's in order. */
  sealSteps(steps: readonly SeatTransition[], atMs: number): Seal[] {
    return steps.map((step) => {
      const key = seatKey(step.showId, step);
      const seal = this.seals.seal([
        'step',
        this.last.get(key) ?? null,
        step.showId,
        step.row,
        step.number,
        step.version,
        step.command,
        step.from,
        step.to,
        step.holderId,
        step.actorId,
        step.reason,
        step.holdExpiresAtMs,
        step.bookingId,
        step.price,
        atMs,
      ]);
      this.last.set(key, seal);
      return seal;
    });
  }

  /** The seal of the seat's last step. */
  lastOf(key: string): Seal | null {
    return this.last.get(key) ?? null;
  }
}
