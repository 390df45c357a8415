import type { Seal } from '../platform/seals';
import { HeadBuilder, headSeats, LedgerHead, UnsealedDigest } from './ledger-head';
import { unsealedContent, StepRow } from './ledger-rows';

/** PURE. Holds a show's ledger, step by step, against a head that was signed earlier: it must be a prefix. */

export const HEAD_RULES = { HEAD: 'every signed head is a prefix of what its show says now' } as const;

export interface HeadViolation {
  readonly rule: keyof typeof HEAD_RULES;
  readonly row: string | null;
  readonly number: number | null;
  readonly version: number | null;
  readonly detail: string;
}

export class HeadCheck {
  private readonly awaited: Map<string, number>;
  private readonly built = new HeadBuilder();
  private readonly unsealed = new UnsealedDigest();

  constructor(
    private readonly head: LedgerHead,
    /** Where the head was kept, for people. */
    private readonly keptIn: string,
  ) {
    this.awaited = new Map(headSeats(head).map(({ row, number, version }) => [keyOf(row, number), version]));
  }

  /** Takes the next step of the show, in row, number, version order, with its seat's last seal by then. */
  take(step: StepRow, lastSeal: Seal | null): void {
    const { row, number, version } = step;
    const key = keyOf(row, number);
    const upTo = this.awaited.get(key);
    if (upTo === undefined || version > upTo) return;
    if (step.seal === null) this.unsealed.add(unsealedContent(step));
    if (version < upTo) return;
    this.built.add({ row, number, version, seal: lastSeal });
    this.awaited.delete(key);
  }

  finish(): HeadViolation[] {
    const { root, unsealed, signedAtMs, steps } = this.head;
    const signed = `the head of ${new Date(signedAtMs).toISOString()} in ${this.keptIn}`;
    const missing = [...this.awaited].map(([key, version]): HeadViolation => {
      const [row, number] = JSON.parse(key) as [string, number];
      return { rule: 'HEAD', row, number, version, detail: `${signed} has this step, the ledger has not` };
    });
    if (missing.length > 0) return missing;
    const nothing = { rule: 'HEAD', row: null, number: null, version: null } as const;
    const built = this.built.finish();
    if (built.root !== root || built.steps !== steps) {
      return [{ ...nothing, detail: `${signed} was signed over other steps of the same seats and versions` }];
    }
    const found = this.unsealed.finish();
    if (unsealed && (unsealed.steps !== found.steps || unsealed.digest !== found.digest)) {
      return [
        { ...nothing, detail: `${signed} has ${unsealed.steps} other steps without a seal; found ${found.steps}` },
      ];
    }
    return [];
  }
}

/** The head of a show as its steps are now. */
export class HeadMaker {
  private readonly built = new HeadBuilder();
  private readonly unsealed = new UnsealedDigest();
  private last: { row: string; number: number; version: number; seal: Seal | null } | undefined;

  take(step: StepRow, lastSeal: Seal | null): void {
    const { row, number, version } = step;
    if (this.last && (this.last.row !== row || this.last.number !== number)) this.built.add(this.last);
    this.last = { row, number, version, seal: lastSeal };
    if (step.seal === null) this.unsealed.add(unsealedContent(step));
  }

  finish(showId: number, signedAtMs: number): LedgerHead {
    if (this.last) this.built.add(this.last);
    return { showId, signedAtMs, ...this.built.finish(), unsealed: this.unsealed.finish() };
  }
}

function keyOf(row: string, number: number): string {
  return JSON.stringify([row, number]);
}
