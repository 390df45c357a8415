import type { Background } from './background';
import { LAPSE } from './commands';
import type { Violation } from './history';
import { describe, Operation } from './operations';
import { SeatLedger, Step } from './seat-ledger';
import { Observations } from './observations';

/**
 * PURE. Compares the answers with the ledger, in linear time but for sorting. `verifyLedger()` checks the ledger by itself.
 */

export const HISTORY_RULES = {
  ACKNOWLEDGED: 'every acknowledged change is in the ledger',
  EXPLAINED: 'every step of a holder is one of his commands: acknowledged once, unknown at most once, refused never',
  ORDER: 'an operation that was answered before another was sent has the lower version',
  ONE_TRANSACTION: 'all seats of a command are changed by one transaction',
  WHOLE: 'a command changes all its seats or none, acknowledged or not',
  BOOKING: 'a booking has the seats, the holder and the time that were told',
  READ: 'a read shows the seats as the ledger has them at their version',
  REFUSAL: 'a refusal was true at some moment between question and answer',
} as const;

export interface LedgerCheckOptions {
  /** The rows came from a dump and no longer tell which transaction wrote them. */
  readonly isRestored?: boolean;
}

export function checkLedger(
  operations: readonly Operation[],
  steps: readonly Step[],
  background: Background,
  options: LedgerCheckOptions = {},
): Violation[] {
  const check = new LedgerCheck(operations, steps, background);
  check.matchHolds();
  check.matchBookings();
  check.matchReleases();
  check.matchUnknown();
  check.checkOrder();
  check.checkObservations();
  if (!options.isRestored) check.checkTransactions();
  return check.violations;
}

type Of<Kind> = Extract<NonNullable<Operation['answer']>, { kind: Kind }>;

class LedgerCheck {
  readonly violations: Violation[] = [];
  private readonly ledger: SeatLedger;
  /** Which operations say that they made or found a step, or may have made it. */
  private readonly claims = new Map<Step, Operation[]>();
  private readonly observations = new Observations();
  /** Commands without an answer, by {@link stepOf}. */
  private readonly unknown = new Map<string, Operation[]>();

  constructor(
    private readonly operations: readonly Operation[],
    steps: readonly Step[],
    private readonly background: Background,
  ) {
    this.ledger = new SeatLedger(steps);
    for (const operation of operations) {
      if (operation.answer !== undefined) continue;
      for (const seat of operation.seats) add(this.unknown, stepOf({ ...operation, seat }), operation);
    }
  }

  /** A hold tells the version and the deadline, so it names its step. */
  matchHolds(): void {
    for (const [operation, answer] of this.answered('held')) {
      for (const { seat, version, deadlineMs } of answer.seats) {
        const step = this.ledger.step(operation.showId, seat, version);
        const isIt =
          step?.command === operation.command && step.holder === operation.holder && step.deadlineMs === deadlineMs;
        if (isIt) this.claim(step, operation);
        else this.report('ACKNOWLEDGED', operation, `${seat} v${version}: the ledger has ${told(step)}`);
      }
    }
  }

  /** So does a book, by its booking. */
  matchBookings(): void {
    for (const [operation, answer] of this.answered('booked')) {
      const steps = this.ledger.booking(operation.showId, answer.bookingId);
      for (const seat of operation.seats) {
        const step = steps.find((one) => one.seat === seat);
        if (step) this.claim(step, operation);
        else this.report('ACKNOWLEDGED', operation, `${seat}: the ledger has no step of this booking`);
      }
      if (steps.length > operation.seats.length)
        this.report('BOOKING', operation, `it has ${steps.map(({ seat }) => seat).join(' ')}`);
      for (const step of steps) {
        if (step.holder !== operation.holder || step.atMs !== answer.bookedAtMs) {
          this.report(
            'BOOKING',
            operation,
            `${step.seat} was booked by ${step.holder} at ${new Date(step.atMs).toISOString()}`,
          );
        }
      }
    }
  }

  /** A release tells nothing but the seats; the time of its step must be between question and answer. */
  matchReleases(): void {
    const wanted = new Map<string, Operation[]>();
    for (const [operation, answer] of this.answered('released')) {
      for (const seat of answer.seats) add(wanted, stepOf({ ...operation, seat }), operation);
    }
    const steps = new Map<string, Step[]>();
    for (const step of this.ledger.all) if (wanted.has(stepOf(step))) add(steps, stepOf(step), step);
    for (const [name, operations] of wanted) {
      const left = [...operations];
      for (const step of (steps.get(name) ?? []).sort((a, b) => a.version - b.version)) {
        // The first to end of those that fit leaves most to the steps that follow.
        const fitting = left.filter((one) => this.mayBeAt(step, one)).sort((a, b) => a.answeredMs - b.answeredMs)[0];
        if (!fitting) continue;
        left.splice(left.indexOf(fitting), 1);
        this.claim(step, fitting);
      }
      for (const operation of left) this.report('ACKNOWLEDGED', operation, `the ledger has no ${name} at that time`);
    }
  }

  /** Steps of our holders that no answer tells of must be those of commands without an answer, each at most once. */
  matchUnknown(): void {
    const transactions = new Map<Operation, string>();
    const left = new Map([...this.unknown].map(([name, operations]) => [name, [...operations]]));
    for (const step of this.ledger.all) {
      if (this.claims.has(step) || step.command === LAPSE || !this.background.holders.has(step.holder)) continue;
      const candidates = left.get(stepOf(step)) ?? [];
      const fitting = candidates.filter((one) => this.mayBeAt(step, one));
      // Of several commands without an answer, the one whose seats are all there.
      const whole = fitting.filter((one) => one.seats.every((seat) => this.ledger.isDoneBy(one, seat, step)));
      const found =
        whole.find((one) => transactions.get(one) === step.transaction) ??
        whole.find((one) => !transactions.has(one)) ??
        whole[0] ??
        fitting[0];
      if (!found) {
        this.tell('EXPLAINED', step.showId, `nobody asked for ${told(step)} of ${step.seat} by ${step.holder}`);
        continue;
      }
      candidates.splice(candidates.indexOf(found), 1);
      transactions.set(found, step.transaction);
      this.claim(step, found);
    }
  }

  checkOrder(): void {
    for (const [step, operations] of this.claims) {
      for (const operation of operations) {
        this.observations.add(operation.showId, step.seat, {
          operation,
          version: step.version,
          isChange: this.makerOf(step) === operation,
        });
      }
    }
    for (const [operation, answer] of this.answered('seen')) {
      for (const { seat, version } of answer.seats)
        this.observations.add(operation.showId, seat, { operation, version, isChange: false });
    }
    for (const { showId, seat, before, after } of this.observations.outOfOrder()) {
      this.tell(
        'ORDER',
        showId,
        `${seat} v${before.version} by ${describe(before.operation)}, before v${after.version} by ${describe(after.operation)}`,
      );
    }
  }

  /** Compares the seats in reads and the reasons of refusals with the ledger at that time. */
  checkObservations(): void {
    for (const operation of this.operations) {
      const { answer, showId } = operation;
      if (answer?.kind === 'seen') {
        for (const seen of answer.seats) {
          const wrong = this.ledger.contradiction(
            showId,
            seen,
            operation.holder,
            operation.answeredMs + this.background.clock.aheadMaxMs,
          );
          if (wrong)
            this.tell('READ', showId, `#${operation.id} ${seen.seat} v${seen.version} ${seen.status}: ${wrong}`);
        }
      } else if (answer?.kind === 'refused') {
        for (const [seat, reason] of Object.entries(answer.seats)) {
          const { from, to } = this.observations.window(operation, seat);
          const period = {
            fromMs: operation.sentMs + this.background.clock.aheadMinMs,
            toMs: operation.answeredMs + this.background.clock.aheadMaxMs,
          };
          if (this.ledger.couldRefuse(showId, seat, { from, to }, reason, operation.holder, period)) continue;
          this.report('REFUSAL', operation, `${seat} was ${reason} in none of its versions from ${from} to ${to}`);
        }
      }
    }
  }

  checkTransactions(): void {
    const own = new Map<Operation, Step[]>();
    for (const step of this.claims.keys()) {
      const maker = this.makerOf(step);
      if (maker) add(own, maker, step);
    }
    for (const [operation, steps] of own) {
      const [first] = steps;
      const others = steps.filter((step) => step.transaction !== first!.transaction);
      if (others.length > 0) {
        const all = steps.map(({ seat, transaction }) => `${seat} by transaction ${transaction}`).join(', ');
        this.report('ONE_TRANSACTION', operation, all);
        continue;
      }
      const missing = operation.seats.filter((seat) => !this.ledger.isDoneBy(operation, seat, first!));
      if (missing.length > 0) this.report('WHOLE', operation, `${missing.join(' ')} not changed with ${first!.seat}`);
    }
  }

  private *answered<Kind extends 'held' | 'booked' | 'released' | 'seen'>(
    kind: Kind,
  ): Generator<[Operation, Of<Kind>]> {
    for (const operation of this.operations)
      if (operation.answer?.kind === kind) yield [operation, operation.answer as Of<Kind>];
  }

  /** The operation that made a step, where that is sure: a repeated command tells of the step that it found. */
  private makerOf(step: Step): Operation | undefined {
    const [first, ...others] = this.claims.get(step) ?? [];
    if (!first || others.length > 0) return undefined;
    // Also those that were matched with another step: of several commands without an answer, each might be the one.
    const rivals = first.answer === undefined ? [] : (this.unknown.get(stepOf(step)) ?? []);
    return rivals.some((one) => this.mayBeAt(step, one)) ? undefined : first;
  }

  private mayBeAt({ atMs }: Step, { sentMs, answeredMs }: Operation): boolean {
    return (
      atMs >= Math.floor(sentMs + this.background.clock.aheadMinMs) &&
      atMs <= answeredMs + this.background.clock.aheadMaxMs
    );
  }

  private claim(step: Step, operation: Operation): void {
    add(this.claims, step, operation);
  }

  private report(rule: keyof typeof HISTORY_RULES, operation: Operation, detail: string): void {
    this.tell(rule, operation.showId, `${describe(operation)}: ${detail}`);
  }

  private tell(rule: keyof typeof HISTORY_RULES, showId: number, detail: string): void {
    this.violations.push({ check: 'ledger', rule, showId, detail });
  }
}

function add<Key, Value>(map: Map<Key, Value[]>, key: Key, value: Value): void {
  const known = map.get(key);
  if (known) known.push(value);
  else map.set(key, [value]);
}

/** Names a step and the command for it alike. */
function stepOf({ command, showId, seat, holder }: Pick<Step, 'command' | 'showId' | 'seat' | 'holder'>): string {
  return `${command} of ${seat} of show ${showId} by ${holder}`;
}

function told(step: Step | undefined): string {
  return step ? `a ${step.command} v${step.version} in transaction ${step.transaction}` : 'no such step';
}
