import { verifyLedger } from '../../src/ledger/ledger-verifier';
import { startApp, TestApp } from '../support/app';
import { Answer, person, Person, request, tally } from '../support/client';
import { expectProblem, ok, seatsOf } from '../support/expectations';
import { createShow, lapse, moveSalesEnd } from '../support/house';

/** A guest in the middle of a purchase who registers, or logs in. */
const PASSWORD = 'correct horse battery staple';

let target: TestApp;
let guest: Person;
let showId: number;
let count = 0;

beforeAll(async () => {
  target = await startApp();
});
afterAll(async () => {
  expect((await verifyLedger(target.dataSource, { holdLimit: 10 })).listed).toEqual([]);
  await target.close();
});
beforeEach(async () => {
  [guest, showId] = await Promise.all([person(target), createShow(target.dataSource)]);
});

const post = (path: string, body: unknown, token?: string) =>
  request(target, 'POST', `/api/auth/${path}/`, { body, token });
const signIn = async (answer: Promise<Answer>): Promise<[Person, Answer]> => {
  const got = await answer;
  expect(got.body.code).toBeUndefined();
  return [await person(target, got.body.access_token), got];
};
const register = (token?: string) =>
  signIn(post('register', { username: `taker-${++count}`, password: PASSWORD }, token));
const login = (name: string, token?: string) => signIn(post('login', { username: name, password: PASSWORD }, token));
const registered = async (): Promise<[Person, string]> => {
  const [user] = await register();
  return [user, `taker-${count}`];
};
const bookings = (who: Person) => request(target, 'GET', '/api/bookings/', { token: who.token });
const seatOf = async (who: Person, index = 0) => (await who.seatMap(showId)).body.seats[index];

describe.each(['register', 'login'])('%s with a guest’s token', (route) => {
  const takeOver = async (): Promise<[Person, Answer]> => {
    if (route === 'register') return register(guest.token);
    const [, name] = await registered();
    return login(name, guest.token);
  };

  it('takes the holds over, with their price and deadline, in every show', async () => {
    const otherShow = await createShow(target.dataSource);
    const { body: held } = await ok(guest.hold(showId, ['A1', 'A2']));
    await ok(guest.hold(otherShow, ['B1']));
    await target.dataSource.query('UPDATE seat SET price = 250 WHERE show_id = $1', [showId]);

    const [user, { body }] = await takeOver();
    expect(body.taken_over).toEqual({ holder_id: guest.id, held_seats: 3 });
    expect(body.holder).toEqual({ id: user.id, kind: 'user' });
    expect(await seatOf(user)).toEqual({
      row: 'A',
      number: 1,
      status: 'HELD',
      version: 3,
      held_by_me: true,
      hold_expires_at: held.expires_at,
    });
    // The shopper was told 200.00.
    expect((await ok(user.book(showId, ['A1', 'A2']))).body.total_paid).toBe('200.00');
    await ok(user.book(otherShow, ['B1']));
  });

  it('takes the bookings over, past and to come', async () => {
    await ok(guest.hold(showId, ['A1']));
    const { body } = await ok(guest.book(showId, ['A1']));
    const [user] = await takeOver();
    expect((await ok(bookings(user))).body.bookings).toEqual([body.booking]);
    const one = await request(target, 'GET', `/api/bookings/${body.booking.id}/`, { token: user.token });
    expect((await ok(Promise.resolve(one))).body).toEqual(body.booking);
    const [stranger] = await registered();
    expect((await ok(bookings(stranger))).body.bookings).toEqual([]);
  });

  it('makes copies of the guest’s tokens worthless', async () => {
    const { body: issued } = await post('guest', undefined);
    guest = await person(target, issued.access_token);
    await ok(guest.hold(showId, ['A1']));
    await takeOver();
    for (const answer of [await guest.hold(showId, ['A2']), await guest.book(showId, ['A1']), await bookings(guest)])
      expectProblem(answer, 'UNAUTHENTICATED');
    expectProblem(await post('refresh', { refresh_token: issued.refresh_token }), 'SESSION_ENDED');
    // Neither can another user take the guest over.
    const [thief, { body }] = await register(issued.access_token);
    expect(body.taken_over).toBeUndefined();
    expectProblem(await thief.book(showId, ['A1']), 'NOT_YOUR_HOLD', seatsOf({ A1: 'SEAT_HELD' }));
  });

  it('has nothing to take of a guest who holds nothing', async () => {
    const [, { body }] = await takeOver();
    expect(body.taken_over).toEqual({ holder_id: guest.id, held_seats: 0 });
  });

  it('leaves what has lapsed, and what is of no use as sales have closed', async () => {
    const closed = await createShow(target.dataSource);
    await ok(guest.hold(closed, ['A1']));
    await moveSalesEnd(target.dataSource, closed, -1);
    await ok(guest.hold(showId, ['A1']));
    await lapse(target.dataSource, showId, ['A1']);
    const [user, { body }] = await takeOver();
    expect(body.taken_over.held_seats).toBe(0);
    expectProblem(await user.book(showId, ['A1']), 'NOT_YOUR_HOLD', seatsOf({ A1: 'HOLD_GONE' }));
    expect((await seatOf(user)).status).toBe('AVAILABLE');
  });
});

describe('a takeover', () => {
  it('keeps within the user’s limit: seats beyond it stay behind, the others come along', async () => {
    const [user, name] = await registered();
    await ok(user.hold(showId, ['A1', 'A2', 'A3', 'A4', 'A5', 'A6', 'A7', 'A8']));
    await ok(guest.hold(showId, ['B1', 'B2', 'B3', 'B4']));
    const [again, { body }] = await login(name, guest.token);
    expect(body.taken_over.held_seats).toBe(2);
    expect(
      (await again.seatMap(showId)).body.seats.filter((seat: { held_by_me?: true }) => seat.held_by_me).length,
    ).toBe(10);
    // One that stayed behind comes along as soon as there is room for it.
    await ok(again.release(showId, ['A1']));
    const left = ['B1', 'B2', 'B3', 'B4'];
    const map: { row: string; number: number; held_by_me?: true }[] = (await again.seatMap(showId)).body.seats;
    const behind = left.filter((seat) => !map.some((each) => `${each.row}${each.number}` === seat && each.held_by_me));
    expect(behind.length).toBe(2);
    await ok(again.book(showId, [behind[0]!]));
  });

  it('makes room among the user’s lapsed holds', async () => {
    const [user, name] = await registered();
    const ten = Array.from({ length: 10 }, (_, i) => `A${i + 1}`);
    await ok(user.hold(showId, ten));
    await lapse(target.dataSource, showId, ten);
    await ok(guest.hold(showId, ['B1', 'B2']));
    const [again, { body }] = await login(name, guest.token);
    expect(body.taken_over.held_seats).toBe(2);
    await ok(again.book(showId, ['B1', 'B2']));
  });

  it('stands when the login is sent again, as after a lost answer', async () => {
    const [, name] = await registered();
    await ok(guest.hold(showId, ['A1']));
    await login(name, guest.token);
    const [user, { body }] = await login(name, guest.token);
    expect(body.taken_over).toEqual({ holder_id: guest.id, held_seats: 0 });
    await ok(user.book(showId, ['A1']));
  });

  it('comes after a log-out too late', async () => {
    await ok(guest.hold(showId, ['A1']));
    await post('logout', undefined, guest.token);
    const [, { body }] = await register(guest.token);
    expect(body.taken_over).toBeUndefined();
  });

  it('needs a guest’s valid token: every other is ignored, as are mistakes', async () => {
    const [user, name] = await registered();
    for (const token of [user.token, 'x.y.z', '']) {
      const [, { body }] = await login(name, token);
      expect(body.taken_over).toBeUndefined();
    }
    expect((await request(target, 'GET', '/api/auth/me/', { token: user.token })).status).toBe(200);
  });

  it('does not happen where the password is wrong, or the name is taken', async () => {
    const [, name] = await registered();
    await ok(guest.hold(showId, ['A1']));
    expectProblem(
      await post('login', { username: name, password: 'wrong password' }, guest.token),
      'INVALID_CREDENTIALS',
    );
    expectProblem(await post('register', { username: name, password: PASSWORD }, guest.token), 'USERNAME_TAKEN');
    await ok(guest.book(showId, ['A1']));
  });

  it('takes no seat but the guest’s: neither a free one nor another’s', async () => {
    const other = await person(target);
    await ok(other.hold(showId, ['A1']));
    const [user] = await register(guest.token);
    expectProblem(await user.book(showId, ['A1']), 'NOT_YOUR_HOLD', seatsOf({ A1: 'SEAT_HELD' }));
    expectProblem(await user.book(showId, ['A2']), 'NOT_YOUR_HOLD', seatsOf({ A2: 'HOLD_GONE' }));
    await ok(user.release(showId, ['A2']));
    expect((await seatOf(user, 1)).version).toBe(0);
  });

  it('of several guests, one after the other, gathers the bookings of all, page by page', async () => {
    const [, name] = await registered();
    const made: string[] = [];
    let user: Person | undefined;
    for (const seat of ['A1', 'A2', 'A3']) {
      const shopper = await person(target);
      await ok(shopper.hold(showId, [seat]));
      made.unshift((await ok(shopper.book(showId, [seat]))).body.booking.reference);
      [user] = await login(name, shopper.token);
    }
    const list = (query: string) => request(target, 'GET', `/api/bookings/?${query}`, { token: user!.token });
    const { body: page } = await ok(list('limit=2'));
    const { body: rest } = await ok(list(`limit=2&after=${page.next}`));
    const seen = [...page.bookings, ...rest.bookings].map(({ reference }: { reference: string }) => reference);
    expect([seen, rest.next]).toEqual([made, null]);
  });

  it('is in the ledger as what it was: the guest gave the seat up to the user, who held it', async () => {
    await ok(guest.hold(showId, ['A1']));
    const [user] = await register(guest.token);
    const steps = await target.dataSource.query(
      'SELECT version, command, holder_id, actor_id, at FROM seat_transition WHERE show_id = $1 ORDER BY version',
      [showId],
    );
    expect(steps).toMatchObject([
      { version: 1, command: 'hold', holder_id: guest.id, actor_id: guest.id },
      { version: 2, command: 'release', holder_id: guest.id, actor_id: user.id },
      { version: 3, command: 'hold', holder_id: user.id, actor_id: user.id },
    ]);
    expect(steps[2].at).toEqual(steps[1].at);
  });

  it('is none in the seat map of anybody else', async () => {
    await ok(guest.hold(showId, ['A1']));
    await register(guest.token);
    const stranger = await person(target);
    expect(await seatOf(stranger)).toEqual({ row: 'A', number: 1, status: 'HELD', version: 3 });
    expect(tally([await stranger.hold(showId, ['A1'])])).toEqual({ '409 SEAT_UNAVAILABLE': 1 });
  });
});
