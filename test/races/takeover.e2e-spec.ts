import { RevocationLog } from '../../src/identity/revocation-log';
import { verifyLedger } from '../../src/ledger/ledger-verifier';
import { block, LOCK_SEAT, STOP_WRITES } from '../../proof/kit/blocker';
import { startApp, TestApp } from '../support/app';
import { Answer, person, Person, request, tally } from '../support/client';
import { expectProblem, ok, seatsOf } from '../support/expectations';
import { createShow } from '../support/house';

/**
 * A guest whose commands are under way on one instance while another logs the guest in. The first one does not hear of the
 * takeover: what must hold may not depend on when it does.
 */
const PASSWORD = 'correct horse battery staple';

let one: TestApp;
let two: TestApp;
let showId: number;
let guest: Person;
let guestElsewhere: Person;
let count = 0;

beforeAll(async () => {
  one = await startApp({ LOCK_TIMEOUT_MS: '10000' });
  two = await startApp({ LOCK_TIMEOUT_MS: '10000', DATABASE_URL: one.databaseUrl });
  jest.spyOn(two.app.get(RevocationLog), 'read').mockResolvedValue(undefined);
});
afterAll(async () => {
  expect((await verifyLedger(one.dataSource, { holdLimit: 10 })).listed).toEqual([]);
  await two.close();
  await one.close();
});
beforeEach(async () => {
  showId = await createShow(one.dataSource);
  guest = await person(one);
  guestElsewhere = await person(two, guest.token);
});

const post = (path: string, body: object, token?: string) =>
  request(one, 'POST', `/api/auth/${path}/`, { body, token });
const newUser = async () => {
  const username = `racer-${++count}`;
  await ok201(post('register', { username, password: PASSWORD }));
  return username;
};
const ok201 = async (answer: Promise<Answer>) => expect((await answer).status).toBe(201);
const login = (username: string) => post('login', { username, password: PASSWORD }, guest.token);
const userOf = async (answer: Answer) => person(one, answer.body.access_token);
const bookings = async (who: Person) =>
  (await request(one, 'GET', '/api/bookings/', { token: who.token })).body.bookings;

test('a hold that is decided behind the takeover is left with the guest, until the user names its seat', async () => {
  const username = await newUser();
  await ok(guest.hold(showId, ['A1']));
  const blocker = await block(one.databaseUrl, LOCK_SEAT, [showId, 'A', 2]);
  const late = guestElsewhere.hold(showId, ['A2']);
  await blocker.untilWaiting(1);
  const answer = await login(username);
  expect(answer.body.taken_over.held_seats).toBe(1);
  await blocker.release();
  expect((await late).status).toBe(200);

  const user = await userOf(answer);
  expect((await user.seatMap(showId)).body.seats[1].held_by_me).toBeUndefined();
  expect((await ok(user.book(showId, ['A1', 'A2']))).body.booking.seats.length).toBe(2);
});

test('a book that is decided before the takeover is the user’s', async () => {
  const username = await newUser();
  await ok(guest.hold(showId, ['A1']));
  const blocker = await block(one.databaseUrl, LOCK_SEAT, [showId, 'A', 1]);
  const booking = guestElsewhere.book(showId, ['A1']);
  await blocker.untilWaiting(1);
  const answer = login(username);
  await blocker.untilWaiting(2); // the guest is the user's by now; the seat is not
  await blocker.release();

  expect((await booking).status).toBe(200);
  expect((await answer).body.taken_over.held_seats).toBe(0);
  expect(await bookings(await userOf(await answer))).toEqual([(await booking).body.booking]);
});

test('a book that is decided behind the takeover is refused', async () => {
  const username = await newUser();
  await ok(guest.hold(showId, ['A1']));
  const blocker = await block(one.databaseUrl, LOCK_SEAT, [showId, 'A', 1]);
  const answer = login(username);
  await blocker.untilWaiting(1);
  const booking = guestElsewhere.book(showId, ['A1']);
  await blocker.untilWaiting(2);
  await blocker.release();

  expect((await answer).body.taken_over.held_seats).toBe(1);
  expectProblem(await booking, 'NOT_YOUR_HOLD', seatsOf({ A1: 'SEAT_HELD' }));
  await ok((await userOf(await answer)).book(showId, ['A1']));
});

test('a release between the login and the takeover of its seat: the seat is free, and stays free', async () => {
  const username = await newUser();
  await ok(guest.hold(showId, ['A1']));
  const blocker = await block(one.databaseUrl, LOCK_SEAT, [showId, 'A', 1]);
  const release = guestElsewhere.release(showId, ['A1']);
  await blocker.untilWaiting(1);
  const answer = login(username);
  await blocker.untilWaiting(2);
  await blocker.release();

  expect((await release).status).toBe(200);
  expect((await answer).body.taken_over.held_seats).toBe(0);
  expect((await guest.seatMap(showId)).status).toBe(401);
  const [seat] = (await (await person(one)).seatMap(showId)).body.seats;
  expect(seat).toEqual({ row: 'A', number: 1, status: 'AVAILABLE', version: 2 });
});

test('two users with the token of one guest at once: one gets it all', async () => {
  const names = [await newUser(), await newUser()];
  await ok(guest.hold(showId, ['A1', 'A2', 'A3']));
  const blocker = await block(one.databaseUrl, 'LOCK TABLE guest_takeover IN SHARE MODE');
  const answers = Promise.all(names.map(login));
  await blocker.untilWaiting(2);
  await blocker.release();

  expect(tally(await answers)).toEqual({ '200': 2 });
  const held = (await answers).map(({ body }) => body.taken_over?.held_seats ?? 'none');
  expect(held.sort()).toEqual([3, 'none']);
  const [winner, loser] = await Promise.all((await answers).toSorted((a) => (a.body.taken_over ? -1 : 1)).map(userOf));
  expectProblem(await loser!.book(showId, ['A1']), 'NOT_YOUR_HOLD', seatsOf({ A1: 'SEAT_HELD' }));
  await ok(winner!.book(showId, ['A1', 'A2', 'A3']));
});

test('two logins of one user with the token of one guest at once: each seat is moved once', async () => {
  const username = await newUser();
  await ok(guest.hold(showId, ['A1', 'A2', 'A3']));
  const blocker = await block(one.databaseUrl, STOP_WRITES);
  const answers = Promise.all([login(username), login(username)]);
  await blocker.untilWaiting(1);
  await blocker.release();

  const moved = (await answers).reduce((sum, { body }) => sum + body.taken_over.held_seats, 0);
  expect(moved).toBeGreaterThanOrEqual(3);
  const user = await userOf((await answers)[1]!);
  expect((await ok(user.book(showId, ['A1', 'A2', 'A3']))).body.booking.seats.length).toBe(3);
  const steps = await one.dataSource.query(
    `SELECT count(*)::int AS steps FROM seat_transition WHERE show_id = $1 AND command = 'release'`,
    [showId],
  );
  expect(steps).toEqual([{ steps: 3 }]);
});

test('a refresh of the guest’s at the same time, whichever comes first, gives no token that is good', async () => {
  const { body: issued } = await post('guest', {});
  guest = await person(one, issued.access_token);
  const username = await newUser();
  const blocker = await block(one.databaseUrl, 'LOCK TABLE session IN SHARE MODE');
  const refreshed = request(two, 'POST', '/api/auth/refresh/', { body: { refresh_token: issued.refresh_token } });
  await blocker.untilWaiting(1);
  const answer = login(username);
  await blocker.untilWaiting(2);
  await blocker.release();

  const { status, body } = await refreshed;
  expect((await answer).body.taken_over).toEqual({ holder_id: guest.id, held_seats: 0 });
  if (status === 200) {
    expectProblem(await request(one, 'GET', '/api/bookings/', { token: body.access_token }), 'UNAUTHENTICATED');
    expectProblem(await post('refresh', { refresh_token: body.refresh_token }), 'SESSION_ENDED');
  } else {
    expectProblem(await refreshed, 'SESSION_ENDED');
  }
});
