import { randomUUID } from 'node:crypto';
import { block } from '../../proof/kit/blocker';
import { IdempotencyCleaner } from '../../src/seats/idempotency/idempotency-cleaner';
import { PARTITIONS, slotAt } from '../../src/seats/idempotency/partitions';
import { startApp, TestApp } from '../support/app';
import { Answer, person, Person, request, seats, tally } from '../support/client';
import { expectProblem, fields, ok, seatsOf, TIMESTAMP } from '../support/expectations';
import { createShow, lapse, NO_SHOW } from '../support/house';

let target: TestApp;
let me: Person;
let another: Person;
let showId: number;
let keys = 0;

beforeAll(async () => {
  target = await startApp();
});
afterAll(() => target.close());
beforeEach(async () => {
  [me, another, showId] = await Promise.all([person(target), person(target), createShow(target.dataSource)]);
});

/** A key that no request has used yet. */
const newKey = () => `key-${++keys}`;
const keyed = (key: string) => ({ 'idempotency-key': key });

/** How many answers are stored under a key, of all holders and shows. */
async function records(key: string): Promise<number> {
  const [{ count }] = await target.dataSource.query('SELECT count(*)::int FROM idempotency_record WHERE key = $1', [
    key,
  ]);
  return count;
}

async function steps(): Promise<string[]> {
  const rows = await target.dataSource.query(
    `SELECT "row" || number || ' ' || version || ' ' || command AS step FROM seat_transition WHERE show_id = $1 ORDER BY "row", number, version`,
    [showId],
  );
  return rows.map(({ step }: { step: string }) => step);
}

const isReplayed = (answer: Answer) => answer.headers.get('idempotency-replayed');

/** The answer is the earlier one, marked as replayed. A problem has a request id of its own, and a hold the time of now. */
function expectReplay(answer: Answer, first: Answer): void {
  expect(isReplayed(first)).toBeNull();
  expect(isReplayed(answer)).toBe('true');
  expect(answer.status).toBe(first.status);
  const { instance, server_time: time, ...rest } = first.body;
  expect(answer.body).toEqual({
    ...rest,
    ...(instance === undefined ? {} : { instance: answer.headers.get('x-request-id') }),
    ...(time === undefined ? {} : { server_time: TIMESTAMP }),
  });
  if (time !== undefined) expect(Date.parse(answer.body.server_time)).toBeGreaterThanOrEqual(Date.parse(time));
  if (instance !== undefined) expect(answer.body.instance).not.toBe(instance);
}

describe('the first answer is given again', () => {
  it('of a hold: even when the seat is somebody else’s by then', async () => {
    const key = newKey();
    const first = await ok(me.hold(showId, ['A1', 'A2'], keyed(key)));
    expectReplay(await me.hold(showId, ['A1', 'A2'], keyed(key)), first);

    await ok(me.release(showId, ['A1', 'A2']));
    await ok(another.hold(showId, ['A1']));
    expectReplay(await me.hold(showId, ['A1', 'A2'], keyed(key)), first);
    expect(await steps()).toEqual(['A1 1 hold', 'A1 2 release', 'A1 3 hold', 'A2 1 hold', 'A2 2 release']);
  });

  it('of a hold that has lapsed', async () => {
    const key = newKey();
    const first = await ok(me.hold(showId, ['A1'], keyed(key)));
    await lapse(target.dataSource, showId, ['A1']);
    expectReplay(await me.hold(showId, ['A1'], keyed(key)), first);
    expect(await steps()).toEqual(['A1 1 hold']);
  });

  it('of a book', async () => {
    const key = newKey();
    await ok(me.hold(showId, ['A1']));
    const first = await ok(me.book(showId, ['A1'], keyed(key)));
    expectReplay(await me.book(showId, ['A1'], keyed(key)), first);
    expect(await steps()).toEqual(['A1 1 hold', 'A1 2 book']);
  });

  it('of a release: with the seats that call changed', async () => {
    const key = newKey();
    await ok(me.hold(showId, ['A1']));
    const first = await ok(me.release(showId, ['A1', 'A2'], keyed(key)));
    expect(first.body.released).toEqual(seats('A1'));
    await ok(me.hold(showId, ['A1']));
    expectReplay(await me.release(showId, ['A1', 'A2'], keyed(key)), first);
    expect(await steps()).toEqual(['A1 1 hold', 'A1 2 release', 'A1 3 hold']);
  });

  it('of a command that changed nothing', async () => {
    const key = newKey();
    await ok(me.hold(showId, ['A1']));
    const first = await ok(me.hold(showId, ['A1'], keyed(key)));
    await ok(me.release(showId, ['A1']));
    expectReplay(await me.hold(showId, ['A1'], keyed(key)), first);
    expect(await steps()).toEqual(['A1 1 hold', 'A1 2 release']);
  });

  it('to the same seats in another order', async () => {
    const key = newKey();
    const first = await ok(me.hold(showId, ['A1', 'B1', 'A2'], keyed(key)));
    expectReplay(await me.hold(showId, ['B1', 'A2', 'A1'], keyed(key)), first);
  });

  it('every time', async () => {
    const key = newKey();
    const first = await ok(me.hold(showId, ['A1'], keyed(key)));
    for (let time = 0; time < 3; time++) expectReplay(await me.hold(showId, ['A1'], keyed(key)), first);
    expect(await records(key)).toBe(1);
  });

  it('to two who come at once: one of them is the first', async () => {
    const key = newKey();
    const answers = await Promise.all(Array.from({ length: 5 }, () => me.hold(showId, ['A1'], keyed(key))));
    expect(tally(answers)).toEqual({ '200': 5 });
    expect(answers.filter((answer) => isReplayed(answer) === 'true')).toHaveLength(4);
    const untimed = answers.map(({ body }) => JSON.stringify({ ...body, server_time: null }));
    expect(new Set(untimed).size).toBe(1);
    expect([await steps(), await records(key)]).toEqual([['A1 1 hold'], 1]);
  });

  it('without a key nothing is stored, and nothing marked', async () => {
    const count = async () => (await target.dataSource.query('SELECT count(*)::int FROM idempotency_record'))[0].count;
    const before = await count();
    await ok(me.hold(showId, ['A1']));
    expect(isReplayed(await ok(me.hold(showId, ['A1'])))).toBeNull();
    expect(await count()).toBe(before);
  });
});

describe('a refusal is an answer as well', () => {
  it('SEAT_UNAVAILABLE, even when the seat is free by then', async () => {
    const key = newKey();
    await ok(another.hold(showId, ['A1']));
    const first = await me.hold(showId, ['A1'], keyed(key));
    expectProblem(first, 'SEAT_UNAVAILABLE', seatsOf({ A1: 'SEAT_HELD' }));
    await ok(another.release(showId, ['A1']));
    const second = await me.hold(showId, ['A1'], keyed(key));
    expectProblem(second, 'SEAT_UNAVAILABLE', seatsOf({ A1: 'SEAT_HELD' }));
    expectReplay(second, first);
    expect(await steps()).toEqual(['A1 1 hold', 'A1 2 release']);
    await ok(me.hold(showId, ['A1'], keyed(newKey())));
  });

  it('NOT_YOUR_HOLD, of a book and of a release', async () => {
    for (const command of ['book', 'release'] as const) {
      const key = newKey();
      await ok(another.hold(showId, ['A1']));
      const first = await me[command](showId, ['A1'], keyed(key));
      expectProblem(first, 'NOT_YOUR_HOLD', seatsOf({ A1: 'SEAT_HELD' }));
      await ok(another.release(showId, ['A1']));
      await ok(me.hold(showId, ['A1']));
      expectReplay(await me[command](showId, ['A1'], keyed(key)), first);
      await ok(me.release(showId, ['A1']));
    }
  });

  it('HOLD_LIMIT_EXCEEDED, even when there is room by then', async () => {
    const key = newKey();
    const ten = Array.from({ length: 10 }, (_, i) => `A${i + 1}`);
    await ok(me.hold(showId, ten));
    const first = await me.hold(showId, ['B1'], keyed(key));
    expectProblem(first, 'HOLD_LIMIT_EXCEEDED');
    await ok(me.release(showId, ten));
    expectReplay(await me.hold(showId, ['B1'], keyed(key)), first);
  });

  it('SALES_CLOSED, even when they are open by then', async () => {
    const key = newKey();
    const later = await createShow(target.dataSource, { opensInMs: 60_000 });
    const first = await me.hold(later, ['A1'], keyed(key));
    expectProblem(first, 'SALES_CLOSED');
    await target.dataSource.query(`UPDATE show SET sales_open_at = now() - interval '1 minute' WHERE id = $1`, [later]);
    expectReplay(await me.hold(later, ['A1'], keyed(key)), first);
    await ok(me.hold(later, ['A1']));
  });
});

describe('the key belongs to the request', () => {
  it.each<[string, (key: string) => Promise<Answer>]>([
    ['another command', (key) => me.release(showId, ['A1'], keyed(key))],
    ['other seats', (key) => me.hold(showId, ['A2'], keyed(key))],
    ['more seats', (key) => me.hold(showId, ['A1', 'A2'], keyed(key))],
    ['seats that do not exist', (key) => me.hold(showId, ['Z9'], keyed(key))],
  ])('with %s it is refused, changes nothing, and still stands for the first', async (_, reuse) => {
    const key = newKey();
    const first = await ok(me.hold(showId, ['A1'], keyed(key)));
    const answer = await reuse(key);
    expectProblem(answer, 'IDEMPOTENCY_KEY_REUSED');
    expect([isReplayed(answer), await records(key), await steps()]).toEqual([null, 1, ['A1 1 hold']]);
    expectReplay(await me.hold(showId, ['A1'], keyed(key)), first);
  });

  it('also when the first was refused', async () => {
    const key = newKey();
    await ok(another.hold(showId, ['A1']));
    expectProblem(await me.hold(showId, ['A1'], keyed(key)), 'SEAT_UNAVAILABLE', seatsOf({ A1: 'SEAT_HELD' }));
    expectProblem(await me.hold(showId, ['A2'], keyed(key)), 'IDEMPOTENCY_KEY_REUSED');
  });
});

describe('the key belongs to the show', () => {
  it('another show’s is simply another key', async () => {
    const key = newKey();
    const otherShow = await createShow(target.dataSource);
    const first = await ok(me.hold(showId, ['A1'], keyed(key)));
    const elsewhere = await me.hold(otherShow, ['A1'], keyed(key));
    expect([elsewhere.status, isReplayed(elsewhere), await records(key)]).toEqual([200, null, 2]);
    expectReplay(await me.hold(showId, ['A1'], keyed(key)), first);
    expectReplay(await me.hold(otherShow, ['A1'], keyed(key)), elsewhere);
  });

  it('a show or seat that does not exist leaves its key unused', async () => {
    const key = newKey();
    expectProblem(await me.hold(NO_SHOW, ['A1'], keyed(key)), 'SHOW_NOT_FOUND');
    expectProblem(await me.hold(showId, ['Z9'], keyed(key)), 'SEAT_NOT_FOUND', seatsOf({ Z9: 'SEAT_NOT_FOUND' }));
    expect(await records(key)).toBe(0);
    await target.dataSource.query(`INSERT INTO seat (show_id, "row", number, price) VALUES ($1, 'Z', 9, 5)`, [showId]);
    expect(isReplayed(await ok(me.hold(showId, ['Z9'], keyed(key))))).toBeNull();
  });

  /** Version 0.1 stored no show. */
  const forgetShow = (key: string) =>
    target.dataSource.query('UPDATE idempotency_record SET show_id = 0 WHERE key = $1', [key]);

  it('an answer of version 0.1 is given again to the same request', async () => {
    const key = newKey();
    const first = await ok(me.hold(showId, ['A1'], keyed(key)));
    await forgetShow(key);
    expectReplay(await me.hold(showId, ['A1'], keyed(key)), first);
    expect([await records(key), await steps()]).toEqual([1, ['A1 1 hold']]);
  });

  it('and is no answer to any other request', async () => {
    const key = newKey();
    await ok(me.hold(showId, ['A1'], keyed(key)));
    await forgetShow(key);
    const other = await ok(me.hold(showId, ['A2'], keyed(key)));
    expect([isReplayed(other), await records(key)]).toEqual([null, 2]);
    expectReplay(await me.hold(showId, ['A2'], keyed(key)), other);
  });
});

describe('the key belongs to the holder', () => {
  it('another’s is simply another key', async () => {
    const key = newKey();
    const first = await ok(me.hold(showId, ['A1'], keyed(key)));
    const theirs = await another.hold(showId, ['A2'], keyed(key));
    expect([theirs.status, isReplayed(theirs)]).toEqual([200, null]);
    expect(await records(key)).toBe(2);
    expectReplay(await me.hold(showId, ['A1'], keyed(key)), first);
    expectReplay(await another.hold(showId, ['A2'], keyed(key)), theirs);
  });

  it('also when many come with it at once', async () => {
    const key = newKey();
    const people = await Promise.all(Array.from({ length: 20 }, () => person(target)));
    const answers = await Promise.all(
      people.map((each, index) => each.hold(showId, [`${'AB'[index % 2]}${Math.floor(index / 2) + 1}`], keyed(key))),
    );
    expect(tally(answers)).toEqual({ '200': 20 });
    expect(answers.filter(isReplayed)).toEqual([]);
    expect(await records(key)).toBe(20);
  });

  it('the very same request of another is decided for them', async () => {
    const key = newKey();
    await ok(me.hold(showId, ['A1'], keyed(key)));
    const theirs = await another.hold(showId, ['A1'], keyed(key));
    expectProblem(theirs, 'SEAT_UNAVAILABLE', seatsOf({ A1: 'SEAT_HELD' }));
    expect(isReplayed(theirs)).toBeNull();
  });
});

describe('what was never decided is not stored', () => {
  const post = (body: unknown, headers: Record<string, string>, token?: string) =>
    request(target, 'POST', '/api/seats/hold-batch/', { body, headers, token });

  it('an invalid request leaves its key to a valid one', async () => {
    const key = newKey();
    for (const body of [{}, { show_id: showId, seats: [] }, { show_id: showId, seats: seats('A1', 'A1') }, '{']) {
      expect((await post(body, keyed(key), me.token)).status).toBe(400);
    }
    expect(await records(key)).toBe(0);
    expect(isReplayed(await ok(me.hold(showId, ['A1'], keyed(key))))).toBeNull();
  });

  it('nor does a request without a token, or with too large a body, use it up', async () => {
    const key = newKey();
    const body = { show_id: showId, seats: seats('A1') };
    expectProblem(await post(body, keyed(key)), 'UNAUTHENTICATED');
    expectProblem(await post(JSON.stringify(body).padEnd(70_000), keyed(key), me.token), 'PAYLOAD_TOO_LARGE');
    expect(await records(key)).toBe(0);
    expect(isReplayed(await ok(me.hold(showId, ['A1'], keyed(key))))).toBeNull();
  });
});

describe('a key', () => {
  it('is 1 to 255 visible characters', async () => {
    for (const key of ['k', '~!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}', 'k'.repeat(255)]) {
      const first = await ok(me.hold(showId, ['A1'], keyed(key)));
      expectReplay(await me.hold(showId, ['A1'], keyed(key)), first);
    }
  });

  it.each([
    ['empty', ''],
    ['256 characters', 'k'.repeat(256)],
    ['with a space', 'a b'],
    ['sent twice', 'a, b'],
    ['with a tab', 'a\tb'],
    ['beyond ASCII', 'cl\u00e9'],
  ])('%s is refused', async (_, key) => {
    for (const command of ['hold', 'book', 'release'] as const) {
      expectProblem(await me[command](showId, ['A1'], keyed(key)), 'VALIDATION_FAILED', fields('Idempotency-Key'));
    }
    expect(await steps()).toEqual([]);
  });

  it('is told apart to the letter', async () => {
    const key = newKey();
    await ok(me.hold(showId, ['A1'], keyed(key)));
    expect(isReplayed(await ok(me.hold(showId, ['A1'], keyed(key.toUpperCase()))))).toBeNull();
  });
});

describe('the stored answer', () => {
  const age = (key: string, interval: string) =>
    target.dataSource.query('UPDATE idempotency_record SET created_at = created_at - $2::interval WHERE key = $1', [
      key,
      interval,
    ]);

  it('is kept for 24 hours, and forgotten then', async () => {
    const [young, old] = [newKey(), newKey()];
    const first = await ok(me.hold(showId, ['A1'], keyed(young)));
    await ok(me.hold(showId, ['A2'], keyed(old)));
    await age(young, '23:59:00');
    await age(old, '24:00:01');
    expectReplay(await me.hold(showId, ['A1'], keyed(young)), first);
    // The key may stand for something else now.
    expect(isReplayed(await ok(me.hold(showId, ['A3'], keyed(old))))).toBeNull();
    expect([await records(young), await records(old)]).toEqual([1, 1]);
  });

  describe('is removed with its partition', () => {
    const clean = () => target.app.get(IdempotencyCleaner).clean();
    /** As a row that was stored in that slot, so long ago. Slot -1 has the rows of version 0.1. */
    const store = (key: string, slot: number, interval: string) =>
      target.dataSource.query(
        `INSERT INTO idempotency_record (show_id, holder_id, key, slot, fingerprint, outcome, created_at)
         VALUES ($1, $2, $3, $4, '', '{}', now() - $5::interval)`,
        [showId, me.id, key, slot, interval],
      );

    beforeEach(() => target.dataSource.query('TRUNCATE idempotency_record'));

    it.each(PARTITIONS)('$table, once none of its answers is kept', async ({ slot, table }) => {
      const [old, young] = [newKey(), newKey()];
      await store(old, slot, '24:00:01');
      await store(young, slot, '23:59:59');
      expect([await clean(), await records(old)]).toEqual([[], 1]);
      await age(young, '00:00:01');
      expect([await clean(), await records(old), await records(young)]).toEqual([[table], 0, 0]);
      expect(await clean()).toEqual([]);
    });

    it('at the next time, where somebody uses the partition', async () => {
      await store(newKey(), 0, '24:00:01');
      const blocker = await block(target.databaseUrl, 'LOCK TABLE idempotency_record_0 IN ACCESS SHARE MODE');
      expect(await clean()).toEqual([]);
      await blocker.release();
      expect(await clean()).toEqual(['idempotency_record_0']);
    });

    it('by a look at the end of an index: its cost does not grow with the rows', async () => {
      await target.dataSource.query(
        `INSERT INTO idempotency_record (show_id, holder_id, key, slot, fingerprint, outcome, created_at)
         SELECT 1, 'h', i::text, 0, '', '{}', now() - interval '1 day 1 second' FROM generate_series(1, 20000) AS i`,
      );
      await target.dataSource.query('ANALYZE idempotency_record_0');
      const plan = await target.dataSource.query<{ 'QUERY PLAN': string }[]>(
        'EXPLAIN SELECT max(created_at) FROM idempotency_record WHERE slot = 0',
      );
      expect(plan.map((line) => line['QUERY PLAN']).join('\n')).toMatch(
        /Limit.*\n.*Index.*Scan Backward using idempotency_record_0_created_at/,
      );
      expect(await clean()).toEqual(['idempotency_record_0']);
    });
  });

  it('goes to three slots in turn, one for each 24 hours', () => {
    const dayMs = 86_400_000;
    const slots = Array.from({ length: 5 }, (_, day) => [slotAt(day * dayMs, 24), slotAt((day + 1) * dayMs - 1, 24)]);
    expect(slots).toEqual([
      [0, 0],
      [1, 1],
      [2, 2],
      [0, 0],
      [1, 1],
    ]);
  });

  it('takes no more than 200 bytes where ten seats are refused', async () => {
    const key = randomUUID();
    const ten = Array.from({ length: 10 }, (_, i) => `A${i + 1}`);
    await ok(another.hold(showId, ten));
    const first = await me.hold(showId, ten, keyed(key));
    expectProblem(first, 'SEAT_UNAVAILABLE', seatsOf(Object.fromEntries(ten.map((name) => [name, 'SEAT_HELD']))));
    const [{ bytes }] = await target.dataSource.query(
      'SELECT pg_column_size(record.*) AS bytes FROM idempotency_record AS record WHERE key = $1',
      [key],
    );
    expect(bytes).toBeLessThanOrEqual(200);
    expectReplay(await me.hold(showId, ten.toReversed(), keyed(key)), first);
  });

  it('counts as forgotten at its time, whether or not it has been cleaned up', async () => {
    const key = newKey();
    await ok(me.hold(showId, ['A1'], keyed(key)));
    await age(key, '24:00:01');
    const other = await ok(me.hold(showId, ['A2'], keyed(key)));
    expect([isReplayed(other), await records(key)]).toEqual([null, 1]);
    expectReplay(await me.hold(showId, ['A2'], keyed(key)), other);
  });

  it('is written with its effect: when one can’t be, neither is', async () => {
    const key = newKey();
    await target.dataSource.query(`ALTER TABLE idempotency_record ADD CONSTRAINT refuse_all CHECK (key <> '${key}')`);
    expectProblem(await me.hold(showId, ['A1'], keyed(key)), 'INTERNAL');
    await target.dataSource.query('ALTER TABLE idempotency_record DROP CONSTRAINT refuse_all');
    expect([await steps(), await records(key)]).toEqual([[], 0]);
    expect(isReplayed(await ok(me.hold(showId, ['A1'], keyed(key))))).toBeNull();
  });
});

describe('a holder’s keys are limited', () => {
  const LIMIT = 5;
  let limited: TestApp;
  let ada: Person;
  let show: number;

  beforeAll(async () => {
    limited = await startApp({
      RATE_LIMIT_ENABLED: 'true',
      IDEMPOTENCY_MAX_KEYS_PER_HOLDER: String(LIMIT),
      COMBINE_LANES: '1',
    });
  });
  afterAll(() => limited.close());
  beforeEach(async () => {
    [ada, show] = await Promise.all([person(limited), createShow(limited.dataSource)]);
  });

  const hold = (number: number, key?: string) => ada.hold(show, [`A${number}`], key ? keyed(key) : {});

  it('to so many; then the answer says so, and when there is room again', async () => {
    const names = Array.from({ length: LIMIT }, newKey);
    for (const [index, key] of names.entries()) await ok(hold(index + 1, key));
    const refused = await hold(9, newKey());
    expectProblem(refused, 'RATE_LIMITED');
    expect(refused.body.detail).toContain(`${LIMIT} idempotency keys`);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(86_000);
    expect((await ada.seatMap(show)).body.stats.held).toBe(LIMIT);

    // Retries are answered all the same, other holders too, and so are commands without a key.
    expect(isReplayed(await ok(hold(1, names[0])))).toBe('true');
    await ok((await person(limited)).hold(show, ['B1'], keyed(newKey())));
    await ok(hold(9));
  });

  it('also where they come at once', async () => {
    const answers = await Promise.all(Array.from({ length: LIMIT + 3 }, (_, index) => hold(index + 1, newKey())));
    expect(tally(answers)).toEqual({ '200': LIMIT, '429 RATE_LIMITED': 3 });
  });

  it('and what is not stored does not count', async () => {
    for (let i = 0; i < LIMIT + 1; i++)
      expectProblem(await ada.hold(NO_SHOW, ['A1'], keyed(newKey())), 'SHOW_NOT_FOUND');
    const key = newKey();
    for (let i = 0; i < LIMIT + 1; i++) await ok(hold(1, key));
    await ok(hold(2, newKey()));
  });
});
