import type { DataSource } from 'typeorm';
import { VerificationReport, verifyLedger } from '../../src/ledger/ledger-verifier';
import type { Seals } from '../../src/platform/seals';
import { checkAnswers } from './answer-check';
import { backgroundOf } from './background';
import { checkBlackBox } from './black-box';
import type { Attempt, Violation } from './history';
import { checkLedger } from './ledger-check';
import { readSteps } from './ledger-rows';
import { operationsOf } from './operations';
import type { SeatLimits } from './seat-rules';

export interface Judgement {
  readonly attempts: number;
  readonly operations: number;
  /** Of the operations: those of which no answer tells whether they happened. */
  readonly unknown: number;
  readonly answers: { readonly checked: number; readonly seconds: number };
  readonly blackBox: {
    readonly shows: number;
    readonly operations: number;
    /** Operations, and lapses beside them. */
    readonly events: number;
    /** Of the largest show. */
    readonly eventsMax: number;
    readonly steps: number;
    readonly seconds: number;
  };
  /** Without a database there is none. */
  readonly ledger: (VerificationReport & LedgerCounts) | undefined;
  readonly violations: readonly Violation[];
}

interface LedgerCounts {
  readonly operations: number;
  readonly steps: number;
  readonly checkSeconds: number;
}

/**
 * Runs all checks over a history, those of the ledger where its database is at hand, and of its seals where the secrets are. One show after the other: an operation
 * is of one show, so memory grows with the largest show, and time with the history.
 */
export async function judge(
  attempts: readonly Attempt[],
  dataSource: DataSource | undefined,
  seatLimits: SeatLimits,
  seals?: Seals,
): Promise<Judgement> {
  const background = backgroundOf(attempts);
  const watch = new StopWatch();
  const answers = { checked: 0, seconds: 0 };
  const blackBox = { shows: 0, operations: 0, events: 0, eventsMax: 0, steps: 0, seconds: 0 };
  const ledger = { operations: 0, steps: 0, checkSeconds: 0 };
  const found: (readonly Violation[])[] = [];
  let unknown = 0;
  let all = 0;

  for (const [showId, ofShow] of byShow(attempts)) {
    watch.start();
    const { operations, violations } = operationsOf(ofShow);
    all += operations.length;
    unknown += operations.filter(({ answer }) => answer === undefined).length;
    found.push(violations, checkAnswers(ofShow));
    answers.checked += ofShow.length;
    answers.seconds += watch.lap();

    const searched = checkBlackBox(operations, background, { seatLimits });
    found.push(searched.violations);
    blackBox.shows++;
    blackBox.operations += operations.length;
    blackBox.events += searched.events;
    blackBox.eventsMax = Math.max(blackBox.eventsMax, searched.events);
    blackBox.steps += searched.steps;
    blackBox.seconds += watch.lap();

    if (!dataSource) continue;
    const steps = await readSteps(dataSource, [showId]);
    found.push(checkLedger(operations, steps, background));
    ledger.operations += operations.length;
    ledger.steps += steps.length;
    ledger.checkSeconds += watch.lap();
  }

  const limits = { holdLimit: seatLimits.held, seatLimit: seatLimits.seats };
  const verified = dataSource && (await verifyLedger(dataSource, { ...limits, seals }));
  for (const { rule, showId, detail, ...at } of verified?.listed ?? []) {
    found.push([{ check: 'ledger', rule, showId: showId ?? 0, detail: `${JSON.stringify(at)} ${detail}` }]);
  }
  return {
    attempts: attempts.length,
    operations: all,
    unknown,
    answers,
    blackBox,
    ledger: verified && { ...verified, ...ledger },
    violations: found.flat(),
  };
}

class StopWatch {
  private atMs = 0;

  start(): void {
    this.atMs = performance.now();
  }

  /** Seconds since the start or the last lap. */
  lap(): number {
    const beforeMs = this.atMs;
    this.start();
    return (this.atMs - beforeMs) / 1_000;
  }
}

function byShow(attempts: readonly Attempt[]): Map<number, Attempt[]> {
  const shows = new Map<number, Attempt[]>();
  for (const attempt of attempts) {
    const known = shows.get(attempt.showId);
    if (known) known.push(attempt);
    else shows.set(attempt.showId, [attempt]);
  }
  return shows;
}
