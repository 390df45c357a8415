import { Client, Connection } from 'pg';
import { SeatCommandQueue } from '../../src/seats/seat-command-queue';
import { startApp, TestApp } from '../support/app';
import { block, LOCK_SEAT, STOP_WRITES } from '../../proof/kit/blocker';
import { Answer, person, Person, tally } from '../support/client';
import { createShow } from '../support/house';
import { until } from '../../proof/kit/until';

/** How commands share transactions, and what one's failure means to the others. */
describe('combining', () => {
  let target: TestApp;
  let showId: number;
  let people: Person[];

  const start = async (settings: Record<string, string>) => {
    target = await startApp({ COMBINE_LANES: '1', ...settings });
    showId = await createShow(target.dataSource);
    people = await Promise.all(Array.from({ length: 7 }, () => person(target)));
  };
  afterEach(() => target.close());

  /** Sends commands, each once the one before waits in the queue, so that their order is known. */
  const enqueue = async (sends: (() => Promise<Answer>)[]): Promise<Promise<Answer>[]> => {
    const queue = target.app.get(SeatCommandQueue);
    const sent: Promise<Answer>[] = [];
    for (const send of sends) {
      const before = queue.length;
      sent.push(send());
      await until(() => queue.length === before + 1);
    }
    return sent;
  };
  /** In which transaction each seat was changed, as numbers from 0 in order of the seats. */
  const transactions = async (...showIds: number[]): Promise<number> => {
    const [{ count }] = await target.dataSource.query(
      'SELECT count(DISTINCT xmin::text)::int AS count FROM seat_transition WHERE show_id = ANY($1)',
      [showIds],
    );
    return count;
  };

  test('commands that arrive while a transaction is in flight go together in the next one', async () => {
    await start({});
    const blocker = await block(target.databaseUrl, STOP_WRITES);
    const first = people[0]!.hold(showId, ['A1']);
    await blocker.untilWaiting(1);
    const rest = await enqueue([1, 2, 3, 4, 5].map((i) => () => people[i]!.hold(showId, [`A${i + 1}`])));
    await blocker.release();

    expect(tally(await Promise.all([first, ...rest]))).toEqual({ '200': 6 });
    expect(await transactions(showId)).toBe(2);
  });

  test('each command sees the effect of those before it in the same transaction', async () => {
    await start({});
    const [a, b, c] = people as [Person, Person, Person];
    const blocker = await block(target.databaseUrl, STOP_WRITES);
    const first = people[6]!.hold(showId, ['E1']);
    await blocker.untilWaiting(1);
    const rest = await enqueue([
      () => a.hold(showId, ['A1', 'A2']),
      () => b.hold(showId, ['A2', 'A3']),
      () => a.release(showId, ['A1', 'A2']),
      () => c.hold(showId, ['A2', 'A3']),
      () => c.book(showId, ['A3', 'A2']),
      () => c.book(showId, ['A2', 'A3']),
    ]);
    await blocker.release();

    const answers = await Promise.all(rest);
    expect((await first).status).toBe(200);
    expect(answers.map(({ status, body }) => body.code ?? status)).toEqual([
      200,
      'SEAT_UNAVAILABLE',
      200,
      200,
      200,
      200,
    ]);
    expect(answers[1]!.body.seats).toEqual([{ row: 'A', number: 2, code: 'SEAT_HELD' }]);
    expect(answers[4]!.body).toEqual(answers[5]!.body);
    expect(await transactions(showId)).toBe(2);
    const steps = await target.dataSource.query(
      `SELECT version, command, holder_id FROM seat_transition WHERE show_id = $1 AND "row" = 'A' AND number = 2 ORDER BY version`,
      [showId],
    );
    expect(steps).toEqual([
      { version: 1, command: 'hold', holder_id: a.id },
      { version: 2, command: 'release', holder_id: a.id },
      { version: 3, command: 'hold', holder_id: c.id },
      { version: 4, command: 'book', holder_id: c.id },
    ]);
  });

  test.each([
    ['across shows', {}],
    ['within a show', { COMBINE_ACROSS_SHOWS: 'false' }],
  ])('one holder’s many commands keep nobody waiting beyond the next transaction, %s', async (_, settings) => {
    await start(settings);
    const [a, b] = people as [Person, Person];
    const blocker = await block(target.databaseUrl, STOP_WRITES);
    const first = people[6]!.hold(showId, ['E1']);
    await blocker.untilWaiting(1);
    const many = Array.from({ length: 9 }, (_unused, i) => () => a.hold(showId, [`A${i + 1}`]));
    const rest = await enqueue([...many, () => b.hold(showId, ['B1'])]);
    await blocker.release();

    expect(tally(await Promise.all([first, ...rest]))).toEqual({ '200': 11 });
    const together = await target.dataSource.query<{ seats: string }[]>(
      `SELECT string_agg("row" || number, ' ' ORDER BY "row", number) AS seats FROM seat_transition
        WHERE show_id = $1 GROUP BY xmin::text ORDER BY xmin::text::bigint`,
      [showId],
    );
    expect(together.map(({ seats }) => seats)).toEqual(['E1', 'A1 A2 A3 A4 B1', 'A5 A6 A7 A8 A9']);
  });

  test('COMBINE_MAX=1: a transaction for each', async () => {
    await start({ COMBINE_MAX: '1' });
    const blocker = await block(target.databaseUrl, STOP_WRITES);
    const first = people[0]!.hold(showId, ['A1']);
    await blocker.untilWaiting(1);
    const rest = await enqueue([1, 2, 3].map((i) => () => people[i]!.hold(showId, [`A${i + 1}`])));
    await blocker.release();

    expect(tally(await Promise.all([first, ...rest]))).toEqual({ '200': 4 });
    expect(await transactions(showId)).toBe(4);
  });

  test.each([
    ['true', 2],
    ['false', 3],
  ])('COMBINE_ACROSS_SHOWS=%s: two shows in %i transactions', async (acrossShows, expected) => {
    await start({ COMBINE_ACROSS_SHOWS: acrossShows });
    const otherShowId = await createShow(target.dataSource);
    const blocker = await block(target.databaseUrl, STOP_WRITES);
    const first = people[0]!.hold(showId, ['A1']);
    await blocker.untilWaiting(1);
    const rest = await enqueue([
      () => people[1]!.hold(showId, ['A2']),
      () => people[2]!.hold(otherShowId, ['A1']),
      () => people[3]!.hold(showId, ['A3']),
    ]);
    await blocker.release();

    expect(tally(await Promise.all([first, ...rest]))).toEqual({ '200': 4 });
    expect(await transactions(showId, otherShowId)).toBe(expected);
  });

  test('lanes do not wait for each other', async () => {
    await start({ COMBINE_LANES: '2' });
    const otherShowId = await createShow(target.dataSource); // the next id, so the other lane
    const blocker = await block(target.databaseUrl, LOCK_SEAT, [showId, 'A', 1]);
    const stuck = people[0]!.hold(showId, ['A1']);
    await blocker.untilWaiting(1);
    expect((await people[1]!.hold(otherShowId, ['A1'])).status).toBe(200);
    await blocker.release();
    expect((await stuck).status).toBe(200);
  });

  test('a stuck row fails those who want it, with BUSY, and not their neighbours', async () => {
    await start({ LOCK_TIMEOUT_MS: '300' });
    const blocker = await block(target.databaseUrl, LOCK_SEAT, [showId, 'A', 1]);
    const first = people[0]!.hold(showId, ['A1']);
    await blocker.untilWaiting(1);
    const rest = await enqueue([
      () => people[1]!.hold(showId, ['B1', 'A1']),
      () => people[2]!.hold(showId, ['B1']),
      () => people[3]!.hold(showId, ['Z9']),
    ]);

    const answers = await Promise.all([first, ...rest]);
    expect(answers.map(({ status, body }) => body.code ?? status)).toEqual(['BUSY', 'BUSY', 200, 'SEAT_NOT_FOUND']);
    expect(answers[0]!.headers.get('retry-after')).toBe('1');
    await blocker.release();
    expect((await people[0]!.hold(showId, ['A1'])).body.seats[0].version).toBe(1);
  });

  test('a command that breaks its transaction fails alone', async () => {
    await start({});
    await target.dataSource.query(`
      CREATE FUNCTION planted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'planted secret'; END $$`);
    await target.dataSource.query(
      `CREATE TRIGGER planted BEFORE UPDATE ON seat FOR EACH ROW WHEN (NEW."row" = 'C') EXECUTE FUNCTION planted()`,
    );
    const blocker = await block(target.databaseUrl, STOP_WRITES);
    const first = people[0]!.hold(showId, ['A1']);
    await blocker.untilWaiting(1);
    const rest = await enqueue([
      () => people[1]!.hold(showId, ['A2']),
      () => people[2]!.hold(showId, ['B1', 'C1']),
      () => people[3]!.hold(showId, ['A3']),
    ]);
    await blocker.release();

    const answers = await Promise.all([first, ...rest]);
    expect(answers.map(({ status, body }) => body.code ?? status)).toEqual([200, 200, 'INTERNAL', 200]);
    expect(JSON.stringify(answers[2]!.body)).not.toContain('planted');
    expect((await people[0]!.seatMap(showId)).body.stats).toEqual({
      total: 50,
      available: 47,
      held: 3,
      booked: 0,
      blocked: 0,
    });
  });

  test('a full queue answers BUSY at once', async () => {
    await start({ QUEUE_MAX: '2' });
    const blocker = await block(target.databaseUrl, STOP_WRITES);
    const first = people[0]!.hold(showId, ['A1']);
    await blocker.untilWaiting(1);
    const rest = await enqueue([1, 2].map((i) => () => people[i]!.hold(showId, [`A${i + 1}`])));
    const refused = await people[3]!.hold(showId, ['A4']);
    expect([refused.status, refused.body.code, refused.headers.get('retry-after')]).toEqual([503, 'BUSY', '1']);
    await blocker.release();
    expect(tally(await Promise.all([first, ...rest]))).toEqual({ '200': 3 });
  });

  test('a command that waited too long in the queue is not run', async () => {
    await start({ QUEUE_TIMEOUT_MS: '50' });
    const blocker = await block(target.databaseUrl, STOP_WRITES);
    const first = people[0]!.hold(showId, ['A1']);
    await blocker.untilWaiting(1);
    const [late] = await enqueue([() => people[1]!.hold(showId, ['A2'])]);
    const deadlineMs = performance.now() + 60;
    await until(() => performance.now() > deadlineMs);
    await blocker.release();

    expect((await first).status).toBe(200);
    expect(tally([await late!])).toEqual({ '503 BUSY': 1 });
    expect((await people[1]!.seatMap(showId)).body.stats.held).toBe(1);
  });

  test('a session that is killed before its commit: the command is tried again, and has one effect', async () => {
    await start({});
    const blocker = await block(target.databaseUrl, LOCK_SEAT, [showId, 'A', 1]);
    const first = people[0]!.hold(showId, ['A1']);
    await blocker.untilWaiting(1);
    await terminateWaiting(target);
    await blocker.untilWaiting(1); // a new session
    await blocker.release();
    const answer = await first;
    expect([answer.status, answer.body.seats[0].version]).toEqual([200, 1]);
  });

  test('a session that is killed during its commit: the outcome is unknown, and the retry gives the true answer', async () => {
    await start({ STATEMENT_TIMEOUT_MS: '60000' });
    await target.dataSource.query(
      `CREATE FUNCTION wait_at_commit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN LOCK TABLE movie; RETURN NULL; END $$`,
    );
    await target.dataSource.query(
      `CREATE CONSTRAINT TRIGGER wait_at_commit AFTER INSERT ON seat_transition DEFERRABLE INITIALLY DEFERRED
       FOR EACH ROW EXECUTE FUNCTION wait_at_commit()`,
    );
    const blocker = await block(target.databaseUrl, 'LOCK TABLE movie');
    const key = { 'idempotency-key': 'lost-commit' };
    const first = people[0]!.hold(showId, ['A1'], key);
    await blocker.untilWaiting(1); // in its COMMIT
    await terminateWaiting(target);
    const answer = await first;
    expect([answer.status, answer.body.code, answer.body.detail]).toEqual([
      503,
      'BUSY',
      'The outcome is not known; send the same request again.',
    ]);
    await blocker.release();

    const retry = await people[0]!.hold(showId, ['A1'], key);
    expect([retry.status, retry.body.seats[0].version]).toEqual([200, 1]);
    expect(await transactions(showId)).toBe(1);
  });

  test('a statement is parsed and planned once a connection, also where it failed before', async () => {
    await start({ LOCK_TIMEOUT_MS: '100' });
    const blocker = await block(target.databaseUrl, LOCK_SEAT, [showId, 'A', 1]);
    expect(tally([await people[0]!.hold(showId, ['A1'])])).toEqual({ '503 BUSY': 1 });
    await blocker.release();

    const parsed = jest.spyOn(Connection.prototype, 'parse');
    try {
      expect((await people[0]!.hold(showId, ['A1'])).status).toBe(200);
      // BEGIN, the lock and ROLLBACK were parsed before, but not the statements behind the lock.
      expect(parsed.mock.calls.map(([{ text }]) => kindOf(text))).toEqual([
        'LIMITS',
        'CLOCK',
        'SELECT',
        'SELECT',
        'UPDATE',
        'INSERT',
        'COMMIT',
      ]);
      parsed.mockClear();
      expect((await people[1]!.hold(showId, ['A2'])).status).toBe(200);
      expect(parsed).not.toHaveBeenCalled();
    } finally {
      jest.restoreAllMocks();
    }
  });

  test('a hold is seven statements between BEGIN and COMMIT, a refusal writes nothing, and no NOTIFY where nobody else listens', async () => {
    await start({});
    const statements = spyOnStatements();
    try {
      await people[0]!.hold(showId, ['A1', 'A2']);
      expect(statements.splice(0).map(kindOf)).toEqual([
        'BEGIN',
        'LOCK',
        'LIMITS',
        'CLOCK',
        'SELECT',
        'SELECT',
        'UPDATE',
        'INSERT',
        'COMMIT',
      ]);
      await people[1]!.hold(showId, ['A1']);
      expect(statements.splice(0).map(kindOf)).toEqual([
        'BEGIN',
        'LOCK',
        'LIMITS',
        'CLOCK',
        'SELECT',
        'SELECT',
        'ROLLBACK',
      ]);
      await people[0]!.book(showId, ['A1', 'A2']);
      expect(statements.splice(0).map(kindOf)).toEqual([
        'BEGIN',
        'LOCK',
        'CLOCK',
        'SELECT',
        'UPDATE',
        'INSERT',
        'INSERT',
        'INSERT',
        'CLOCK',
        'COMMIT',
      ]);
    } finally {
      jest.restoreAllMocks();
    }
  });
});

async function terminateWaiting(target: TestApp): Promise<void> {
  await target.dataSource.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0`,
  );
}

function spyOnStatements(): string[] {
  const statements: string[] = [];
  const original = Client.prototype.query as (...args: unknown[]) => unknown;
  jest.spyOn(Client.prototype, 'query').mockImplementation(function (this: Client, ...args: unknown[]) {
    const [statement] = args as [string | { text: string }];
    statements.push(typeof statement === 'string' ? statement : statement.text);
    return original.apply(this, args);
  } as never);
  return statements;
}

function kindOf(sql: string): string {
  if (sql.includes('clock_timestamp()')) return 'CLOCK';
  if (sql.includes('pg_advisory_xact_lock')) return 'LIMITS';
  return sql.includes('FOR UPDATE') ? 'LOCK' : /^\s*(\w+)/.exec(sql)![1]!;
}
