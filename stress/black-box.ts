import type { Answer, Attempt, Command, HeldSeat, SeatName, SeenSeat, Violation } from './history';
import { Event, Limits, linearize } from './linearizability';
import { ModelScene } from './model-scene';
import { describe, Operation } from './operations';
import { effectByAnswer, effectOf, effectOfRead, isOver, isPast, lapse, ModelSeat } from './seat-rules';
import { serverClock, ServerClock } from './server-clock';

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

const FROM_BEFORE = '?before';

function modelSeat({ seat, status, version }: SeenSeat): readonly [SeatName, ModelSeat] {
  return [seat, { status, version, ...(status === 'HELD' ? { deadline: `${FROM_BEFORE} ${seat}` } : {}) }];
}

interface World {
  readonly clock: ServerClock;
  readonly holdTtlMs: number;
  readonly holdLimit: number;
}

/** What happened, what may have happened, and what time did. */
function eventsOf(operations: readonly Operation[], seats: readonly SeenSeat[], world: World): Event[] {
  const events: Event[] = [];
  /** By seat and deadline: who was told of it. */
  const told = new Map<string, { seat: SeatName; deadlineMs: number; by: Event[] }>();
  for (const operation of operations) {
    const event = eventOf(operation, world.holdLimit);
    events.push(event);
    for (const { seat, deadlineMs } of deadlinesIn(operation.answer)) {
      const name = `${seat} ${deadlineMs}`;
      const known = told.get(name) ?? { seat, deadlineMs, by: [] };
      known.by.push(event);
      told.set(name, known);
    }
    // Holds that nobody has been told of lapse as well, some time.
    if (operation.command === 'hold' && operation.answer === undefined) {
      for (const seat of operation.seats) {
        events.push(mayLapse(seat, `${aliasOf(operation)} ${seat}`, operation.sentMs + world.holdTtlMs));
      }
    }
  }
  for (const { seat, deadlineMs, by } of told.values()) {
    events.push({
      text: `hold of ${seat} until ${new Date(deadlineMs).toISOString()} lapses`,
      beginMs: deadlineMs - world.clock.aheadMaxMs,
      endMs: deadlineMs - world.clock.aheadMinMs,
      isCertain: true,
      effect: (scene) => lapse(seat, deadlineMs, scene),
      isLost: () => false,
      concerns: () => [seat],
      awaits: by,
    });
  }
  for (const { seat, status } of seats) if (status === 'HELD') events.push(mayLapse(seat, `${FROM_BEFORE} ${seat}`, -Infinity));
  // What lapses after the end of the history is no part of it.
  const endMs = Math.max(...operations.map(({ sentMs, answeredMs }) => (answeredMs === Infinity ? sentMs : answeredMs)));
  return events.filter(({ beginMs }) => beginMs <= endMs);
}

function eventOf(operation: Operation, holdLimit: number): Event {
  const { command: name, holder, seats, answer, sentMs, answeredMs } = operation;
  const common = { text: describe(operation), beginMs: sentMs, endMs: answeredMs };
  if (answer?.kind === 'seen') {
    return {
      ...common,
      isCertain: true,
      effect: (scene) => effectOfRead(holder, answer, scene),
      isLost: (scene) => answer.seats.some((seen) => isPast(seen, scene)),
      concerns: (scene) => answer.seats.flatMap(({ seat, version }) => (scene.get(seat)?.version === version ? [] : [seat])),
    };
  }
  const command = { name: name as Command, holder, seats, alias: aliasOf(operation) };
  const concerned = [holder, ...seats];
  return {
    ...common,
    isCertain: answer !== undefined,
    effect: answer
      ? (scene) => effectByAnswer(command, answer, scene, holdLimit)
      : (scene) => {
          const effect = effectOf(command, scene, holdLimit);
          return 'changes' in effect ? effect.changes : [];
        },
    isLost: (scene) => answer !== undefined && isOver(command, answer, scene),
    concerns: () => concerned,
  };
}

function mayLapse(seat: SeatName, deadline: string, beginMs: number): Event {
  return {
    text: `hold of ${seat} lapses`,
    beginMs,
    endMs: Infinity,
    isCertain: false,
    effect: (scene) => lapse(seat, deadline, scene),
    isLost: () => false,
    concerns: () => [seat],
  };
}

/** Question marks start no id of the server's. */
const aliasOf = ({ id }: Operation) => `?${id}`;

function deadlinesIn(answer: Answer | undefined): HeldSeat[] {
  if (answer?.kind === 'held') return [...answer.seats];
  if (answer?.kind !== 'seen') return [];
  return answer.seats.flatMap(({ seat, version, deadlineMs }) => (deadlineMs === null ? [] : [{ seat, version, deadlineMs }]));
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
