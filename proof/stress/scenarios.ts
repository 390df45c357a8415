import { Crowd, Show } from './crowd';
import type { Violation } from '../checkers/history';
import { BUYING, Holder, Manners, MIXED, Person } from './person';
import { CHOICES, Random } from '../kit/random';
import type { Recorder } from '../kit/recorder';

export const SCENARIOS = ['mixed', 'one-seat', 'sell-out'] as const;
export type Scenario = (typeof SCENARIOS)[number];

export interface Bounds {
  readonly seconds: number;
  readonly operations: number;
  /** Whether to end before that. */
  readonly isOver?: () => boolean;
}

/** Operations on one show before its crowd moves on: many enough to go wrong, few enough to be judged by search. */
const OPERATIONS_PER_SEAT = 200;
const OPERATIONS_PER_SHOW_MAX = 4_000;

const READS_AT_ONCE = 32;

/** Looks at every show before anything happens there: what the checks start from. */
export async function readFirst(recorder: Recorder, holder: Holder, shows: readonly Show[]): Promise<void> {
  for (let index = 0; index < shows.length; index += READS_AT_ONCE) {
    const some = shows.slice(index, index + READS_AT_ONCE);
    await Promise.all(some.map(({ id }) => recorder.send({ holder, command: 'read', showId: id, seats: [] })));
  }
}

/**
 * People in crowds, each with its own shows. Ends at the bounds, or when everything is sold.
 *
 * @param groups the shows of each crowd
 */
export async function runCrowds(
  recorder: Recorder,
  people: readonly Holder[],
  groups: readonly (readonly Show[])[],
  seed: number,
  bounds: Bounds,
  manners: Manners = MIXED,
): Promise<void> {
  const crowds = groups.map((shows) => new Crowd(shows, manners === BUYING ? Infinity : operationsPerShow(shows)));
  const choices = Object.values(CHOICES);
  const firstId = recorder.attempts.length;
  const endMs = performance.now() + bounds.seconds * 1_000;
  const isOver = () =>
    performance.now() >= endMs || recorder.attempts.length - firstId >= bounds.operations || bounds.isOver?.() === true;
  await Promise.all(
    people.map((holder, index) => {
      const choice = choices[Math.floor(index / crowds.length) % choices.length]!;
      return new Person(
        holder,
        recorder,
        crowds[index % crowds.length]!,
        choice,
        new Random(seed * 10_007 + index),
        manners,
      ).live(isOver);
    }),
  );
}

function operationsPerShow(shows: readonly Show[]): number {
  return Math.min(OPERATIONS_PER_SHOW_MAX, Math.max(...shows.map(({ seats }) => seats.length)) * OPERATIONS_PER_SEAT);
}

/** Everybody wants the first free seat of a show, at once. One gets it. */
export async function runOneSeat(
  recorder: Recorder,
  people: readonly Holder[],
  shows: readonly Show[],
): Promise<Violation[]> {
  const map = recorder.attempts.find(({ showId, answer }) => showId === shows[0]!.id && answer?.kind === 'seen')!;
  const free = map.answer?.kind === 'seen' ? map.answer.seats.find(({ status }) => status === 'AVAILABLE') : undefined;
  const found = (detail: string): Violation => ({ check: 'scenario', rule: 'ONE_WINNER', showId: map.showId, detail });
  if (!free) return [found('there is no free seat')];
  const attempts = await Promise.all(
    people.map((holder) => recorder.send({ holder, command: 'hold', showId: map.showId, seats: [free.seat] })),
  );
  const winners = attempts.filter(({ status }) => status === 200).length;
  const losers = attempts.filter(
    ({ code, answer }) =>
      code === 'SEAT_UNAVAILABLE' && answer?.kind === 'refused' && answer.seats[free.seat] === 'SEAT_HELD',
  ).length;
  return winners === 1 && losers === people.length - 1
    ? []
    : [found(`${winners} winners and ${losers} losers of ${people.length} for seat ${free.seat}`)];
}

/** Everybody buys until nothing is left; then every seat has been sold once. */
export async function runSellOut(
  recorder: Recorder,
  people: readonly Holder[],
  shows: readonly Show[],
  seed: number,
  bounds: Bounds,
): Promise<Violation[]> {
  await runCrowds(recorder, people, [shows], seed, bounds, BUYING);
  const violations: Violation[] = [];
  for (const show of shows) {
    const { answer } = await recorder.send({ holder: people[0]!, command: 'read', showId: show.id, seats: [] });
    const left = answer?.kind === 'seen' ? answer.stats.total - answer.stats.booked : NaN;
    if (left !== 0)
      violations.push({
        check: 'scenario',
        rule: 'SOLD_OUT',
        showId: show.id,
        detail: `${left} seats were not sold in time`,
      });
  }
  return violations;
}
