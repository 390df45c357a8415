import { judge } from '../../proof/checkers/judge';
import { judgeOneSeat } from '../../proof/checkers/one-seat';
import { HttpClient } from '../../proof/kit/http-client';
import { until } from '../../proof/kit/until';
import { readFirst, runCrowds } from '../../proof/people/crowds';
import { outcomesOf, Recorder } from '../../proof/people/recorder';
import { guests, shows } from '../../proof/people/target';
import { asHtml } from '../../proof/stress/html';
import { asText, reportOf } from '../../proof/stress/report';
import { runOneSeat, runSellOut } from '../../proof/stress/scenarios';
import { startApp, TestApp } from '../support/app';
import { createShow } from '../support/house';

/** Those of both instances. */
const SEAT_LIMITS = { held: 10, seats: 20 };

/** The load and its checks, against the app on the loopback address. */

/** Holds lapse after a second, and are swept. */
let target: TestApp;
/** Another instance, whose holds last longer than any test. */
let patient: TestApp;
const clients = new Map<TestApp, HttpClient>();

beforeAll(async () => {
  target = await startApp({ HOLD_TTL_SECONDS: '1', SWEEP_ENABLED: 'true', SWEEP_INTERVAL_SECONDS: '1' });
  patient = await startApp({ DATABASE_URL: target.databaseUrl });
  for (const app of [target, patient]) clients.set(app, new HttpClient(app.url));
});

afterAll(async () => {
  for (const client of clients.values()) client.close();
  await patient.close();
  await target.close();
});

async function prepare(app: TestApp, people: number, ...sizes: { rows: number; seatsPerRow: number }[]) {
  const client = clients.get(app)!;
  const ids: number[] = [];
  for (const size of sizes) ids.push(await createShow(target.dataSource, size));
  const recorder = new Recorder(client);
  const holders = await guests(client, people);
  const found = await shows(client, ids);
  await readFirst(recorder, holders[0]!, found);
  return { recorder, holders, found };
}

it('people in crowds see nothing that could not be, and every check has something to check', async () => {
  const { recorder, holders, found } = await prepare(
    target,
    24,
    { rows: 1, seatsPerRow: 1 },
    { rows: 1, seatsPerRow: 4 },
    { rows: 4, seatsPerRow: 5 },
  );

  await runCrowds(
    recorder,
    holders,
    found.map((show) => [show]),
    1,
    { seconds: 60, operations: 1_500 },
  );

  const judgement = await judge(recorder.attempts, target.dataSource, SEAT_LIMITS);
  expect(judgement.violations).toEqual([]);
  expect(judgement.ledger!.steps).toBeGreaterThan(20);
  expect(judgement.unknown).toBeGreaterThan(0);
  expect(judgement.blackBox.shows).toBe(3);
  expect(Object.keys(outcomesOf(recorder.attempts))).toEqual(
    expect.arrayContaining(['hold 200', 'hold 409 SEAT_UNAVAILABLE', 'read 200', 'release 200', 'hold DROPPED']),
  );

  const report = reportOf('A run', recorder.attempts, judgement);
  expect(asText(report)).toContain('No violation.');
  expect(asHtml(report)).not.toMatch(/<script|src=|href=|NaN|undefined/);
}, 90_000);

it('a hold that was acknowledged and is not there is found by both checks', async () => {
  const { recorder, holders, found } = await prepare(target, 2, { rows: 1, seatsPerRow: 2 });
  const [ann, bob] = holders;
  const show = found[0]!;
  const hold = await recorder.send({ holder: ann!, command: 'hold', showId: show.id, seats: [show.seats[0]!] });
  await recorder.send({ holder: bob!, command: 'read', showId: show.id, seats: [] });

  const lie = {
    ...hold,
    seats: [show.seats[1]!],
    answer: { ...hold.answer, seats: [{ seat: show.seats[1]!, version: 1, deadlineMs: 2e12 }] },
  };
  const history = recorder.attempts.map((attempt) => (attempt === hold ? (lie as typeof hold) : attempt));

  const { violations } = await judge(history, target.dataSource, SEAT_LIMITS);
  expect([...new Set(violations.map(({ check }) => check))].sort()).toEqual(['black box', 'ledger']);
});

it('one seat has one winner', async () => {
  const { recorder, holders, found } = await prepare(patient, 100, { rows: 1, seatsPerRow: 1 });

  expect(await runOneSeat(recorder, holders, found)).toEqual([]);

  const outcomes = outcomesOf(recorder.attempts);
  expect(outcomes).toEqual({ 'read 200': 1, 'hold 200': 1, 'hold 409 SEAT_UNAVAILABLE': 99 });
  expect((await judge(recorder.attempts, target.dataSource, SEAT_LIMITS)).violations).toEqual([]);
});

it('one seat has another winner once the hold has lapsed, and the judge knows that this is lawful', async () => {
  const { recorder, holders, found } = await prepare(target, 20, { rows: 1, seatsPerRow: 1 });
  const [show] = found as [(typeof found)[number]];
  const isFree = async () => {
    const { answer } = await recorder.send({ holder: holders[0]!, command: 'read', showId: show.id, seats: [] });
    return answer?.kind === 'seen' && answer.stats.available === 1;
  };

  expect(await runOneSeat(recorder, holders.slice(0, 10), found)).toEqual([]);
  await until(isFree);
  expect(await runOneSeat(recorder, holders.slice(10), found)).toEqual([]);

  const holds = recorder.attempts.filter(({ command }) => command === 'hold');
  expect(outcomesOf(holds)['hold 200']).toBeGreaterThanOrEqual(2);
  expect(judgeOneSeat(holds, show.seats[0]!)).toEqual([]);
});

it('a show sells out, every seat once', async () => {
  const { recorder, holders, found } = await prepare(target, 16, { rows: 2, seatsPerRow: 10 });

  expect(await runSellOut(recorder, holders, found, 1, { seconds: 25, operations: 10_000 })).toEqual([]);

  expect((await judge(recorder.attempts, target.dataSource, SEAT_LIMITS)).violations).toEqual([]);
});
