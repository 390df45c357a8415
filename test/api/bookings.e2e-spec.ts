import { startApp, TEST_SECRET, TestApp } from '../support/app';
import { person, Person, request, seats } from '../support/client';
import { expectInvalid, expectProblem, fields, ok, TIMESTAMP, UUID } from '../support/expectations';
import { createShow } from '../support/house';

let target: TestApp;
let me: Person;
let another: Person;
let showId: number;

beforeAll(async () => {
  target = await startApp();
});
afterAll(() => target.close());
beforeEach(async () => {
  [me, another, showId] = await Promise.all([person(target), person(target), createShow(target.dataSource)]);
});

const get = (path: string, who?: Person) => request(target, 'GET', path, { token: who?.token });

interface Booking {
  id: string;
  key: string;
  reference: string;
  booked_at: string;
}

async function book(who: Person, ...names: string[]): Promise<Booking> {
  await ok(who.hold(showId, names));
  return (await ok(who.book(showId, names))).body.booking;
}

describe('a booking', () => {
  it('is found by its id, as it was answered', async () => {
    const booking = await book(me, 'B1', 'A10', 'A9');
    const { body } = await ok(get(`/api/bookings/${booking.id}/`, me));
    expect(body).toEqual(booking);
    expect(body).toEqual({
      id: UUID,
      reference: expect.stringMatching(/^[2-9A-HJKMNP-TV-Z]{4}-[2-9A-HJKMNP-TV-Z]{4}$/),
      show_id: showId,
      seats: seats('A9', 'A10', 'B1'),
      total_paid: '300.00',
      currency: 'USD',
      booked_at: TIMESTAMP,
      key: expect.stringMatching(/^[A-Za-z0-9_-]{22}$/),
    });
    expect((await ok(get(`/api/bookings/${booking.id.toUpperCase()}/`, me))).body).toEqual(booking);
  });

  it('keeps what was paid, whatever seats cost later', async () => {
    const booking = await book(me, 'A1');
    await target.dataSource.query('UPDATE seat SET price = 1 WHERE show_id = $1', [showId]);
    expect((await ok(get(`/api/bookings/${booking.id}/`, me))).body).toEqual(booking);
    expect((await ok(me.book(showId, ['A1']))).body.total_paid).toBe('100.00');
  });

  it('is read with its key and no token, in a header or in a link, and never cached', async () => {
    const booking = await book(me, 'A1');
    const path = `/api/bookings/${booking.id}/`;
    const headers = { 'booking-key': booking.key };
    for (const answer of [
      await request(target, 'GET', path, { headers }),
      await request(target, 'GET', path, { headers, token: another.token }),
      await get(`${path}?key=${booking.key}`),
      await get(`/api/bookings/${booking.id.toUpperCase()}/?key=${booking.key}`),
    ]) {
      expect([answer.status, answer.body]).toEqual([200, booking]);
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
    }
    expectProblem(await get(path), 'UNAUTHENTICATED');
  });

  it('is not read with any other key, by its owner neither', async () => {
    const [booking, theirs] = [await book(me, 'A1'), await book(me, 'A2')];
    const { key } = booking;
    const last = key.at(-1) === 'A' ? 'Q' : 'A';
    const none = await get(`/api/bookings/0d3b8a52-5f0e-4e6c-9d0a-0b6d3a1e7c11/?key=${key}`);
    for (const wrong of ['', 'x', theirs.key, key.slice(1), `${key.slice(0, -1)}${last}`, `${key}A`, 'é'.repeat(11)]) {
      const answer = await get(`/api/bookings/${booking.id}/?key=${encodeURIComponent(wrong)}`, me);
      expectProblem(answer, 'BOOKING_NOT_FOUND');
      expect({ ...answer.body, instance: '' }).toEqual({ ...none.body, instance: '' });
    }
    expectProblem(await get(`/api/bookings/${booking.id}/?key=${'x'.repeat(65)}`), 'VALIDATION_FAILED', fields('key'));
    expectProblem(await get(`/api/bookings/${booking.id}/?key=a&key=b`), 'VALIDATION_FAILED', fields('key', 'key'));
  });

  it('has a key that outlives the token, and a change of the secret that keeps the former one', async () => {
    const booking = await book(me, 'A1');
    const next = await startApp({
      DATABASE_URL: target.databaseUrl,
      AUTH_JWT_SECRET: 'another-secret-for-tests-of-32-characters',
      AUTH_JWT_PREVIOUS_SECRETS: TEST_SECRET,
    });
    try {
      const { body } = await request(next, 'GET', `/api/bookings/${booking.id}/?key=${booking.key}`);
      expect(body).toEqual({ ...booking, key: expect.not.stringMatching(booking.key) });
      expect((await request(next, 'GET', `/api/bookings/${booking.id}/?key=${body.key}`)).status).toBe(200);
    } finally {
      await next.close();
    }
  });

  it('that is given again to a key carries its own', async () => {
    await ok(me.hold(showId, ['A1']));
    const headers = { 'idempotency-key': 'b' };
    const { body: first } = await ok(me.book(showId, ['A1'], headers));
    const again = await ok(me.book(showId, ['A1'], headers));
    expect([again.headers.get('idempotency-replayed'), again.body]).toEqual(['true', first]);
    expect((await get(`/api/bookings/${first.booking.id}/?key=${again.body.booking.key}`)).status).toBe(200);
  });

  it('is found by what is read out at the counter, among the caller’s own', async () => {
    const [booking] = [await book(me, 'A1'), await book(me, 'A2')];
    const by = (reference: string, who: Person) => get(`/api/bookings/?reference=${reference}`, who);
    for (const reference of [booking.reference, booking.reference.toLowerCase()])
      expect((await ok(by(reference, me))).body).toEqual({ bookings: [booking], next: null });
    expect((await ok(by(booking.reference, another))).body).toEqual({ bookings: [], next: null });
    expectInvalid(await by('K7QM3XVD', me), 'reference');
  });

  it('of somebody else is as if there were none', async () => {
    const { id } = await book(another, 'A1');
    const theirs = await get(`/api/bookings/${id}/`, me);
    const none = await get('/api/bookings/0d3b8a52-5f0e-4e6c-9d0a-0b6d3a1e7c11/', me);
    for (const answer of [theirs, none]) expectProblem(answer, 'BOOKING_NOT_FOUND');
    expect({ ...theirs.body, instance: '' }).toEqual({ ...none.body, instance: '' });
  });

  it.each(['1', 'abc', '0d3b8a52-5f0e-4e6c-9d0a-0b6d3a1e7c1', '0d3b8a525f0e4e6c9d0a0b6d3a1e7c11', '%00', "'--"])(
    '%s is no id',
    async (id) => {
      expectProblem(await get(`/api/bookings/${id}/`, me), 'VALIDATION_FAILED', fields('id'));
    },
  );

  it('has its seats in the order of the seat map, whatever script the rows are in', async () => {
    await target.dataSource.query(
      `INSERT INTO seat (show_id, "row", number, price) SELECT $1, label, 1, 5 FROM unnest('{𝐀,Ａ,ﬀ,Z,座}'::text[]) AS label`,
      [showId],
    );
    const { body: map } = await ok(get(`/api/seats/?show_id=${showId}`));
    const rows: string[] = map.seats
      .map((each: { row: string }) => each.row)
      .filter((row: string) => '𝐀ＡﬀZ座'.includes(row));
    const body = { show_id: showId, seats: rows.map((row) => ({ row, number: 1 })) };
    const post = async (command: string) =>
      (await ok(request(target, 'POST', `/api/seats/${command}-batch/`, { token: me.token, body }))).body;
    expect((await post('hold')).seats.map((each: { row: string }) => each.row)).toEqual(rows);
    const first = await post('book');
    expect(await post('book')).toEqual(first);
  });
});

describe('the list of bookings', () => {
  it('is empty at first', async () => {
    expect((await ok(get('/api/bookings/', me))).body).toEqual({ bookings: [], next: null });
  });

  it('has one’s own, the newest first, as they were answered', async () => {
    const first = await book(me, 'A1');
    await book(another, 'B1');
    const second = await book(me, 'A2', 'A3');
    await me.hold(showId, ['C1']);
    expect((await ok(get('/api/bookings/', me))).body).toEqual({ bookings: [second, first], next: null });
  });

  it('comes page by page: each booking once, whatever was booked at the same time', async () => {
    const mine: Booking[] = [];
    for (const name of ['A1', 'A2', 'A3', 'A4', 'A5', 'A6', 'A7']) mine.push(await book(me, name));
    await book(another, 'B1');
    // Four of the same millisecond.
    await target.dataSource.query('UPDATE booking SET booked_at = $2 WHERE id = ANY($1)', [
      mine.slice(2, 6).map(({ id }) => id),
      mine[2]!.booked_at,
    ]);
    const newestFirst = [...mine]
      .map(({ id, booked_at }, index) => ({ id, at: index >= 2 && index < 6 ? mine[2]!.booked_at : booked_at }))
      .sort((a, b) => (a.at === b.at ? (a.id < b.id ? 1 : -1) : a.at < b.at ? 1 : -1))
      .map(({ id }) => id);

    for (const limit of [1, 2, 3, 6, 7, 200]) {
      const pages: string[][] = [];
      for (let after = ''; ;) {
        const { body } = await ok(get(`/api/bookings/?limit=${limit}${after}`, me));
        pages.push(body.bookings.map(({ id }: Booking) => id));
        if (body.next === null) break;
        after = `&after=${encodeURIComponent(body.next)}`;
      }
      expect(pages.flat()).toEqual(newestFirst);
      expect(pages).toHaveLength(Math.ceil(7 / limit));
    }
  });

  it('goes on where it was when something was booked meanwhile', async () => {
    const [a, b, c] = [await book(me, 'A1'), await book(me, 'A2'), await book(me, 'A3')];
    const first = await ok(get('/api/bookings/?limit=2', me));
    await book(me, 'A4');
    const second = await ok(get(`/api/bookings/?limit=2&after=${first.body.next}`, me));
    expect([...first.body.bookings, ...second.body.bookings]).toEqual([c, b, a]);
  });

  it('gives nobody else’s away to a cursor', async () => {
    await book(me, 'A1');
    await book(me, 'A2');
    const { body } = await ok(get('/api/bookings/?limit=1', me));
    expect((await ok(get(`/api/bookings/?after=${body.next}`, another))).body).toEqual({ bookings: [], next: null });
  });

  const encoded = (text: string) => Buffer.from(text).toString('base64url');

  it.each<[string, string]>([
    ['limit=0', 'limit'],
    ['limit=201', 'limit'],
    ['limit=x', 'limit'],
    ['after=', 'after'],
    ['after=x', 'after'],
    [`after=${encoded('1.1')}`, 'after'],
    [`after=${encoded("1.0d3b8a52-5f0e-4e6c-9d0a-0b6d3a1e7c11'")}`, 'after'],
    [`after=${encoded('1234567890123456.0d3b8a52-5f0e-4e6c-9d0a-0b6d3a1e7c11')}`, 'after'],
    [`after=${'a'.repeat(101)}`, 'after'],
  ])('is not asked for with %s', async (query, field) => {
    expectInvalid(await get(`/api/bookings/?${query}`, me), field);
  });

  it.each(['0', '253402300799999', '253402300800000', '999999999999999'])(
    'takes or refuses a cursor at %s ms, as a client’s doing',
    async (atMs) => {
      await book(me, 'A1');
      const answer = await get(`/api/bookings/?after=${encoded(`${atMs}.0d3b8a52-5f0e-4e6c-9d0a-0b6d3a1e7c11`)}`, me);
      expect([answer.status, answer.body.code ?? answer.body.bookings.length]).toEqual(
        answer.status === 400 ? [400, 'VALIDATION_FAILED'] : [200, atMs === '0' ? 0 : 1],
      );
    },
  );
});

describe('without a valid token', () => {
  it('there are no bookings', async () => {
    const { id } = await book(me, 'A1');
    for (const path of ['/api/bookings/', `/api/bookings/${id}/`]) {
      expectProblem(await get(path), 'UNAUTHENTICATED');
      expectProblem(await request(target, 'GET', path, { token: 'nonsense' }), 'UNAUTHENTICATED');
    }
  });
});
