import { Command, COMMANDS } from './commands';
import type { Answer, HeldSeat, SeatName, SeenSeat } from './history';
import { Event, inVersion } from './linearizability';
import { describe, Operation } from './operations';
import {
  effectByAnswer,
  effectOf,
  effectOfRead,
  isNews,
  isOver,
  isPast,
  isToCome,
  lapse,
  ModelSeat,
  SeatLimits,
} from './seat-rules';
import type { ServerClock } from './server-clock';

/** PURE. The operations of one show, and the lapses that go with them, as events that the search can put in order. */

const FROM_BEFORE = '?before';

/** A seat as the first read of its show saw it. */
export function modelSeat({ seat, status, version }: SeenSeat): readonly [SeatName, ModelSeat] {
  return [seat, { status, version, ...(status === 'HELD' ? { deadline: `${FROM_BEFORE} ${seat}` } : {}) }];
}

/** The events of a show depend on this, besides its questions and answers. */
export interface World {
  readonly clock: ServerClock;
  readonly holdTtlMs: number;
  readonly limits: SeatLimits;
}

/** The operations that happened, those that may have happened, and the lapses. */
export function eventsOf(operations: readonly Operation[], seats: readonly SeenSeat[], world: World): Event[] {
  const events: Event[] = [];
  // A hold lasts no longer than the sales, and nothing tells when those ended.
  const hasClosed = operations.some(({ answer }) => answer?.kind === 'refused' && answer.code === 'SALES_CLOSED');
  /** By seat and deadline: the events that tell of it. */
  const told = new Map<string, { seat: SeatName; holder: string; deadlineMs: number; by: Event[] }>();
  for (const operation of operations) {
    const event = eventOf(operation, world.limits);
    events.push(event);
    for (const { seat, deadlineMs } of deadlinesIn(operation.answer)) {
      const name = `${seat} ${deadlineMs}`;
      const known = told.get(name) ?? { seat, holder: operation.holder, deadlineMs, by: [] };
      known.by.push(event);
      told.set(name, known);
    }
    // Holds that no answer tells of lapse as well, some time.
    if (operation.answer === undefined && leavesHold(operation)) {
      for (const seat of operation.seats) {
        events.push(
          mayLapse(
            [seat, operation.holder],
            `${aliasOf(operation)} ${seat}`,
            operation.sentMs + (hasClosed ? 0 : world.holdTtlMs),
          ),
        );
      }
    }
  }
  for (const { seat, holder, deadlineMs, by } of told.values()) {
    events.push({
      text: `hold of ${seat} until ${new Date(deadlineMs).toISOString()} lapses`,
      beginMs: deadlineMs - world.clock.aheadMaxMs,
      endMs: deadlineMs - world.clock.aheadMinMs,
      isCertain: true,
      effect: (scene) => lapse(seat, deadlineMs, scene),
      isLost: () => false,
      // It makes room for another hold of its holder.
      touches: () => [seat, holder],
      needs: () => [seat, holder],
      awaits: by,
    });
  }
  for (const { seat, status } of seats)
    if (status === 'HELD') events.push(mayLapse([seat], `${FROM_BEFORE} ${seat}`, -Infinity));
  // A lapse after the end of the history is no part of it.
  let endMs = -Infinity;
  for (const { sentMs, answeredMs } of operations)
    endMs = Math.max(endMs, answeredMs === Infinity ? sentMs : answeredMs);
  return events.filter(({ beginMs }) => beginMs <= endMs);
}

function eventOf(operation: Operation, limits: SeatLimits): Event {
  const { command: name, holder, seats, answer, sentMs, answeredMs } = operation;
  const told = answer?.kind === 'seen' || answer?.kind === 'held' ? answer.seats : [];
  const sees = told.map(({ seat, version }) => inVersion(seat, version));
  const common = { text: describe(operation), beginMs: sentMs, endMs: answeredMs, sees };
  if (answer?.kind === 'seen') {
    return {
      ...common,
      isCertain: true,
      effect: (scene) => effectOfRead(holder, answer, scene),
      isLost: (scene) => answer.seats.some((seen) => isPast(seen, scene)),
      touches: (scene) => answer.seats.filter((seen) => !isToCome(seen, scene)).map(({ seat }) => seat),
      needs: (scene) => {
        // One is enough: without its change the read can't be. Where all have come, it is the read itself that is next.
        const next =
          answer.seats.find((seen) => isToCome(seen, scene)) ?? answer.seats.find((seen) => isNews(seen, scene));
        return next ? [next.seat] : [];
      },
    };
  }
  const command = { name: name as Command, holder, seats, alias: aliasOf(operation) };
  const concerned = [holder, ...seats];
  return {
    ...common,
    isCertain: answer !== undefined,
    effect: answer
      ? (scene) => effectByAnswer(command, answer, scene, limits)
      : (scene) => {
          const effect = effectOf(command, scene, limits);
          return 'changes' in effect ? effect.changes : [];
        },
    isLost: (scene) => answer !== undefined && isOver(command, answer, scene),
    touches: () => concerned,
    needs: () => concerned,
  };
}

/** @param concerned the seat, and its holder where that is known */
function mayLapse(concerned: readonly [SeatName, ...string[]], deadline: string, beginMs: number): Event {
  const [seat] = concerned;
  return {
    text: `hold of ${seat} lapses`,
    beginMs,
    endMs: Infinity,
    isCertain: false,
    effect: (scene) => lapse(seat, deadline, scene),
    isLost: () => false,
    touches: () => concerned,
    needs: () => concerned,
  };
}

const leavesHold = ({ command }: Operation) => command !== 'read' && COMMANDS[command].leaves === 'HELD';

/** Question marks start no id of the server's. */
const aliasOf = ({ id }: Operation) => `?${id}`;

function deadlinesIn(answer: Answer | undefined): HeldSeat[] {
  if (answer?.kind === 'held') return [...answer.seats];
  if (answer?.kind !== 'seen') return [];
  return answer.seats.flatMap(({ seat, version, deadlineMs }) =>
    deadlineMs === null ? [] : [{ seat, version, deadlineMs }],
  );
}
