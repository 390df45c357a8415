import { Client } from 'pg';
import { block, STOP_WRITES } from '../../proof/kit/blocker';
import { until } from '../../proof/kit/until';
import { sqlState } from '../../src/platform/database/pg-errors';
import { SeatCommandQueue } from '../../src/seats/seat-command-queue';
import { startApp, TestApp } from '../support/app';
import { Answer, person, Person } from '../support/client';
import { ok } from '../support/expectations';
import { createShow } from '../support/house';

/** Any number that nothing else takes. */
const GATE = 7;
const IN_FAILED_TRANSACTION = '25P02';

/** One holder's keys in two instances at once. In one process a show has one lane, so they never meet there. */
describe('idempotency keys in two instances at once', () => {
  let one: TestApp;
  let two: TestApp;
  let showId: number;
  let ann: [Person, Person];

  beforeAll(async () => {
    one = await startApp({ COMBINE_LANES: '1', LOCK_TIMEOUT_MS: '10000' });
    two = await startApp({ COMBINE_LANES: '1', LOCK_TIMEOUT_MS: '10000', DATABASE_URL: one.databaseUrl });
    // Stops a transaction between its first key and its second.
    await one.dataSource.query(`
      CREATE FUNCTION stop_at_second() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF current_setting('test.stored', true) = txid_current()::text THEN
          PERFORM pg_advisory_xact_lock_shared(${GATE});
        END IF;
        PERFORM set_config('test.stored', txid_current()::text, true);
        RETURN NEW;
      END $$`);
    await one.dataSource.query(
      'CREATE TRIGGER stop_at_second BEFORE INSERT ON idempotency_record FOR EACH ROW EXECUTE FUNCTION stop_at_second()',
    );
  });
  afterAll(async () => {
    await two.close();
    await one.close();
  });
  beforeEach(async () => {
    showId = await createShow(one.dataSource);
    const here = await person(one);
    ann = [here, await person(two, here.token)];
    await ok(here.hold(showId, ['A1', 'A2', 'B1', 'B2']));
  });
  afterEach(() => jest.restoreAllMocks());

  /** The failures of statements from here on, without those that follow from another. */
  const failures = (): string[] => {
    const seen: string[] = [];
    const original = Client.prototype.query as (...args: unknown[]) => unknown;
    jest.spyOn(Client.prototype, 'query').mockImplementation(function (this: Client, ...args: unknown[]) {
      const result = original.apply(this, args);
      Promise.resolve(result).catch((error: unknown) => {
        const state = sqlState(error);
        if (state !== IN_FAILED_TRANSACTION) seen.push(state ?? String(error));
      });
      return result;
    } as never);
    return seen;
  };

  /** Has the commands of each instance go in one transaction of it, both transactions at once. */
  const together = async (...batches: [() => Promise<Answer>, ...(() => Promise<Answer>)[]][]): Promise<Answer[][]> => {
    const first = await block(one.databaseUrl, STOP_WRITES);
    const plugs = [(await person(one)).hold(showId, ['E1']), (await person(two)).hold(showId, ['E2'])];
    await first.untilWaiting(2);
    const gate = await block(one.databaseUrl, `SELECT pg_advisory_xact_lock(${GATE})`);
    const sent: Promise<Answer[]>[] = [];
    for (const [index, sends] of batches.entries()) {
      const queue = [one, two][index]!.app.get(SeatCommandQueue);
      const answers: Promise<Answer>[] = [];
      for (const send of sends) {
        answers.push(send());
        await until(() => queue.length === answers.length);
      }
      sent.push(Promise.all(answers));
    }
    await first.release();
    await gate.untilWaiting(2);
    await gate.release();
    for (const plug of plugs) await ok(plug);
    return Promise.all(sent);
  };
  const release = (who: Person, seat: string, key: string) => () =>
    who.release(showId, [seat], { 'idempotency-key': key });

  test('two keys in opposite orders: no deadlock, one batch starts again as a whole, and all are answered', async () => {
    const [bob, cat, dan, eve] = [await person(one), await person(one), await person(two), await person(two)];
    const failed = failures();
    const [here, there] = await together(
      [
        release(ann[0], 'A1', 'k1'),
        () => bob.hold(showId, ['C1']),
        release(ann[0], 'A2', 'k2'),
        () => cat.hold(showId, ['D1']),
      ],
      [
        release(ann[1], 'B1', 'k2'),
        () => dan.hold(showId, ['C2']),
        release(ann[1], 'B2', 'k1'),
        () => eve.hold(showId, ['D2']),
      ],
    );

    const codes = (answers: Answer[]) => answers.map(({ status, body }) => body.code ?? status);
    const [winners, losers] = codes(here!).includes('IDEMPOTENCY_KEY_REUSED') ? [there!, here!] : [here!, there!];
    expect(codes(winners)).not.toContain('IDEMPOTENCY_KEY_REUSED');
    expect(codes(losers).filter((code) => code === 'IDEMPOTENCY_KEY_REUSED')).toHaveLength(2);
    expect([...codes(winners), ...codes(losers)].filter((code) => code === 200)).toHaveLength(6);
    // Both keys were found out at once.
    expect(failed).toEqual(['22012']);
    const transactions = await one.dataSource.query(
      `SELECT number, count(DISTINCT xmin::text)::int AS transactions FROM seat_transition
        WHERE show_id = $1 AND "row" IN ('C', 'D') GROUP BY number ORDER BY number`,
      [showId],
    );
    expect(transactions).toEqual([
      { number: 1, transactions: 1 },
      { number: 2, transactions: 1 },
    ]);
    const [{ releases }] = await one.dataSource.query(
      `SELECT count(*)::int AS releases FROM seat_transition WHERE show_id = $1 AND command = 'release'`,
      [showId],
    );
    expect(releases).toBe(2);
  });
});
