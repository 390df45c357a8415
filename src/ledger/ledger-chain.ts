import type { Seal, Seals, SealVerdict } from '../platform/seals';
import type { LedgerStep, LedgerViolation } from './ledger-replay';

/**
 * PURE. Checks the seals of one seat's steps. The columns are listed here anew, not taken from `src/seats/`: one that is
 * forgotten there makes every seal wrong here.
 */

export const SEAL_RULES = {
  SEAL: 'a step has the seal of its own columns behind the seal of the step before it',
  SEAL_KEY: 'every seal is made with one of the secrets',
  STORED_SEAL: 'the stored seat has the last seal of its ledger',
} as const;

export interface SealedLedgerStep extends LedgerStep {
  readonly actorId: string | null;
  readonly reason: string | null;
  readonly seal: Seal | null;
}

export class SeatChain {
  private last: Seal | null = null;
  private version = 0;

  /** @param seals absent where nobody knows the secrets: then the chain is followed, and not checked */
  constructor(
    private readonly seat: { readonly showId: number; readonly row: string; readonly number: number },
    private readonly seals: Seals | undefined,
  ) {}

  /** The seal of the last sealed step. */
  get lastSeal(): Seal | null {
    return this.last;
  }

  /** Takes the next step. Its seal is believed afterwards, so that one fault is told once. */
  take(step: SealedLedgerStep): LedgerViolation<keyof typeof SEAL_RULES>[] {
    this.version = step.version;
    // Whether it may be without one depends on the whole show.
    if (step.seal === null) return [];
    const { showId, row, number } = this.seat;
    const verdict = this.seals?.check(step.seal, [
      'step',
      this.last,
      showId,
      row,
      number,
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
      step.atMs,
    ]);
    this.last = step.seal;
    const broken = brokenBy(verdict);
    return broken ? [{ ...broken, rule: broken.rule ?? 'SEAL', version: step.version }] : [];
  }

  finish(storedSeal: Seal | null): LedgerViolation<keyof typeof SEAL_RULES>[] {
    if (!this.seals || storedSeal === this.last) return [];
    return [
      { rule: 'STORED_SEAL', version: this.version, detail: 'the seat has another seal than its last sealed step' },
    ];
  }
}

/** What a verdict means. The rule is undefined where it depends on the kind of the row. */
export function brokenBy(verdict: SealVerdict | undefined): { rule?: 'SEAL_KEY'; detail: string } | undefined {
  if (verdict === 'wrong') return { detail: 'the seal is not that of this row at this place' };
  if (verdict === 'unknown key') return { rule: 'SEAL_KEY', detail: 'sealed with a secret that is not known here' };
  return undefined;
}
