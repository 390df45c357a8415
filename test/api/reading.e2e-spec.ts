import { startApp, TestApp } from '../support/app';
import { block } from '../../proof/kit/blocker';
import { until } from '../../proof/kit/until';
import { Answer, person, Person, request, SeatName } from '../support/client';
import { expectInvalid, expectProblem, ok, TEXT, TIMESTAMP } from '../support/expectations';
import { createShow, lapse, NO_SHOW } from '../support/house';

let target: TestApp;
let me: Person;
let another: Person;
let showId: number;

beforeAll(async () => {
  target = await startApp();
});
afterAll(() => target.close());
beforeEach(async () => {
  [me, another, showId] = await Promise.all([
    person(target),
    person(target),
    createShow(target.dataSource, { rows: 1, seatsPerRow: 4 }),
  ]);
});

const get = (path: string, headers?: Record<string, string>) => request(target, 'GET', path, { headers });
const seatMap = (headers?: Record<string, string>) => get(`/api/seats/?show_id=${showId}`, headers);

/** A1 held by me, A2 by another, A3 booked by me, A4 free. */
async function mixed(): Promise<void> {
  await ok(me.hold(showId, ['A1', 'A3']));
  await ok(another.hold(showId, ['A2']));
  await ok(me.book(showId, ['A3']));
}

describe('the seat map', () => {
  const PUBLIC = [
    { row: 'A', number: 1, status: 'HELD', version: 1 },
    { row: 'A', number: 2, status: 'HELD', version: 1 },
    { row: 'A', number: 3, status: 'BOOKED', version: 2 },
    { row: 'A', number: 4, status: 'AVAILABLE', version: 0 },
  ];

  it('shows everybody the same, and nobody who has what', async () => {
    await mixed();
    const stranger = await person(target);
    for (const answer of [await ok(seatMap()), await ok(stranger.seatMap(showId))]) {
      expect(answer.body).toEqual({
        show_id: showId,
        screen: expect.stringMatching(/^Screen \d+ of \d+$/),
        server_time: TIMESTAMP,
        stats: { total: 4, available: 1, held: 2, booked: 1, blocked: 0 },
        seats: PUBLIC,
      });
      expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    }
  });

  it('shows a holder their own holds, and only those', async () => {
    const { body: hold } = await ok(me.hold(showId, ['A1']));
    await mixed();
    const [a1, a2, ...rest] = PUBLIC;
    const { body } = await ok(me.seatMap(showId));
    expect(body.seats).toEqual([{ ...a1, held_by_me: true, hold_expires_at: hold.expires_at }, a2, ...rest]);
    const theirs = await ok(another.seatMap(showId));
    expect(theirs.body.seats).toEqual([a1, { ...a2, held_by_me: true, hold_expires_at: TIMESTAMP }, ...rest]);
    for (const text of [JSON.stringify(body), JSON.stringify(theirs.body)]) expect(text).not.toMatch(/guest:/);
  });

  it('counts versions: one for every stored change', async () => {
    const versions = async () => (await ok(seatMap())).body.seats.map((each: { version: number }) => each.version);
    expect(await versions()).toEqual([0, 0, 0, 0]);
    await ok(me.hold(showId, ['A1', 'A2']));
    await ok(me.hold(showId, ['A1']));
    await ok(me.release(showId, ['A2', 'A3']));
    expect(await versions()).toEqual([1, 2, 0, 0]);
    await ok(me.book(showId, ['A1']));
    await ok(me.hold(showId, ['A2']));
    await lapse(target.dataSource, showId, ['A2']);
    expect(await versions()).toEqual([2, 4, 0, 0]);
  });

  it('is in row, number order, as people count', async () => {
    await target.dataSource.query(
      `INSERT INTO seat (show_id, "row", number, price) SELECT $1, label, number, 1 FROM unnest('{B,AA,a,Ä,1,10,2,ST-A,B10,B2}'::text[]) AS label, unnest('{10,9,1}'::int[]) AS number`,
      [showId],
    );
    const { body } = await ok(seatMap());
    const numbers = new Map<string, number[]>();
    for (const { row, number } of body.seats) numbers.set(row, [...(numbers.get(row) ?? []), number]);
    expect([...numbers.keys()]).toEqual(['1', '2', '10', 'A', 'B', 'B2', 'B10', 'a', 'Ä', 'AA', 'ST-A']);
    expect(numbers.get('A')).toEqual([1, 2, 3, 4]);
    expect(numbers.get('B10')).toEqual([1, 9, 10]);
    expect(body.stats.total).toBe(34);
  });

  it('names no seat that a command can’t', async () => {
    // With the characters that tables take beside those of ASCII.
    const rows = ['ST-A', 'Ä-1', '座', 'A1'];
    await target.dataSource.query(
      `INSERT INTO seat (show_id, "row", number, price) SELECT $1, label, 1, 1 FROM unnest($2::text[]) AS label`,
      [showId, rows],
    );
    const { body } = await ok(seatMap());
    const command = { show_id: showId, seats: body.seats.map(({ row, number }: SeatName) => ({ row, number })) };
    await ok(request(target, 'POST', '/api/seats/hold-batch/', { token: me.token, body: command }));
  });

  it('agrees with itself while everything changes', async () => {
    const big = await createShow(target.dataSource, { rows: 4, seatsPerRow: 10 });
    const people = [me, another, await person(target)];
    const changes = people.map(async (each, index) => {
      for (let seat = 1; seat <= 8; seat++) {
        await ok(each.hold(big, [`ABC`[index]! + seat, `D${index * 3 + 1}`]));
        await (seat % 2 ? each.book : each.release)(big, [`ABC`[index]! + seat]);
      }
    });
    let running = true;
    const done = Promise.all(changes).finally(() => (running = false));
    const maps: Answer[] = [];
    while (running) maps.push(...(await Promise.all([1, 2, 3].map(() => get(`/api/seats/?show_id=${big}`)))));
    await done;
    for (const { body } of maps) {
      const count = (status: string) => body.seats.filter((each: { status: string }) => each.status === status).length;
      expect(body.stats).toEqual({
        total: 40,
        available: count('AVAILABLE'),
        blocked: count('BLOCKED'),
        held: count('HELD'),
        booked: count('BOOKED'),
      });
    }
    expect((await get(`/api/seats/?show_id=${big}`)).body.stats).toEqual({
      total: 40,
      available: 25,
      held: 3,
      booked: 12,
      blocked: 0,
    });
  });

  it('never is older than the question, though readers share queries', async () => {
    // A query of the test's choice takes its snapshot, and is then kept from ending.
    await target.dataSource.query(
      'CREATE FUNCTION wait_here() RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock_shared(42); RETURN 0; END $$',
    );
    await target.dataSource.query('ALTER TABLE screen RENAME TO real_screen');
    await target.dataSource.query(
      'CREATE VIEW screen AS SELECT id, name, layout FROM real_screen WHERE wait_here() = 0',
    );
    await target.dataSource.query('GRANT SELECT ON screen TO PUBLIC');
    try {
      const blocker = await block(target.databaseUrl, 'SELECT pg_advisory_xact_lock(42)');
      const before = seatMap();
      await blocker.untilWaiting(1);
      await ok(me.hold(showId, ['A1']));
      const after = [seatMap(), seatMap()];
      // They have arrived when a later request has been answered.
      await ok(get('/health/live'));
      await blocker.release();
      const statuses = await Promise.all(
        [before, ...after].map(async (answer) => (await ok(answer)).body.seats[0].status),
      );
      expect(statuses).toEqual(['AVAILABLE', 'HELD', 'HELD']);
    } finally {
      await target.dataSource.query('DROP VIEW screen');
      await target.dataSource.query('ALTER TABLE real_screen RENAME TO screen');
    }
  });

  it('is valid JSON whatever a row is called', async () => {
    // As in a database whose rows were there before the check.
    await target.dataSource.query('ALTER TABLE seat DROP CONSTRAINT seat_name');
    await target.dataSource.query('UPDATE seat SET "row" = $2 WHERE show_id = $1', [showId, '"\\ü']);
    const { body } = await ok(seatMap());
    expect(body.seats.map(({ row, number }: { row: string; number: number }) => [row, number])).toEqual(
      [1, 2, 3, 4].map((n) => ['"\\ü', n]),
    );
  });

  it('of a show without seats is empty', async () => {
    const empty = await createShow(target.dataSource, { rows: 0 });
    const { body } = await ok(get(`/api/seats/?show_id=${empty}`));
    expect(body).toMatchObject({ stats: { total: 0, available: 0, held: 0, booked: 0, blocked: 0 }, seats: [] });
  });

  it('of no show there is none', async () => {
    expectProblem(await get(`/api/seats/?show_id=${NO_SHOW}`), 'SHOW_NOT_FOUND');
    expectProblem(await get(`/api/seats/?show_id=${showId + 1_000}`), 'SHOW_NOT_FOUND');
  });

  it.each([
    '',
    '?show_id=',
    '?show_id=abc',
    '?show_id=0',
    '?show_id=-1',
    '?show_id=1.5',
    '?show_id=1e3',
    '?show_id=0x1',
    '?show_id=2147483648',
    '?show_id=99999999999999999999',
    '?show_id=1&show_id=2',
    '?show_id=%201',
    '?show_id=null',
    '?show_id=%00',
  ])('%j asks for no show that there can be', async (query) => {
    expectInvalid(await get(`/api/seats/${query}`), 'show_id');
  });

  it('needs no token, but none that is not valid', async () => {
    expectProblem(await seatMap({ authorization: 'Bearer nonsense' }), 'UNAUTHENTICATED');
    expectProblem(await get('/api/shows/', { authorization: 'Bearer nonsense' }), 'UNAUTHENTICATED');
    expectProblem(await get(`/api/shows/${showId}/`, { authorization: 'Bearer' }), 'UNAUTHENTICATED');
    // What a proxy in front of a test system asks for.
    await ok(get(`/api/shows/${showId}/`, { authorization: 'Basic YTpi' }));
  });
});

describe('the ETag of a seat map', () => {
  const etag = async (headers?: Record<string, string>) => (await ok(seatMap(headers))).headers.get('etag')!;

  it('is weak, private to the viewer, and stays while nothing changes', async () => {
    const { headers } = await ok(seatMap());
    expect(headers.get('etag')).toMatch(/^W\/"[^"]+"$/);
    expect(headers.get('vary')).toMatch(/authorization/i);
    expect(headers.get('cache-control')).toMatch(/private/);
    expect(await etag()).toBe(headers.get('etag'));
  });

  it('is answered by 304 and nothing else, in every form', async () => {
    const tag = await etag();
    for (const header of [tag, tag.replace('W/', ''), `"other", ${tag}`, `${tag} , "other"`, '*']) {
      const answer = await seatMap({ 'if-none-match': header });
      expect([answer.status, answer.body]).toEqual([304, '']);
      expect(answer.headers.get('etag')).toBe(tag);
      expect(answer.headers.get('x-request-id')).not.toBeNull();
    }
    for (const header of ['W/"other"', tag.slice(0, -2), tag.toUpperCase(), '""', 'nonsense']) {
      expect((await seatMap({ 'if-none-match': header })).status).toBe(200);
    }
  });

  it('changes with every change of a seat', async () => {
    const tags = [await etag()];
    await ok(me.hold(showId, ['A1']));
    tags.push(await etag());
    await ok(me.release(showId, ['A1']));
    tags.push(await etag());
    await ok(me.hold(showId, ['A1']));
    tags.push(await etag());
    await ok(me.book(showId, ['A1']));
    tags.push(await etag());
    await ok(me.hold(showId, ['A2']));
    tags.push(await etag());
    await lapse(target.dataSource, showId, ['A2']);
    tags.push(await etag());
    expect(new Set(tags).size).toBe(7);
    expect((await seatMap({ 'if-none-match': tags.slice(0, -1).join(', ') })).status).toBe(200);
  });

  it('does not change with what changes nothing', async () => {
    await ok(me.hold(showId, ['A1']));
    const tag = await etag();
    await ok(me.hold(showId, ['A1']));
    await another.hold(showId, ['A1', 'A2']);
    await ok(me.release(showId, ['A3']));
    expect(await etag()).toBe(tag);
  });

  it('of what I see is not that of what others see', async () => {
    await ok(me.hold(showId, ['A1']));
    const mine = (await me.seatMap(showId)).headers.get('etag')!;
    expect(mine).not.toBe(await etag());
    expect((await seatMap({ authorization: `Bearer ${me.token}`, 'if-none-match': mine })).status).toBe(304);
    expect((await seatMap({ 'if-none-match': mine })).status).toBe(200);
    expect((await seatMap({ authorization: `Bearer ${another.token}`, 'if-none-match': mine })).status).toBe(200);
  });
});

describe('a show', () => {
  it('is shown with its seats counted', async () => {
    await mixed();
    const { body } = await ok(get(`/api/shows/${showId}/`));
    expect(body).toEqual({
      id: showId,
      title: TEXT,
      screen: TEXT,
      starts_at: TIMESTAMP,
      ends_at: TIMESTAMP,
      price: '100.00',
      currency: 'USD',
      sales: 'OPEN',
      stats: { total: 4, available: 1, held: 2, booked: 1, blocked: 0 },
    });
    expect(Date.parse(body.ends_at) - Date.parse(body.starts_at)).toBe(7_200_000);
    expect(body.stats).toEqual((await seatMap()).body.stats);
  });

  it('without seats has none', async () => {
    const empty = await createShow(target.dataSource, { rows: 0 });
    expect((await ok(get(`/api/shows/${empty}/`))).body.stats).toEqual({
      total: 0,
      available: 0,
      held: 0,
      booked: 0,
      blocked: 0,
    });
  });

  it.each([
    ['before the opening', { opensInMs: 60_000 }, 'CLOSED'],
    ['between', { opensInMs: -60_000, startsInMs: 60_000 }, 'OPEN'],
    ['after the close', { opensInMs: -60_000, startsInMs: -1_000 }, 'CLOSED'],
  ])('says whether it sells: %s', async (_, options, sales) => {
    expect((await ok(get(`/api/shows/${await createShow(target.dataSource, options)}/`))).body.sales).toBe(sales);
  });

  it('that does not exist, or can’t', async () => {
    expectProblem(await get(`/api/shows/${NO_SHOW}/`), 'SHOW_NOT_FOUND');
    for (const id of ['abc', '0', '-1', '1.5', '2147483648', '99999999999999999999', '%00', 'null', `${showId}x`]) {
      expectInvalid(await get(`/api/shows/${id}/`), 'id');
    }
  });
});

describe('the list of shows', () => {
  /** Shows at these instants; returns their ids in that order. */
  async function shows(...startsAt: string[]): Promise<number[]> {
    const ids = [];
    for (const each of startsAt) {
      const id = await createShow(target.dataSource, { rows: 1, seatsPerRow: 1 });
      await target.dataSource.query(
        `UPDATE show SET starts_at = $2, ends_at = $2::timestamptz + interval '2 hours' WHERE id = $1`,
        [id, each],
      );
      ids.push(id);
    }
    return ids;
  }
  const ids = (answer: Answer) => answer.body.shows.map((show: { id: number }) => show.id);

  it('of a day has the shows that start on it, in UTC, by start', async () => {
    const [, last, first, , middle] = await shows(
      '2040-02-28T23:59:59.999Z',
      '2040-02-29T23:59:59.999Z',
      '2040-02-29T00:00:00.000Z',
      '2040-03-01T00:00:00.000Z',
      '2040-02-29T12:00:00.000Z',
    );
    const answer = await ok(get('/api/shows/?date=2040-02-29'));
    expect(ids(answer)).toEqual([first, middle, last]);
    expect(answer.body).toEqual({
      shows: [first, middle, last].map((id) => ({
        id,
        title: TEXT,
        screen: TEXT,
        starts_at: TIMESTAMP,
        ends_at: TIMESTAMP,
        price: '100.00',
        currency: 'USD',
        sales: 'OPEN',
        stats: { total: 1, available: 1, held: 0, booked: 0, blocked: 0 },
      })),
      next: null,
    });
    expect(answer.body.shows[2].starts_at).toBe('2040-02-29T23:59:59.999Z');
    expect((await ok(get('/api/shows/?date=2040-02-27'))).body).toEqual({ shows: [], next: null });
  });

  it('counts each show’s own seats', async () => {
    const [one, two] = await shows('2041-01-01T10:00:00Z', '2041-01-01T11:00:00Z');
    await ok(me.hold(two!, ['A1']));
    expect(
      (await ok(get('/api/shows/?date=2041-01-01'))).body.shows.map((show: { id: number; stats: object }) => [
        show.id,
        show.stats,
      ]),
    ).toEqual([
      [one, { total: 1, available: 1, held: 0, booked: 0, blocked: 0 }],
      [two, { total: 1, available: 0, held: 1, booked: 0, blocked: 0 }],
    ]);
  });

  it('counts the seats of a second ago at the earliest, and one show by itself those of now', async () => {
    const [id] = await shows('2041-02-01T10:00:00Z');
    const held = async () => (await ok(get('/api/shows/?date=2041-02-01'))).body.shows[0].stats.held;
    expect(await held()).toBe(0);
    await ok(me.hold(id!, ['A1']));
    const askedMs = performance.now();
    expect((await ok(get(`/api/shows/${id}/`))).body.stats.held).toBe(1);
    await until(async () => (await held()) === 1);
    expect(performance.now() - askedMs).toBeLessThan(1_500);
  });

  it('comes page by page: each show once, whatever starts at the same time', async () => {
    const all = await shows(...Array(3).fill('2042-01-01T10:00:00Z'), ...Array(4).fill('2042-01-01T11:00:00.001Z'));
    for (const limit of [1, 2, 3, 6, 7, 8, 200]) {
      const pages: number[][] = [];
      for (let after = ''; ;) {
        const page = await ok(get(`/api/shows/?date=2042-01-01&limit=${limit}${after}`));
        pages.push(ids(page));
        if (page.body.next === null) break;
        after = `&after=${encodeURIComponent(page.body.next)}`;
      }
      expect(pages.flat()).toEqual(all);
      expect(pages.map((page) => page.length)).toEqual(
        [...Array(Math.ceil(7 / limit) - 1).fill(limit), 7 % limit || limit].map((n) => Math.min(n, 7)),
      );
    }
  });

  it('has 50 on a page without a limit', async () => {
    await shows(...Array(51).fill('2043-01-01T10:00:00Z'));
    const { body } = await ok(get('/api/shows/?date=2043-01-01'));
    expect(body.shows).toHaveLength(50);
    expect(ids(await ok(get(`/api/shows/?date=2043-01-01&after=${body.next}`)))).toHaveLength(1);
  });

  it('of no day has all that have not ended', async () => {
    const ended = await createShow(target.dataSource, { startsInMs: -7_201_000, opensInMs: -9_000_000 });
    const running = await createShow(target.dataSource, { startsInMs: -7_140_000, opensInMs: -9_000_000 });
    const listed = async (limit: number) => ids(await ok(get(`/api/shows/?limit=${limit}`)));
    await until(async () => (await listed(200)).includes(running));
    expect(await listed(200)).toContain(showId);
    expect(await listed(200)).not.toContain(ended);
    await until(async () => (await listed(1))[0] === running);
  });

  it.each<[string, string]>([
    ['date=', 'date'],
    ['date=tomorrow', 'date'],
    ['date=2026-2-1', 'date'],
    ['date=2026-02-30', 'date'],
    ['date=2026-13-01', 'date'],
    ['date=2026-00-00', 'date'],
    ['date=2027-02-29', 'date'],
    ['date=2026-01-01T00:00:00Z', 'date'],
    ['date=20260101', 'date'],
    ['date=2026-01-01&date=2026-01-02', 'date'],
    ['limit=0', 'limit'],
    ['limit=201', 'limit'],
    ['limit=-1', 'limit'],
    ['limit=1.5', 'limit'],
    ['limit=all', 'limit'],
    ['limit=', 'limit'],
    ['after=', 'after'],
    ['after=abc', 'after'],
    ['after=%00', 'after'],
    [`after=${'a'.repeat(101)}`, 'after'],
    [`after=${Buffer.from('1.1;').toString('base64url')}`, 'after'],
    [`after=${Buffer.from('1.0d3b8a52-5f0e-4e6c-9d0a-0b6d3a1e7c11').toString('base64url')}`, 'after'],
  ])('is not asked for with %s', async (query, field) => {
    expectInvalid(await get(`/api/shows/?${query}`), field);
  });

  it.each(['0001-01-01', '1970-01-01', '9999-12-31'])('knows no shows on %s', async (date) => {
    expect((await ok(get(`/api/shows/?date=${date}`))).body).toEqual({ shows: [], next: null });
  });

  it('takes every cursor that it gives, whatever ids and instants there are', async () => {
    // As in a database whose ids were taken over from an older system.
    await target.dataSource.query(
      `INSERT INTO show (id, movie_id, screen_id, starts_at, ends_at, sales_open_at, sales_close_at, price, currency)
       OVERRIDING SYSTEM VALUE
       SELECT id, movie_id, screen_id, day, day + interval '1 day', day - interval '1 day', day, 1, 'USD'
         FROM unnest('{2147483646,2147483645,1500000002,1500000001,999999999}'::int[]) AS id,
              (SELECT movie_id, screen_id FROM show LIMIT 1) AS other,
              unnest('{1950-01-01,0001-01-02,9999-12-30}'::timestamptz[]) AS day
        WHERE (id % 3 = 0) = (day = '1950-01-01') AND (id % 3 = 1) = (day = '0001-01-02')`,
    );
    try {
      const all: number[] = [];
      for (const day of ['0001-01-02', '1950-01-01', '9999-12-30']) {
        const pages: number[] = [];
        for (let after = ''; ;) {
          const page = await ok(get(`/api/shows/?date=${day}&limit=1${after}`));
          pages.push(...ids(page));
          if (page.body.next === null) break;
          after = `&after=${page.body.next}`;
        }
        expect(pages).toEqual([...pages].sort((a, b) => a - b));
        all.push(...pages);
      }
      expect(all.sort()).toEqual([1500000001, 1500000002, 2147483645, 2147483646, 999999999]);
    } finally {
      await target.dataSource.query('DELETE FROM show WHERE id >= 999999999');
    }
  });

  it.each(['999999999999999.999999999', '253402300800000.1', '1.2147483648', '-62135596800001.1'])(
    'takes no cursor that it can’t have given: %s',
    async (text) => {
      expectInvalid(await get(`/api/shows/?after=${Buffer.from(text).toString('base64url')}`), 'after');
    },
  );

  it('of a day in a zone has the shows that start on it there', async () => {
    const [evening, midnight] = await shows('2031-05-02T00:30:00Z', '2031-05-02T04:00:00Z');
    const on = async (query: string) => ids(await ok(get(`/api/shows/?${query}`)));
    expect(await on('date=2031-05-01&tz=America/New_York')).toEqual([evening]);
    expect(await on('date=2031-05-02&tz=America/New_York')).toEqual([midnight]);
    expect(await on('date=2031-05-02&tz=america%2Fnew_york')).toEqual([midnight]);
    expect(await on('date=2031-05-02')).toEqual([evening, midnight]);
    expect(await on('date=2031-05-02&tz=UTC')).toEqual([evening, midnight]);
  });

  it('of a day on which clocks are changed has its 23 or 25 hours', async () => {
    const [first, last, next] = await shows('2032-11-07T04:00:00Z', '2032-11-08T04:59:59Z', '2032-11-08T05:00:00Z');
    const on = async (date: string) => ids(await ok(get(`/api/shows/?date=${date}&tz=America/New_York`)));
    expect(await on('2032-11-07')).toEqual([first, last]);
    expect(await on('2032-11-08')).toEqual([next]);
  });

  it('of a time has the shows that start in it, in any zone', async () => {
    const [one, two, three] = await shows('2033-01-01T10:00:00Z', '2033-01-01T11:00:00Z', '2033-01-01T12:00:00Z');
    const on = async (query: string) => ids(await ok(get(`/api/shows/?${query}`)));
    expect(await on('from=2033-01-01T10:00:00Z&to=2033-01-01T12:00:00Z')).toEqual([one, two]);
    expect(await on('from=2033-01-01T12:00:00%2B01:00&to=2033-01-01T07:00:00-05:00')).toEqual([two]);
    expect(await on('from=2033-01-01T12:00:00+01:00&to=2033-01-02T00:00:00.000Z')).toEqual([two, three]);
    expect(await on('from=2033-01-01T11:00:00.001Z&to=2033-01-02T00:00:00Z')).toEqual([three]);
    const page = await ok(get('/api/shows/?from=2033-01-01T00:00:00Z&to=2033-01-02T00:00:00Z&limit=2'));
    expect(ids(page)).toEqual([one, two]);
    const rest = await ok(
      get(`/api/shows/?from=2033-01-01T00:00:00Z&to=2033-01-02T00:00:00Z&limit=2&after=${page.body.next}`),
    );
    expect([ids(rest), rest.body.next]).toEqual([[three], null]);
  });

  it.each<[string, string]>([
    ['tz=Europe/Berlin', 'tz'],
    ['date=2026-01-01&tz=Mars/Olympus', 'tz'],
    ['date=2026-01-01&tz=', 'tz'],
    ['date=2026-01-01&tz=UTC&tz=CET', 'tz'],
    ['date=2026-01-01&from=2026-01-01T00:00:00Z', 'from'],
    ['date=2026-01-01&to=2026-01-01T00:00:00Z', 'to'],
    ['from=2026-01-01', 'from'],
    ['from=2026-01-01T00:00:00', 'from'],
    ['from=2026-02-30T00:00:00Z', 'from'],
    ['from=2026-01-01T25:00:00Z', 'from'],
    ['from=now', 'from'],
    ['to=', 'to'],
    ['to=1767225600000', 'to'],
    ['to=2026-01-01T00:00:00Z&to=2026-01-01T00:00:00Z', 'to'],
  ])('is not asked for with %s', async (query, field) => {
    expectInvalid(await get(`/api/shows/?${query}`), field);
  });

  it.each(['0001-01-01', '9999-12-31'])('knows no shows on %s, in any zone', async (date) => {
    for (const tz of ['Pacific/Kiritimati', 'Pacific/Pago_Pago'])
      expect((await ok(get(`/api/shows/?date=${date}&tz=${tz}`))).body).toEqual({ shows: [], next: null });
  });
});

describe('a show that no answer can tell, from before the checks', () => {
  it.each([
    ['sales without an end', `sales_close_at = 'infinity'`, true],
    ['sales without a beginning', `sales_open_at = '-infinity'`, true],
    ['a show without an end', `ends_at = 'infinity'`, false],
    ['a show before Christ', `starts_at = '0044-03-15 12:00:00+00 BC'`, false],
  ])('takes no other show along: %s', async (_, change, isTold) => {
    const { dataSource } = target;
    await dataSource.query(
      'ALTER TABLE show DROP CONSTRAINT IF EXISTS show_times, DROP CONSTRAINT IF EXISTS show_years',
    );
    await dataSource.query(`UPDATE show SET ${change} WHERE id = $1`, [showId]);
    const other = await createShow(dataSource);
    expect((await ok(get(`/api/shows/${other}/`))).body.sales).toBe('OPEN');
    const listed = async () =>
      (await ok(get('/api/shows/?limit=200'))).body.shows.map(({ id }: { id: number }) => id) as number[];
    await until(async () => (await listed()).includes(other));
    expect((await listed()).includes(showId)).toBe(isTold);
    const one = await get(`/api/shows/${showId}/`);
    if (isTold) expect([one.status, one.body.sales]).toEqual([200, 'OPEN']);
    else expectProblem(one, 'SHOW_NOT_FOUND');
    await ok(seatMap());
    await ok(me.hold(showId, ['A1']));
    await dataSource.query(
      `UPDATE show SET starts_at = now(), ends_at = now() + interval '1 hour', sales_open_at = now() - interval '1 hour', sales_close_at = now() WHERE id = $1`,
      [showId],
    );
  });
});
