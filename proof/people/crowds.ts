import { CHOICES, Random } from '../kit/random';
import { Crowd } from './crowd';
import { BUYING, Manners, MIXED, Person } from './person';
import type { Recorder } from './recorder';
import type { Holder, Show } from './target';

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

/** Looks at every show before anything happens there: the checks start from that. */
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
