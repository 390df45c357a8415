import type { Background } from './background';
import type { Violation } from './history';
import { Limits, linearize } from './linearizability';
import { ModelScene } from './model-scene';
import type { Operation } from './operations';
import type { SeatLimits } from './seat-rules';
import { eventsOf, modelSeat } from './show-events';

/**
 * PURE but for the stop watch. Is there an order of all that was told of one show in which it is true? Believes nothing that
 * the server has written for itself, only what it has answered. The seats start as the first read of the show saw them, so
 * nothing else may use the show meanwhile.
 */

export interface BlackBoxReport {
  /** The operations, and the lapses beside them. */
  readonly events: number;
  readonly steps: number;
  readonly violations: readonly Violation[];
}

export interface BlackBoxOptions {
  readonly seatLimits: SeatLimits;
  readonly limits?: Limits;
}

/** @param operations of one show */
export function checkBlackBox(
  operations: readonly Operation[],
  background: Background,
  options: BlackBoxOptions,
): BlackBoxReport {
  const violation = (rule: string, detail: string): Violation => ({
    check: 'black box',
    rule,
    showId: operations[0]?.showId ?? null,
    detail,
  });
  const first = operations.findIndex(({ answer }) => answer?.kind === 'seen');
  const start = operations[first];
  if (
    start?.answer?.kind !== 'seen' ||
    operations.some((other) => other !== start && other.sentMs < start.answeredMs)
  ) {
    const detail = 'the history of a show must begin with a read that is answered before anything else is sent';
    return { events: 0, steps: 0, violations: [violation('STARTS_WITH_READ', detail)] };
  }
  const events = eventsOf(operations.toSpliced(first, 1), start.answer.seats, {
    ...background,
    limits: options.seatLimits,
  });
  const verdict = linearize(events, new ModelScene(start.answer.seats.map(modelSeat)), options.limits);
  const violations: Violation[] = [];
  if (verdict.kind === 'violated') violations.push(violation('LINEARIZABLE', verdict.evidence));
  if (verdict.kind === 'undecided') violations.push(violation('DECIDED', verdict.evidence));
  return { events: events.length, steps: verdict.steps, violations };
}
