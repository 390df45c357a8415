import type { Attempt, Violation } from './history';
import { Limits, linearize } from './linearizability';
import { ModelScene } from './model-scene';
import type { Operation } from './operations';
import { serverClock } from './server-clock';
import { eventsOf, modelSeat } from './show-events';

/**
 * PURE but for the stop watch. Checks every show of a history by itself: is there an order in which all that was told is
 * true? Believes nothing that the server has written for itself, only what it has answered. The seats start as the first
 * read of the show saw them, so nothing else may use the shows meanwhile.
 */

export interface BlackBoxReport {
  readonly shows: number;
  readonly events: number;
  readonly steps: number;
  /** Of the largest show. */
  readonly eventsMax: number;
  readonly seconds: number;
  readonly violations: readonly Violation[];
}

export interface BlackBoxOptions {
  /** Most seats of one show that one holder may hold. */
  readonly holdLimit: number;
  readonly limits?: Limits;
}

export function checkBlackBox(attempts: readonly Attempt[], operations: readonly Operation[], options: BlackBoxOptions): BlackBoxReport {
  const startedMs = performance.now();
  const clock = serverClock(attempts);
  const holdTtlMs = longestHoldMs(attempts);
  const violations: Violation[] = [];
  const report = { shows: 0, events: 0, steps: 0, eventsMax: 0 };
  for (const [showId, ofShow] of byShow(operations)) {
    const violation = (rule: string, detail: string) => violations.push({ check: 'black box', rule, showId, detail });
    const first = ofShow.findIndex(({ answer }) => answer?.kind === 'seen');
    const start = ofShow[first];
    if (start?.answer?.kind !== 'seen' || ofShow.some((other) => other !== start && other.sentMs < start.answeredMs)) {
      violation('STARTS_WITH_READ', 'the history of a show must begin with a read that is answered before anything else is sent');
      continue;
    }
    const events = eventsOf(ofShow.toSpliced(first, 1), start.answer.seats, { clock, holdTtlMs, holdLimit: options.holdLimit });
    const verdict = linearize(events, new ModelScene(start.answer.seats.map(modelSeat)), options.limits);
    report.shows++;
    report.events += events.length;
    report.steps += verdict.steps;
    report.eventsMax = Math.max(report.eventsMax, events.length);
    if (verdict.kind === 'violated') violation('LINEARIZABLE', verdict.evidence);
    if (verdict.kind === 'undecided') violation('DECIDED', verdict.evidence);
  }
  return { ...report, seconds: (performance.now() - startedMs) / 1_000, violations };
}

function byShow(operations: readonly Operation[]): Map<number, Operation[]> {
  const shows = new Map<number, Operation[]>();
  for (const operation of operations) {
    const known = shows.get(operation.showId);
    if (known) known.push(operation);
    else shows.set(operation.showId, [operation]);
  }
  return shows;
}

/** How long a hold lasts, as far as the answers tell; 0 when they don't. */
function longestHoldMs(attempts: readonly Attempt[]): number {
  let longest = 0;
  for (const { answer } of attempts) {
    if (answer?.kind !== 'held') continue;
    for (const { deadlineMs } of answer.seats) longest = Math.max(longest, deadlineMs - answer.serverTimeMs);
  }
  return longest;
}
