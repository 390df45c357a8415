import type { Violation } from '../checkers/history';
import { judgeOneSeat } from '../checkers/one-seat';
import { Bounds, runCrowds } from '../people/crowds';
import { BUYING } from '../people/person';
import type { Recorder } from '../people/recorder';
import type { Holder, Show } from '../people/target';

export const SCENARIOS = ['mixed', 'one-seat', 'sell-out'] as const;
export type Scenario = (typeof SCENARIOS)[number];

/** Everybody wants the first free seat of a show, at once. One has it at a time. */
export async function runOneSeat(
  recorder: Recorder,
  people: readonly Holder[],
  shows: readonly Show[],
): Promise<Violation[]> {
  const [{ id: showId }] = shows as [Show];
  const map = recorder.attempts.find((one) => one.showId === showId && one.answer?.kind === 'seen');
  const free = map?.answer?.kind === 'seen' ? map.answer.seats.find(({ status }) => status === 'AVAILABLE') : undefined;
  const found = (detail: string): Violation => ({ check: 'scenario', rule: 'ONE_WINNER', showId, detail });
  if (!free) return [found('there is no free seat')];
  const attempts = await Promise.all(
    people.map((holder) => recorder.send({ holder, command: 'hold', showId, seats: [free.seat] })),
  );
  return judgeOneSeat(attempts, free.seat).map(found);
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
  for (const { id: showId } of shows) {
    const { answer } = await recorder.send({ holder: people[0]!, command: 'read', showId, seats: [] });
    const left = answer?.kind === 'seen' ? answer.stats.total - answer.stats.booked : NaN;
    const detail = `${left} seats were not sold in time`;
    if (left !== 0) violations.push({ check: 'scenario', rule: 'SOLD_OUT', showId, detail });
  }
  return violations;
}
