import { SEAT_CONTRACTS, SeatStatus } from './commands';
import type { Answer, Attempt, SeatName, SeenSeat } from './history';
import { Event, linearize } from './linearizability';
import { ModelScene } from './model-scene';
import { Operation, operationsOf } from './operations';
import { Random } from '../kit/random';
import { Change, effectOf, lapse, ModelSeat } from './seat-rules';
import { eventsOf, modelSeat } from './show-events';
import { attempt, EPOCH_MS } from './testing';

/** The search against one that knows no short cuts, on small histories made by chance: half of them true, half spoilt. */

const HISTORIES = 2_000;
/** Short enough for some holds to lapse. */
const TTL_MS = 60;
const SEATS: SeatName[] = ['A/1', 'A/2', 'A/3'];
const PEOPLE = ['ann', 'bob', 'carl'];
const START: SeenSeat[] = SEATS.map((seat) => ({ seat, status: 'AVAILABLE', version: 0, deadlineMs: null }));
const WORLD = {
  clock: { aheadMinMs: EPOCH_MS - 1, aheadMaxMs: EPOCH_MS + 1 },
  holdTtlMs: TTL_MS,
  limits: { held: 2, seats: 2 },
};

function isLinearizable(events: readonly Event[], scene: ModelScene, left = new Set(events)): boolean {
  const certain = [...left].filter((event) => event.isCertain);
  if (certain.length === 0) return true;
  const endMs = Math.min(...certain.map((event) => event.endMs));
  return [...left].some((event) => {
    if (event.beginMs > endMs || event.awaits?.some((other) => left.has(other))) return false;
    const changes: readonly Change[] | undefined = event.effect(scene);
    if (!changes) return false;
    left.delete(event);
    const back = scene.apply(changes);
    const isSo = isLinearizable(events, scene, left);
    scene.apply(back);
    left.add(event);
    return isSo;
  });
}

/** What people saw of a server that does everything right, one operation every ten milliseconds. */
function history(random: Random, length: number): Operation[] {
  const scene = new ModelScene(START.map(modelSeat));
  const attempts: Attempt[] = [];
  for (let index = 0; index < length; index++) {
    const atMs = index * 10;
    for (const seat of SEATS) {
      const { deadline } = scene.get(seat)!;
      if (typeof deadline === 'number' && deadline <= EPOCH_MS + atMs) scene.apply(lapse(seat, deadline, scene));
    }
    const holder = PEOPLE[random.below(PEOPLE.length)]!;
    const command = (['hold', 'hold', 'release', 'book', 'read'] as const)[random.below(5)]!;
    const first = random.below(SEATS.length);
    const seats = command === 'read' ? [] : [...new Set([SEATS[first]!, SEATS[random.below(SEATS.length)]!])];
    const answer =
      command === 'read'
        ? seen(scene, holder, atMs)
        : answerOf({ name: command, holder, seats, alias: `b${index}` }, scene, atMs);
    const isLost = command !== 'read' && random.chance(0.2);
    const sentMs = atMs - random.below(30);
    const answeredMs = isLost ? null : atMs + random.below(30);
    attempts.push(attempt([sentMs, answeredMs], holder, command, seats, isLost ? null : answer));
  }
  return operationsOf(attempts).operations;
}

function answerOf(command: Parameters<typeof effectOf>[0], scene: ModelScene, atMs: number): Answer {
  const effect = effectOf(command, scene, WORLD.limits);
  if ('code' in effect) return { kind: 'refused', ...effect };
  if ('repeats' in effect) return { kind: 'booked', bookingId: effect.repeats, bookedAtMs: 0, seats: command.seats };
  const deadlineMs = EPOCH_MS + atMs + TTL_MS;
  scene.apply(
    effect.changes.map(([seat, state]) => [seat, state.status === 'HELD' ? { ...state, deadline: deadlineMs } : state]),
  );
  const told = (seat: SeatName): ModelSeat => scene.get(seat)!;
  switch (SEAT_CONTRACTS[command.name].leaves) {
    case 'HELD':
      return {
        kind: 'held',
        serverTimeMs: EPOCH_MS + atMs,
        seats: command.seats.map((seat) => ({
          seat,
          version: told(seat).version,
          deadlineMs: told(seat).deadline as number,
        })),
      };
    case 'BOOKED':
      return { kind: 'booked', bookingId: command.alias, bookedAtMs: 0, seats: command.seats };
    default:
      return { kind: 'released', seats: effect.changes.map(([seat]) => seat) };
  }
}

function seen(scene: ModelScene, reader: string, atMs: number): Answer {
  const seats = SEATS.map((seat): SeenSeat => {
    const { status, version, holder, deadline } = scene.get(seat)!;
    return { seat, status, version, deadlineMs: status === 'HELD' && holder === reader ? (deadline as number) : null };
  });
  return {
    kind: 'seen',
    serverTimeMs: EPOCH_MS + atMs,
    stats: { total: 0, available: 0, held: 0, booked: 0, blocked: 0 },
    seats,
  };
}

/** Changes one answer, or when it came. */
function spoil(random: Random, operations: readonly Operation[]): Operation[] {
  const at = random.below(operations.length);
  return operations.map((operation, index) => {
    if (index !== at) return operation;
    const { answer } = operation;
    const shift = random.chance(0.5) ? 1 : -1;
    if (answer?.kind === 'held')
      return {
        ...operation,
        answer: { ...answer, seats: answer.seats.map((seat) => ({ ...seat, version: seat.version + shift })) },
      };
    if (answer?.kind === 'released')
      return { ...operation, answer: { ...answer, seats: answer.seats.length > 0 ? [] : operation.seats } };
    if (answer?.kind === 'seen') {
      const status = (['AVAILABLE', 'HELD', 'BOOKED'] as SeatStatus[])[random.below(3)]!;
      return {
        ...operation,
        answer: {
          ...answer,
          seats: answer.seats.map((seat, place) => (place === 0 ? { ...seat, status, deadlineMs: null } : seat)),
        },
      };
    }
    return { ...operation, sentMs: operation.sentMs + 40, answeredMs: operation.answeredMs + 40 };
  });
}

it('comes to the verdict of a search without short cuts', () => {
  const random = new Random(1);
  const verdicts = { linearizable: 0, violated: 0, undecided: 0 };
  for (let index = 0; index < HISTORIES; index++) {
    const whole = history(random, 3 + random.below(5));
    const isSpoilt = index % 2 === 1;
    const events = eventsOf(isSpoilt ? spoil(random, whole) : whole, START, WORLD);
    const { kind } = linearize(events, new ModelScene(START.map(modelSeat)));
    const expected = isLinearizable(events, new ModelScene(START.map(modelSeat))) ? 'linearizable' : 'violated';
    expect([index, kind]).toEqual([index, expected]);
    if (!isSpoilt) expect(kind).toBe('linearizable');
    verdicts[kind]++;
  }
  expect(verdicts.violated).toBeGreaterThan(HISTORIES / 10);
});
