import { startApp, TestApp } from '../support/app';
import { block, STOP_WRITES } from '../../proof/kit/blocker';
import { person, Person, request, tally } from '../support/client';
import { createTestDatabase, TestDatabase } from '../support/database';
import { createShow } from '../support/house';
import { Proxy, startProxy } from '../../proof/kit/proxy';
import { until } from '../../proof/kit/until';

/** The answers that clients get when the way to the database breaks. */
describe('faults between the app and its database', () => {
  let database: TestDatabase;
  let proxy: Proxy;
  let target: TestApp;
  let showId: number;
  let people: Person[];

  beforeEach(async () => {
    database = await createTestDatabase();
    proxy = await startProxy(database.url);
    target = await startApp({
      DATABASE_URL: proxy.url,
      COMBINE_LANES: '1',
      DATABASE_CONNECT_TIMEOUT_MS: '500',
      STATEMENT_TIMEOUT_MS: '500',
      IDLE_IN_TRANSACTION_TIMEOUT_MS: '1000',
    });
    showId = await createShow(database.dataSource);
    people = await Promise.all(Array.from({ length: 4 }, () => person(target)));
  });
  afterEach(async () => {
    await target.close();
    await proxy.close();
    await database.drop();
  });

  const holdAll = () => people.map((each, i) => each.hold(showId, [`A${i + 1}`], { 'idempotency-key': `hold-${i}` }));
  const heldSeats = async () => {
    const [{ held }] = await database.dataSource.query(
      `SELECT count(*)::int AS held FROM seat WHERE show_id = $1 AND status = 'HELD'`,
      [showId],
    );
    return held;
  };
  const openTransactions = async () => {
    const [{ open }] = await database.dataSource.query(
      `SELECT count(*)::int AS open FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL`,
    );
    return open;
  };

  test('the database is away: reads and commands answer BUSY with Retry-After, the app lives and serves again', async () => {
    await proxy.cut();
    const answers = await Promise.all([
      ...holdAll(),
      request(target, 'GET', `/api/seats/?show_id=${showId}`),
      request(target, 'GET', '/api/shows/'),
      request(target, 'GET', '/api/bookings/', { token: people[0]!.token }),
      request(target, 'GET', '/health/ready'),
    ]);
    expect(tally(answers)).toEqual({ '503 BUSY': 8 });
    expect(new Set(answers.map((answer) => answer.headers.get('retry-after')))).toEqual(new Set(['1']));
    expect((await request(target, 'GET', '/health/live')).status).toBe(200);

    await proxy.restore();
    expect(tally(await Promise.all(holdAll()))).toEqual({ '200': 4 });
    expect((await request(target, 'GET', '/health/ready')).status).toBe(200);
  });

  test('a black hole: commands end with BUSY together, not one after the other, and their locks are freed', async () => {
    const blocker = await block(database.url, STOP_WRITES);
    const first = people[0]!.hold(showId, ['B1']);
    await blocker.untilWaiting(1); // in a transaction, with the seat locked
    proxy.stall();
    const startedMs = performance.now();
    const answers = Promise.all([first, ...holdAll()]);
    expect(tally(await answers)).toEqual({ '503 BUSY': 5 });
    expect(performance.now() - startedMs).toBeLessThan(4_000);
    await blocker.release();

    await until(async () => (await openTransactions()) === 0, 5_000);
    proxy.resume();
    // A client that heard of an unknown outcome, or of no change, finds the truth by sending the same request again.
    expect(tally(await Promise.all(holdAll()))).toEqual({ '200': 4 });
    expect(await heldSeats()).toBe(4);
  });

  test('an answer that is lost after the commit: the retry gets it, and there is one transition', async () => {
    const key = { 'idempotency-key': 'lost-answer' };
    const blocker = await block(database.url, STOP_WRITES);
    const first = people[0]!.hold(showId, ['A1'], key);
    await blocker.untilWaiting(1);
    proxy.stall(); // UPDATE, INSERTs and COMMIT are with the server already; its answers will not arrive
    await blocker.release();
    await until(async () => (await heldSeats()) === 1);
    const answer = await first;
    expect([answer.status, answer.body.detail]).toEqual([
      503,
      'The outcome is not known; send the same request again.',
    ]);
    proxy.resume();

    const retry = await people[0]!.hold(showId, ['A1'], key);
    expect([retry.status, retry.headers.get('idempotency-replayed')]).toEqual([200, 'true']);
    const byState = await people[0]!.hold(showId, ['A1']);
    expect(byState.body.expires_at).toBe(retry.body.expires_at);
    const [{ steps }] = await database.dataSource.query(
      'SELECT count(*)::int AS steps FROM seat_transition WHERE show_id = $1',
      [showId],
    );
    expect(steps).toBe(1);
  });

  test('no connection leaks: after many cuts the pool is as it was', async () => {
    for (let round = 0; round < 5; round++) {
      await proxy.cut();
      expect(tally(await Promise.all(holdAll()))).toEqual({ '503 BUSY': 4 });
      await proxy.restore();
    }
    expect(tally(await Promise.all(holdAll()))).toEqual({ '200': 4 });
    await until(async () => (await openTransactions()) === 0);
  });
});
