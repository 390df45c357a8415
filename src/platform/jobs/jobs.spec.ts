import { Logger } from '@nestjs/common';
import { Test, TestingModule } from '@nestjs/testing';
import { MetricsModule } from '../metrics/metrics.module';
import { Metrics } from '../metrics/metrics';
import { ConfigModule } from '../config/config.module';
import { parseEnvironment } from '../config/app-config';
import { Jobs } from './jobs';
import { JobsModule } from './jobs.module';

const INTERVAL_MS = 1_000;
const START_MS = Date.UTC(2026, 4, 1);

/** The one double is time: the jobs, the scheduler and the shutdown are those of the app. */
describe('jobs', () => {
  let app: TestingModule;
  let jobs: Jobs;
  let warnings: string[];
  let rounds: { end: () => void; stopping: AbortSignal }[];

  beforeEach(async () => {
    const config = parseEnvironment({ EMBEDDED_DATABASE: 'true', AUTH_JWT_SECRET: 'x'.repeat(32) });
    app = await Test.createTestingModule({
      imports: [ConfigModule.forRoot(config), MetricsModule, JobsModule],
    }).compile();
    await app.init();
    jobs = app.get(Jobs);
    warnings = [];
    rounds = [];
    jest.spyOn(Logger.prototype, 'warn').mockImplementation((message: unknown) => void warnings.push(String(message)));
    jest.useFakeTimers({ now: START_MS, doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
  });

  afterEach(async () => {
    jest.useRealTimers();
    for (const { end } of rounds) end();
    await app.close();
    jest.restoreAllMocks();
  });

  /** Lets time pass, and what is due at its end happen. */
  const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);
  const lastSuccessOf = async (job: string) =>
    (await app.get(Metrics).registry.getSingleMetric('job_last_success_timestamp_seconds')!.get()).values.find(
      ({ labels }) => labels.job === job,
    )?.value;

  /** Lasts until its `end` is called. */
  const longRound = (stopping: AbortSignal) => new Promise<void>((end) => rounds.push({ end, stopping }));

  it('begin a round at every interval, the first after one interval', async () => {
    const round = jest.fn();
    jobs.every('tidy', INTERVAL_MS, round);
    await pass(INTERVAL_MS - 1);
    expect(round).toHaveBeenCalledTimes(0);
    await pass(1);
    expect(round).toHaveBeenCalledTimes(1);
    await pass(3 * INTERVAL_MS);
    expect(round).toHaveBeenCalledTimes(4);
  });

  it('never overlap with themselves, and go on when a long round is over', async () => {
    jobs.every('tidy', INTERVAL_MS, longRound);
    await pass(5 * INTERVAL_MS);
    expect(rounds).toHaveLength(1);
    rounds[0]!.end();
    await pass(INTERVAL_MS);
    expect(rounds).toHaveLength(2);
  });

  it('do not wait for one another', async () => {
    const other = jest.fn();
    jobs.every('stuck', INTERVAL_MS, longRound);
    jobs.every('other', INTERVAL_MS, other);
    await pass(2 * INTERVAL_MS);
    expect(other).toHaveBeenCalledTimes(2);
  });

  it.each<[string, () => unknown]>([
    ['a rejection', () => Promise.reject(new Error('no database'))],
    [
      'an exception',
      () => {
        throw new Error('no database');
      },
    ],
  ])('log %s once a round, as a warning with the name of the job, and try again', async (_, fail) => {
    const round = jest.fn().mockImplementationOnce(fail);
    jobs.every('tidy', INTERVAL_MS, round);
    await pass(INTERVAL_MS);
    expect(warnings).toEqual(['A round of the job "tidy" failed; the next round tries again: Error: no database']);
    await pass(INTERVAL_MS);
    expect(round).toHaveBeenCalledTimes(2);
    expect(warnings).toHaveLength(1);
  });

  it('show when a round last succeeded, and a failure does not count', async () => {
    jobs.every('tidy', INTERVAL_MS, jest.fn().mockResolvedValueOnce(0).mockRejectedValueOnce(new Error('no database')));
    expect(await lastSuccessOf('tidy')).toBeUndefined();
    await pass(INTERVAL_MS);
    expect(await lastSuccessOf('tidy')).toBe((START_MS + INTERVAL_MS) / 1_000);
    await pass(INTERVAL_MS);
    expect(await lastSuccessOf('tidy')).toBe((START_MS + INTERVAL_MS) / 1_000);
    await pass(INTERVAL_MS);
    expect(await lastSuccessOf('tidy')).toBe((START_MS + 3 * INTERVAL_MS) / 1_000);
  });

  it('at shutdown tell the running round, wait for it, and begin no other', async () => {
    const other = jest.fn();
    jobs.every('tidy', INTERVAL_MS, longRound);
    jobs.every('other', INTERVAL_MS, other);
    await pass(INTERVAL_MS);
    expect(rounds[0]!.stopping.aborted).toBe(false);
    let isClosed = false;
    const closing = app.close().then(() => (isClosed = true));
    await pass(5 * INTERVAL_MS);
    expect([rounds[0]!.stopping.aborted, isClosed, rounds.length]).toEqual([true, false, 1]);
    expect(other).toHaveBeenCalledTimes(1);
    rounds[0]!.end();
    await closing;
    await pass(5 * INTERVAL_MS);
    expect(rounds).toHaveLength(1);
  });

  it('have a name of their own', () => {
    jobs.every('tidy', INTERVAL_MS, jest.fn());
    expect(() => jobs.every('tidy', INTERVAL_MS, jest.fn())).toThrow('tidy');
  });
});
