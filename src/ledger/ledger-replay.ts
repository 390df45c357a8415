import { COMMAND_RULES, LAPSE } from '../seats/commands/registry';
import type { SeatState, SeatStatus } from '../seats/seat-transitions';

/**
 * PURE. Replays the ledger of one seat and says what does not agree. Of a command it takes only which steps it has. What a
 * step must look like follows from the statuses it leads between: these are rules of its own, so that a mistake in the
 * decision is not repeated here.
 */

/** What must hold of a seat's ledger. */
export const LEDGER_RULES = {
  VERSIONS: 'versions count the steps from 1, without a gap',
  LEGAL_STEP: 'a step goes from and to where its command goes',
  CHAIN: 'a step begins where the one before it ended',
  TIME: 'no step is earlier than the one before it',
  HOLD_DEADLINE: 'a hold has a deadline, after the hold itself',
  HOLD_TTL: 'no hold lasts longer than holds do',
  SALES_WINDOW: 'seats are held and booked while sales are open',
  DEADLINE_MOVED: 'the step that ends a hold carries the deadline of the hold',
  HOLDER: 'only the hold of its own holder is booked, released or expired',
  BOOKED_LATE: 'a hold is booked before its deadline',
  RELEASED_LATE: 'a hold is released before its deadline',
  EXPIRED_EARLY: 'a hold is expired from its deadline on',
  BOOKING_NAMED: 'a book names its booking, and nothing else does',
  PRICE: 'a book charges what the hold froze',
  STORED_SEAT: 'the stored seat is what its ledger ends in',
  SEAT_EXISTS: 'every step is one of a stored seat',
} as const;

export type LedgerRule = keyof typeof LEDGER_RULES;

/** A stored row of the ledger, taken for nothing but what it says. */
export interface LedgerStep {
  readonly version: number;
  readonly command: string;
  readonly from: string;
  readonly to: string;
  readonly holderId: string | null;
  readonly holdExpiresAtMs: number | null;
  readonly bookingId: string | null;
  /** Null in steps that neither freeze nor charge a price, and in those of version 0.1. */
  readonly price: string | null;
  readonly atMs: number;
}

export type StoredSeat = Pick<
  SeatState,
  'status' | 'version' | 'holderId' | 'holdPrice' | 'heldAtMs' | 'holdExpiresAtMs' | 'bookingId'
>;

export interface LedgerViolation<Rule extends string = LedgerRule> {
  readonly rule: Rule;
  /** Of the offending step, or the last one. */
  readonly version: number;
  /** What was found, for people. */
  readonly detail: string;
}

const UNTOUCHED: StoredSeat = {
  status: 'AVAILABLE',
  version: 0,
  holderId: null,
  holdPrice: null,
  heldAtMs: null,
  holdExpiresAtMs: null,
  bookingId: null,
};

/** What the replay knows beside the steps. */
export interface ReplayLimits {
  /** The longest that a hold may last; a day, if it is not said: no setting allows more. */
  readonly holdTtlMs?: number;
  /** When seats of the show could be held and booked; not checked without it. */
  readonly sales?: { readonly openMs: number; readonly closeMs: number };
}

const LONGEST_HOLD_MS = 86_400_000;

/** Replays all steps of a seat, in order of their versions; `stored` is undefined where there is no such seat. */
export function replaySeat(
  stored: StoredSeat | undefined,
  steps: readonly LedgerStep[],
  limits?: ReplayLimits,
): LedgerViolation[] {
  const replay = new SeatReplay(limits);
  return [...steps.flatMap((step) => replay.take(step)), ...replay.finish(stored)];
}

/** The same, step by step, for ledgers of any length. */
export class SeatReplay {
  private seat = UNTOUCHED;
  private lastAtMs = -Infinity;

  constructor(private readonly limits: ReplayLimits = {}) {}

  /** Takes the next step. It is believed afterwards, whatever is wrong with it, so that one fault is told once. */
  take(step: LedgerStep): LedgerViolation[] {
    const found: LedgerViolation[] = [];
    const report = (rule: LedgerRule, detail: string) => found.push({ rule, version: step.version, detail });
    const { seat } = this;

    if (step.version !== seat.version + 1) report('VERSIONS', `follows version ${seat.version}`);
    if (step.from !== seat.status)
      report('CHAIN', `${step.command} from ${step.from} of a seat that was ${seat.status}`);
    if (step.atMs < this.lastAtMs) report('TIME', `at ${instant(step.atMs)} after ${instant(this.lastAtMs)}`);

    const command = Object.values(COMMAND_RULES).find(({ name }) => name === step.command);
    if (!command?.from.includes(step.from as SeatStatus) || command.to !== step.to) {
      report('LEGAL_STEP', `${step.command} from ${step.from} to ${step.to}`);
    }
    if ((step.to === 'BOOKED') !== (step.bookingId !== null)) {
      report('BOOKING_NAMED', `${step.command} with booking ${step.bookingId}`);
    }
    const isTaken = step.to === 'HELD' || step.to === 'BOOKED';
    if (isTaken) this.checkSales(step, report);
    if (step.to === 'HELD') this.checkBeginning(step, report);
    else if (step.from === 'HELD') this.checkEnd(step, report);

    this.seat = {
      status: step.to as SeatStatus,
      version: step.version,
      holderId: isTaken ? step.holderId : null,
      holdPrice: isTaken ? step.price : null,
      heldAtMs: step.to === 'HELD' ? step.atMs : isTaken ? seat.heldAtMs : null,
      holdExpiresAtMs: step.to === 'HELD' ? step.holdExpiresAtMs : null,
      bookingId: step.to === 'BOOKED' ? step.bookingId : null,
    };
    this.lastAtMs = step.atMs;
    return found;
  }

  private checkBeginning({ holdExpiresAtMs, atMs }: LedgerStep, report: Report): void {
    if (holdExpiresAtMs === null || holdExpiresAtMs <= atMs) {
      report('HOLD_DEADLINE', `held at ${instant(atMs)} until ${instant(holdExpiresAtMs)}`);
    } else if (holdExpiresAtMs - atMs > (this.limits.holdTtlMs ?? LONGEST_HOLD_MS)) {
      report('HOLD_TTL', `held at ${instant(atMs)} until ${instant(holdExpiresAtMs)}`);
    }
  }

  private checkSales({ command, atMs }: LedgerStep, report: Report): void {
    const { sales } = this.limits;
    if (!sales || (sales.openMs <= atMs && atMs < sales.closeMs)) return;
    report(
      'SALES_WINDOW',
      `${command} at ${instant(atMs)}, sales from ${instant(sales.openMs)} to ${instant(sales.closeMs)}`,
    );
  }

  private checkEnd({ command, to, holderId, holdExpiresAtMs, price, atMs }: LedgerStep, report: Report): void {
    const hold = this.seat;
    if (hold.status === 'HELD') {
      if (holderId !== hold.holderId) report('HOLDER', `${command} for ${holderId} of a hold of ${hold.holderId}`);
      if (holdExpiresAtMs !== hold.holdExpiresAtMs) {
        report('DEADLINE_MOVED', `from ${instant(hold.holdExpiresAtMs)} to ${instant(holdExpiresAtMs)}`);
      }
      if (to === 'BOOKED' && hold.holdPrice !== null && price !== null && price !== hold.holdPrice) {
        report('PRICE', `held at ${hold.holdPrice}, booked at ${price}`);
      }
    }
    if (holdExpiresAtMs === null) return;
    const isOver = holdExpiresAtMs <= atMs;
    const late = to === 'BOOKED' ? 'BOOKED_LATE' : 'RELEASED_LATE';
    const isWrong = command === LAPSE ? !isOver : isOver;
    if (isWrong) {
      report(command === LAPSE ? 'EXPIRED_EARLY' : late, `at ${instant(atMs)}, deadline ${instant(holdExpiresAtMs)}`);
    }
  }

  /** Compares where the ledger ends with the stored seat. */
  finish(stored: StoredSeat | undefined): LedgerViolation[] {
    const { version } = this.seat;
    if (!stored) return [{ rule: 'SEAT_EXISTS', version, detail: 'there is no such seat' }];
    // Version 0.1 wrote no prices, left those of holds where they were, and a booked seat could lose when it was held.
    const isOld = this.seat.holdPrice === null;
    const isUnknown = (key: keyof StoredSeat) =>
      isOld &&
      (key === 'holdPrice' || (key === 'heldAtMs' && this.seat.status === 'BOOKED' && stored.heldAtMs === null));
    const known = (Object.keys(UNTOUCHED) as (keyof StoredSeat)[]).filter((key) => !isUnknown(key));
    const different = known.filter((key) => stored[key] !== this.seat[key]);
    if (different.length === 0) return [];
    const detail = different.map((key) => `${key} is ${stored[key]}, by the ledger ${this.seat[key]}`).join('; ');
    return [{ rule: 'STORED_SEAT', version, detail }];
  }
}

type Report = (rule: LedgerRule, detail: string) => void;

/** What is stored may be no date at all, such as `infinity`. */
function instant(ms: number | null): string {
  if (ms === null) return 'never';
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : String(ms);
}
