import { block, STOP_WRITES } from '../../proof/kit/blocker';
import { SeatSweeper } from '../../src/seats/seat-sweeper';
import { startApp, TestApp } from '../support/app';
import { Answer, person, Person, request, tally } from '../support/client';
import { expectProblem, ok, seatsOf, TIMESTAMP } from '../support/expectations';
import { closeHouse, createShow, lapse, moveSalesEnd } from '../support/house';

/** The limits of seats, the cool-down and the times of a show, on two instances behind a proxy. */

const HERE = '203.0.113.7';
const THERE = '203.0.113.8';
const HELD_PER_ADDRESS = 12;

let one: TestApp;
let two: TestApp;
/** Instances with a cool-down. */
let cooling: readonly [TestApp, TestApp];
let showId: number;

beforeAll(async () => {
  const common = { TRUST_PROXY_HOPS: '1', LOCK_TIMEOUT_MS: '10000' };
  const counting = { ...common, MAX_HELD_SEATS_PER_ADDRESS: String(HELD_PER_ADDRESS) };
  one = await startApp(counting);
  const again = { DATABASE_URL: one.databaseUrl };
  two = await startApp({ ...counting, ...again });
  const cooldown = { ...common, ...again, REHOLD_COOLDOWN_SECONDS: '30' };
  cooling = [await startApp(cooldown), await startApp(cooldown)];
});
afterAll(async () => {
  for (const app of [...cooling, two, one]) await app.close();
});
beforeEach(async () => {
  await closeHouse(one.dataSource);
  showId = await createShow(one.dataSource, { rows: 10, seatsPerRow: 20 });
});

const row = (letter: string, count: number, from = 1) =>
  Array.from({ length: count }, (_, index) => `${letter}${from + index}`);

/** On a busy machine the server may put a crowd off; then it has changed nothing. */
async function untilServed(send: () => Promise<Answer>): Promise<Answer> {
  for (;;) {
    const answer = await send();
    if (answer.status !== 503) return answer;
  }
}

/** The counts of the show. */
const stats = async () => (await request(one, 'GET', `/api/shows/${showId}/`)).body.stats;

/** A counter of refusals, over both instances. */
async function refusals(labels: string): Promise<number> {
  const texts = await Promise.all([one, two].map((app) => request(app, 'GET', '/metrics')));
  const line = (body: string) =>
    body.split('\n').find((each) => each.startsWith(`rowlock_seat_commands_refused_total{${labels}}`));
  return texts.reduce((sum, { body }) => sum + Number(line(body)?.split(' ').at(-1) ?? 0), 0);
}

describe('held and booked seats of one holder', () => {
  it('one guest who holds ten, books ten, and so on, gets twenty of the house', async () => {
    const before = await refusals('command="hold",code="SEAT_LIMIT_EXCEEDED",limit_of="holder"');
    const buyer = await person(one);
    const answers: Answer[] = [];
    for (const letter of 'ABCDEFGHIJ') {
      for (const from of [1, 11]) {
        answers.push(await buyer.hold(showId, row(letter, 10, from)));
        await buyer.book(showId, row(letter, 10, from));
      }
    }
    expect(tally(answers)).toEqual({ '200': 2, '409 SEAT_LIMIT_EXCEEDED': 18 });
    expect(answers.at(-1)!.body.detail).toBe('A holder may have 20 seats of a show, held and booked together.');
    expect(await stats()).toMatchObject({ booked: 20, held: 0 });
    const counted = await refusals('command="hold",code="SEAT_LIMIT_EXCEEDED",limit_of="holder"');
    expect(counted - before).toBe(18);
  });

  it('is counted show by show, and holds that have lapsed are not', async () => {
    const buyer = await person(one);
    await ok(buyer.hold(showId, row('A', 10)));
    await ok(buyer.book(showId, row('A', 10)));
    await ok(buyer.hold(showId, row('B', 10)));
    expectProblem(await buyer.hold(showId, ['C1']), 'HOLD_LIMIT_EXCEEDED');
    await lapse(one.dataSource, showId, ['B1']);
    await ok(buyer.hold(showId, ['C1']));
    await ok(buyer.hold(await createShow(one.dataSource), row('A', 10)));
  });

  test('the last place, asked for in two processes at once: one gets it', async () => {
    const here = await person(one);
    const there = await person(two, here.token);
    await ok(here.hold(showId, row('A', 10)));
    await ok(here.book(showId, row('A', 10)));
    await ok(here.hold(showId, row('B', 9)));
    await ok(here.book(showId, row('B', 9)));
    const blocker = await block(one.databaseUrl, STOP_WRITES);
    const first = here.hold(showId, ['C1']);
    await blocker.untilWaiting(1); // decided, and stopped before its UPDATE
    const second = there.hold(showId, ['D1']);
    await blocker.untilWaiting(2); // waits for the limit
    await blocker.release();
    expect((await first).status).toBe(200);
    expectProblem(await second, 'SEAT_LIMIT_EXCEEDED');
  });
});

describe('held seats of the guests of one address', () => {
  it('a hundred guests of one address, through two instances, hold what the address may, and no seat more', async () => {
    const guests = await Promise.all(
      Array.from({ length: 100 }, (_, index) => person(index % 2 === 0 ? one : two, undefined, HERE)),
    );
    const names = [...'ABCDEFGHIJ'].flatMap((letter) => row(letter, 20));
    const answers = await Promise.all(
      guests.map((guest, index) => untilServed(() => guest.hold(showId, names.slice(2 * index, 2 * index + 2)))),
    );
    expect(tally(answers)).toEqual({ '200': 6, '409 SEAT_LIMIT_EXCEEDED': 94 });
    const refused = answers.find(({ status }) => status === 409)!;
    expect(refused.body.detail).toBe(
      'Guests of one internet address may hold 12 seats of a show at a time, all together.',
    );
    expect(await stats()).toMatchObject({ held: HELD_PER_ADDRESS });
    expect(await refusals('command="hold",code="SEAT_LIMIT_EXCEEDED",limit_of="address"')).toBe(94);
    // Others are served as before: another address, and a proxy's port is no part of one.
    await ok((await person(two, undefined, THERE)).hold(showId, ['J19', 'J20']));
    expectProblem(await (await person(one, undefined, `${HERE}:5001`)).hold(showId, ['J1']), 'SEAT_LIMIT_EXCEEDED');
  });

  it('makes room with what is booked, released, or lapses', async () => {
    const guests = await Promise.all([1, 2].map(() => person(one, undefined, HERE)));
    const [first, second] = guests as [Person, Person];
    await ok(first.hold(showId, row('A', 10)));
    await ok(second.hold(showId, ['B1', 'B2']));
    const more = (names: string[]) => second.hold(showId, names);
    expectProblem(await more(['C1']), 'SEAT_LIMIT_EXCEEDED');
    await ok(first.book(showId, ['A1']));
    await ok(more(['C1']));
    await ok(first.release(showId, ['A2']));
    await ok(more(['C2']));
    await lapse(one.dataSource, showId, ['A3']);
    await ok(more(['C3']));
    expectProblem(await more(['C4']), 'SEAT_LIMIT_EXCEEDED');
    // A hold of a seat that is one's own already takes no room.
    await ok(more(['C1', 'C3']));
  });

  it('is not for users, nor for this machine itself', async () => {
    const credentials = { username: `buyer-${showId}`, password: 'correct horse battery' };
    const { body } = await request(one, 'POST', '/api/auth/register/', { body: credentials });
    const [anybody, another] = [await person(one, undefined, '::1'), await person(one)];
    await ok(anybody.hold(showId, row('B', 10)));
    await ok(another.hold(showId, row('C', 10)));
    await ok((await person(one, body.access_token, HERE)).hold(showId, row('D', 10)));
    await ok((await person(one, undefined, HERE)).hold(showId, row('E', 10)));
  });

  it('counts IPv6 by its /64, and ten times as many by the /48', async () => {
    const from = async (address: string, names: string[]) =>
      (await person(one, undefined, address)).hold(showId, names);
    await ok(from('2001:db8:1:1::1', row('A', 10)));
    await ok(from('2001:db8:1:1::2', row('B', 2)));
    expectProblem(await from('2001:db8:1:1:ffff::3', ['B3']), 'SEAT_LIMIT_EXCEEDED');
    const nine = [...'CDEFGHIJ'].flatMap((letter) => [row(letter, 10), row(letter, 2, 11)]);
    for (const [index, names] of nine.entries()) await ok(from(`2001:db8:1:${10 + (index >> 1)}::1`, names));
    await ok(from('2001:db8:1:a0::1', row('A', 10, 11)));
    const last = await from('2001:db8:1:b0::1', row('B', 3, 11));
    expect(last.body.detail).toBe('Guests of one network may hold 120 seats of a show at a time, all together.');
    expect(await stats()).toMatchObject({ held: 118 });
    await ok(from('2001:db8:1:b0::1', row('B', 2, 11)));
    await ok(from('2001:db8:2::1', row('B', 3, 15)));
  });

  test('the last place, asked for in two processes by two guests at once: one gets it', async () => {
    const [full, mine, others] = [
      await person(one, undefined, HERE),
      await person(one, undefined, HERE),
      await person(two, undefined, HERE),
    ];
    await ok(full.hold(showId, row('A', 10)));
    await ok(mine.hold(showId, ['B1']));
    const blocker = await block(one.databaseUrl, STOP_WRITES);
    const first = mine.hold(showId, ['C1']);
    await blocker.untilWaiting(1); // decided, and stopped before its UPDATE
    const second = others.hold(showId, ['D1']);
    await blocker.untilWaiting(2); // waits for the limit
    await blocker.release();
    expect((await first).status).toBe(200);
    expectProblem(await second, 'SEAT_LIMIT_EXCEEDED');
    expect(await stats()).toMatchObject({ held: HELD_PER_ADDRESS });
  });

  test('the last place of a network, asked for from two addresses of one network in two processes: one gets it', async () => {
    const sizes = [...'ABCDEFGHIJ'].map((letter) => row(letter, 10));
    for (const [index, names] of sizes.entries()) {
      await ok((await person(one, undefined, `2001:db8:1:${index}::1`)).hold(showId, names));
    }
    await ok((await person(one, undefined, '2001:db8:1:a::1')).hold(showId, row('A', 10, 11)));
    await ok((await person(one, undefined, '2001:db8:1:b::1')).hold(showId, row('B', 9, 11)));
    const mine = await person(one, undefined, '2001:db8:1:c::1');
    const others = await person(two, undefined, '2001:db8:1:d::1');
    const blocker = await block(one.databaseUrl, STOP_WRITES);
    const first = mine.hold(showId, ['C11']);
    await blocker.untilWaiting(1); // decided, and stopped before its UPDATE
    const second = others.hold(showId, ['D11']);
    await blocker.untilWaiting(2); // waits for the limit
    await blocker.release();
    expect((await first).status).toBe(200);
    expectProblem(await second, 'SEAT_LIMIT_EXCEEDED');
    expect(await stats()).toMatchObject({ held: 120 });
  });

  test('two guests of one network who want each other’s seats as well do not deadlock', async () => {
    const [left, right] = [
      await person(one, undefined, '2001:db8:1:1::1'),
      await person(two, undefined, '2001:db8:1:2::1'),
    ];
    const rounds = Array.from({ length: 20 }, (_, index) => index);
    const answers = await Promise.all(
      rounds.flatMap(() => [left.hold(showId, ['A1', 'A2']), right.hold(showId, ['A2', 'A1'])]),
    );
    expect(Object.keys(tally(answers)).sort()).toEqual(['200', '409 SEAT_UNAVAILABLE']);
  });

  it('no address is stored, and nothing of it is left behind a hold', async () => {
    const guest = await person(one, undefined, '2001:db8:1:1::1');
    await ok(guest.hold(showId, ['A1', 'A2', 'A3']));
    const elsewhere = await createShow(one.dataSource);
    await ok(guest.hold(elsewhere, ['A1']));
    const keys = async () =>
      one.dataSource.query<{ address_key: string | null; network_key: string | null; text: string }[]>(
        'SELECT address_key, network_key, seat::text AS text FROM seat WHERE version > 0 ORDER BY show_id, number',
      );
    const held = await keys();
    expect(held.every(({ text }) => !text.includes('2001:db8'))).toBe(true);
    expect(new Set(held.flatMap(({ address_key, network_key }) => [address_key, network_key])).size).toBe(4);
    await ok(guest.book(showId, ['A1']));
    await ok(guest.release(showId, ['A2']));
    await lapse(one.dataSource, showId, ['A3']);
    await one.app.get(SeatSweeper).sweep();
    expect((await keys()).map(({ address_key, network_key }) => [address_key, network_key]).slice(0, 3)).toEqual(
      Array(3).fill([null, null]),
    );
  });
});

describe('the cool-down', () => {
  /** Moves what was given up into the past. */
  const later = (bySeconds: number) =>
    one.dataSource.query(
      `UPDATE seat SET given_up = (SELECT jsonb_agg(one || jsonb_build_object('atMs', (one->>'atMs')::bigint - $2::int * 1000))
                                     FROM jsonb_array_elements(given_up) AS one)
        WHERE show_id = $1 AND given_up IS NOT NULL`,
      [showId, bySeconds],
    );

  it('who released a seat can’t hold it again before it is over, on any instance', async () => {
    const me = await person(cooling[0], undefined, HERE);
    const onOther = await person(cooling[1], me.token, HERE);
    await ok(me.hold(showId, ['A1', 'A2']));
    await ok(me.release(showId, ['A1']));
    const refused = await onOther.hold(showId, ['A1', 'A3']);
    expectProblem(refused, 'HOLD_COOLDOWN', seatsOf({ A1: 'HOLD_COOLDOWN' }));
    const seconds = Number(refused.headers.get('retry-after'));
    expect(seconds).toBeGreaterThan(25);
    expect(seconds).toBeLessThanOrEqual(30);
    expect(await stats()).toMatchObject({ held: 1 });
    await ok((await person(cooling[0], undefined, THERE)).hold(showId, ['A1']));
    await ok(onOther.hold(showId, ['A3']));
  });

  it('neither can guests of the same address, and users can', async () => {
    const me = await person(cooling[0], undefined, HERE);
    await ok(me.hold(showId, ['A1', 'A2']));
    await ok(me.release(showId, ['A1', 'A2']));
    expectProblem(
      await (await person(cooling[1], undefined, HERE)).hold(showId, ['A1']),
      'HOLD_COOLDOWN',
      seatsOf({ A1: 'HOLD_COOLDOWN' }),
    );
    const credentials = { username: `user-${showId}`, password: 'correct horse battery' };
    const { body } = await request(one, 'POST', '/api/auth/register/', { body: credentials });
    await ok((await person(cooling[1], body.access_token, HERE)).hold(showId, ['A1']));
    // Held by somebody else meanwhile, it is remembered all the same.
    const user = await person(cooling[1], body.access_token, HERE);
    await ok(user.release(showId, ['A1']));
    expectProblem(await me.hold(showId, ['A1']), 'HOLD_COOLDOWN', seatsOf({ A1: 'HOLD_COOLDOWN' }));
    await later(31);
    await ok(me.hold(showId, ['A1']));
  });

  it.each([false, true])('begins when a hold lapses; swept: %s', async (isSwept) => {
    const me = await person(cooling[0]);
    await ok(me.hold(showId, ['A1', 'A2']));
    await lapse(one.dataSource, showId, ['A1'], 5_000);
    await lapse(one.dataSource, showId, ['A2'], 31_000);
    if (isSwept) await cooling[0].app.get(SeatSweeper).sweep();
    const refused = await me.hold(showId, ['A1']);
    expectProblem(refused, 'HOLD_COOLDOWN', seatsOf({ A1: 'HOLD_COOLDOWN' }));
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(25);
    await ok(me.hold(showId, ['A2']));
  });

  it('is told once more with the time that is left', async () => {
    const me = await person(cooling[0]);
    const key = { 'idempotency-key': 'k' };
    await ok(me.hold(showId, ['A1']));
    await ok(me.release(showId, ['A1']));
    expectProblem(await me.hold(showId, ['A1'], key), 'HOLD_COOLDOWN', seatsOf({ A1: 'HOLD_COOLDOWN' }));
    await one.dataSource.query(
      `UPDATE idempotency_record SET outcome = jsonb_set(outcome::jsonb, '{2,untilMs}', to_jsonb((outcome->2->>'untilMs')::bigint - 20000))::json`,
    );
    const again = await me.hold(showId, ['A1'], key);
    expect([again.body.code, again.headers.get('idempotency-replayed')]).toEqual(['HOLD_COOLDOWN', 'true']);
    expect(Number(again.headers.get('retry-after'))).toBeLessThanOrEqual(10);
  });

  it('is off unless it is set', async () => {
    const me = await person(one, undefined, HERE);
    for (const _ of [1, 2]) {
      await ok(me.hold(showId, ['A1']));
      await ok(me.release(showId, ['A1']));
    }
    const [{ given }] = await one.dataSource.query(
      'SELECT count(*)::int AS given FROM seat WHERE given_up IS NOT NULL',
    );
    expect(given).toBe(0);
  });
});

describe('a hold and the times of its show', () => {
  it('a hold promises no time in which nothing can be booked: it ends when the sales close', async () => {
    await moveSalesEnd(one.dataSource, showId, 120_000);
    const [{ close }] = await one.dataSource.query('SELECT sales_close_at AS close FROM show WHERE id = $1', [showId]);
    const me = await person(one);
    const { body } = await ok(me.hold(showId, ['A1']));
    expect([body.expires_at, body.seats[0].hold_expires_at]).toEqual(Array(2).fill(close.toISOString()));
    const map = await me.seatMap(showId);
    expect(map.body.seats[0]).toMatchObject({ held_by_me: true, hold_expires_at: close.toISOString() });
    const ledger = await one.dataSource.query('SELECT hold_expires_at FROM seat_transition WHERE show_id = $1', [
      showId,
    ]);
    expect(ledger).toEqual([{ hold_expires_at: close }]);
    await ok(me.book(showId, ['A1']));
  });

  it('a hold that is told again tells the time of now, and all else as it was', async () => {
    const me = await person(one);
    const key = { 'idempotency-key': 'k' };
    const first = await ok(me.hold(showId, ['A1', 'A2'], key));
    // As if it had been stored an hour ago.
    await one.dataSource.query(
      `UPDATE idempotency_record SET outcome = (outcome::jsonb || jsonb_build_object('serverTimeMs', (outcome->>'serverTimeMs')::bigint - 3600000))::json`,
    );
    const before = await one.dataSource.query('SELECT clock_timestamp() AS at');
    const again = await ok(me.hold(showId, ['A1', 'A2'], key));
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(again.body).toEqual({ ...first.body, server_time: TIMESTAMP });
    expect(Date.parse(again.body.server_time)).toBeGreaterThanOrEqual(before[0].at.getTime());
  });

  it('no show is sold past its end: the database refuses such times, and rows from before it did are closed', async () => {
    const ended = `UPDATE show SET starts_at = now() - interval '3 h', ends_at = now() - interval '1 h' WHERE id = $1`;
    await expect(one.dataSource.query(ended, [showId])).rejects.toThrow('show_times');
    const [{ check }] = await one.dataSource.query(
      `SELECT pg_get_constraintdef(oid) AS check FROM pg_constraint WHERE conname = 'show_times'`,
    );
    await one.dataSource.query('ALTER TABLE show DROP CONSTRAINT show_times');
    try {
      await one.dataSource.query(ended, [showId]);
      const me = await person(one);
      expectProblem(await me.hold(showId, ['A1']), 'SALES_CLOSED');
      const show = await request(one, 'GET', `/api/shows/${showId}/`);
      expect(show.body.sales).toBe('CLOSED');
      expect(await request(one, 'GET', `/api/seats/?show_id=${showId}`)).toMatchObject({ status: 200 });
    } finally {
      await one.dataSource.query('DELETE FROM seat; DELETE FROM show');
      await one.dataSource.query(`ALTER TABLE show ADD CONSTRAINT show_times ${check}`);
    }
  });
});
