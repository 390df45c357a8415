import { SeatCommandQueue } from '../../src/seats/seat-command-queue';
import { SeatSweeper } from '../../src/seats/seat-sweeper';
import { startApp, TestApp } from '../support/app';
import { block, LOCK_SEAT, STOP_WRITES } from '../../proof/kit/blocker';
import { Answer, person, Person, tally } from '../support/client';
import { closeHouse, createShow, lapse, untilPast } from '../support/house';
import { until } from '../../proof/kit/until';

/**
 * Races, each as a named interleaving: a session of the test's own stands in the way until all requests are where the
 * race needs them. Two app instances on one database, in every mode of combining.
 */
const MODES = {
  'combining across shows': {},
  'combining within a show': { COMBINE_ACROSS_SHOWS: 'false' },
  'one command a transaction': { COMBINE_MAX: '1' },
};

describe.each(Object.entries(MODES))('two instances, %s', (_, mode) => {
  let one: TestApp;
  let two: TestApp;
  let showId: number;

  beforeAll(async () => {
    one = await startApp({ ...mode, COMBINE_LANES: '4', LOCK_TIMEOUT_MS: '10000' });
    two = await startApp({ ...mode, COMBINE_LANES: '4', LOCK_TIMEOUT_MS: '10000', DATABASE_URL: one.databaseUrl });
  });
  afterAll(async () => {
    await two.close();
    await one.close();
  });
  beforeEach(async () => {
    await closeHouse(one.dataSource); // so that a sweep finds lapsed holds of this race only
    showId = await createShow(one.dataSource);
  });

  const transitions = async () =>
    one.dataSource.query<{ seat: string; version: number; command: string; holder_id: string }[]>(
      `SELECT "row" || number AS seat, version, command, holder_id FROM seat_transition WHERE show_id = $1 ORDER BY 1, 2`,
      [showId],
    );
  const seatRow = async (row: string, number: number) => {
    const [found] = await one.dataSource.query(
      'SELECT status, version, holder_id, booking_id FROM seat WHERE show_id = $1 AND "row" = $2 AND number = $3',
      [showId, row, number],
    );
    return found;
  };
  /** The same holder, seen through either instance. */
  const onBoth = async (): Promise<[Person, Person]> => {
    const first = await person(one);
    return [first, await person(two, first.token)];
  };

  test('400 people after one seat: one gets it', async () => {
    const people = await Promise.all(Array.from({ length: 400 }, (_unused, i) => person(i % 2 === 0 ? one : two)));
    const answers = await Promise.all(people.map((each) => each.hold(showId, ['A1'])));

    expect(tally(answers)).toEqual({ '200': 1, '409 SEAT_UNAVAILABLE': 399 });
    const winner = people[answers.findIndex((answer) => answer.status === 200)]!;
    expect(await seatRow('A', 1)).toMatchObject({ status: 'HELD', version: 1, holder_id: winner.id });
    expect(await transitions()).toEqual([{ seat: 'A1', version: 1, command: 'hold', holder_id: winner.id }]);
  });

  test('opposite order: two who name the same seats in opposite order do not deadlock', async () => {
    const [left, right] = [await person(one), await person(two)];
    const blocker = await block(one.databaseUrl, LOCK_SEAT, [showId, 'A', 2]);
    const first = left.hold(showId, ['A1', 'A2']);
    await blocker.untilWaiting(1); // has A1, waits for A2
    const second = right.hold(showId, ['A2', 'A1']);
    await blocker.untilWaiting(2); // waits for A1, and has nothing the other needs
    await blocker.release();

    expect((await first).status).toBe(200);
    expect(tally([await second])).toEqual({ '409 SEAT_UNAVAILABLE': 1 });
    expect((await second).body.seats).toEqual([
      { row: 'A', number: 1, code: 'SEAT_HELD' },
      { row: 'A', number: 2, code: 'SEAT_HELD' },
    ]);
  });

  test('lapse while waiting for the lock: the clock is read after it', async () => {
    const holder = await person(one);
    await holder.hold(showId, ['A1']);
    const blocker = await block(one.databaseUrl, LOCK_SEAT, [showId, 'A', 1]);
    const { rows } = (await blocker.query(
      `UPDATE seat SET hold_expires_at = clock_timestamp() + interval '400 ms' WHERE show_id = $1 AND "row" = 'A' AND number = 1
       RETURNING hold_expires_at::text AS deadline`,
      [showId],
    )) as { rows: { deadline: string }[] };
    const booking = holder.book(showId, ['A1']); // sent while the hold is live
    await blocker.untilWaiting(1);
    await untilPast(one.dataSource, rows[0]!.deadline);
    await blocker.release();

    expect(tally([await booking])).toEqual({ '409 NOT_YOUR_HOLD': 1 });
    expect((await booking).body.seats).toEqual([{ row: 'A', number: 1, code: 'HOLD_GONE' }]);
    expect(await seatRow('A', 1)).toMatchObject({ status: 'HELD', version: 1, booking_id: null });
  });

  test('lapse between the decision and the commit: what readers have seen AVAILABLE is not BOOKED a moment later', async () => {
    const brief = await startApp({
      ...mode,
      DATABASE_URL: one.databaseUrl,
      HOLD_TTL_SECONDS: '1',
      LOCK_TIMEOUT_MS: '10000',
    });
    try {
      const holder = await person(brief);
      const held = await holder.hold(showId, ['A1']);
      const blocker = await block(one.databaseUrl, STOP_WRITES);
      const booking = holder.book(showId, ['A1']);
      await blocker.untilWaiting(1); // decided, and stopped before its UPDATE
      await untilPast(one.dataSource, held.body.expires_at);
      const seen = (await holder.seatMap(showId)).body.seats[0];
      expect(seen).toEqual({ row: 'A', number: 1, status: 'AVAILABLE', version: 2 });
      await blocker.release();

      expect((await booking).body.seats).toEqual([{ row: 'A', number: 1, code: 'HOLD_GONE' }]);
      expect((await holder.seatMap(showId)).body.seats[0]).toEqual(seen);
    } finally {
      await brief.close();
    }
  });

  describe('lapse between the decision and the commit: what is told of a hold belongs to the instant of the changes', () => {
    let brief: TestApp;
    let ann: Person;
    let bob: Person;
    let eve: Person;
    beforeEach(async () => {
      brief = await startApp({
        ...mode,
        DATABASE_URL: one.databaseUrl,
        HOLD_TTL_SECONDS: '1',
        MAX_HELD_SEATS_PER_HOLDER: '2',
        LOCK_TIMEOUT_MS: '10000',
      });
      ann = await person(brief);
      bob = await person(one);
      await bob.hold(showId, ['B1', 'C1']);
      bob = await person(brief, bob.token);
      eve = await person(brief);
    });
    afterEach(() => brief.close());

    /**
     * Sends commands that are decided together, where commands are combined, and lets a hold lapse behind the decision.
     */
    async function lapseBehind(expiresAt: string, send: () => Promise<Answer>[]): Promise<Answer[]> {
      const queue = await block(one.databaseUrl, LOCK_SEAT, [showId, 'C', 1]);
      const first = eve.hold(showId, ['C1']); // keeps the lane busy, and will change nothing
      await queue.untilWaiting(1);
      const answers = send();
      await until(() => brief.app.get(SeatCommandQueue).length === answers.length);
      const writes = await block(one.databaseUrl, STOP_WRITES);
      await queue.release();
      await writes.untilWaiting(1); // decided, and stopped before the UPDATE
      await untilPast(one.dataSource, expiresAt);
      const seen = (await eve.seatMap(showId)).body.seats;
      expect([seen[0].status, seen[1].status, seen[10].status]).toEqual(['AVAILABLE', 'AVAILABLE', 'HELD']);
      await writes.release();
      expect(tally([await first])).toEqual({ '409 SEAT_UNAVAILABLE': 1 });
      return Promise.all(answers);
    }

    test('held again with another seat', async () => {
      const held = await ann.hold(showId, ['A1']);
      const [again] = await lapseBehind(held.body.expires_at, () => [ann.hold(showId, ['A1', 'A2'])]);
      // A1 was free before A2 was held: so it is held anew.
      expect(again!.body.seats.map(({ version }: { version: number }) => version)).toEqual([3, 1]);
    });

    test('refused for one hold and for a booking of the same transaction', async () => {
      const held = await ann.hold(showId, ['A1']);
      const [booking, refusal] = await lapseBehind(held.body.expires_at, () => [
        bob.book(showId, ['B1']),
        eve.hold(showId, ['A1', 'B1']),
      ]);
      expect(booking!.status).toBe(200);
      expect(refusal!.body.seats).toEqual([{ row: 'B', number: 1, code: 'SEAT_BOOKED' }]);
    });

    test('over the limit with a seat that the same transaction gives up', async () => {
      const held = await ann.hold(showId, ['A1', 'A3']);
      const [release, hold] = await lapseBehind(held.body.expires_at, () => [
        bob.release(showId, ['B1']),
        ann.hold(showId, ['B1']),
      ]);
      expect(tally([release!, hold!])).toEqual({ '200': 2 });
    });
  });

  test('same key twice, on two instances at once: one effect, one answer, the second marked', async () => {
    const [here, there] = await onBoth();
    const key = { 'idempotency-key': 'twice' };
    const blocker = await block(one.databaseUrl, LOCK_SEAT, [showId, 'A', 1]);
    const first = here.hold(showId, ['A1'], key);
    const second = there.hold(showId, ['A1'], key);
    await blocker.untilWaiting(2);
    await blocker.release();

    const answers = [await first, await second];
    expect(tally(answers)).toEqual({ '200': 2 });
    expect(answers[0]!.body).toEqual({ ...answers[1]!.body, server_time: answers[0]!.body.server_time });
    expect(answers.map((answer) => answer.headers.get('idempotency-replayed')).sort()).toEqual([null, 'true']);
    expect(await transitions()).toEqual([{ seat: 'A1', version: 1, command: 'hold', holder_id: here.id }]);
  });

  test('same key for other seats at once: no row in common, and still one of them is refused', async () => {
    const [here, there] = await onBoth();
    const key = { 'idempotency-key': 'other-seats' };
    const blocker = await block(one.databaseUrl, STOP_WRITES);
    const first = here.hold(showId, ['A1'], key);
    const second = there.hold(showId, ['A2'], key);
    await blocker.untilWaiting(2); // neither has found the other's record
    await blocker.release();

    expect(tally([await first, await second])).toEqual({ '200': 1, '422 IDEMPOTENCY_KEY_REUSED': 1 });
    expect(await transitions()).toHaveLength(1);
  });

  test('the limit of held seats is exact: two instances that both saw room for two', async () => {
    const [here, there] = await onBoth();
    expect((await here.hold(showId, ['A1', 'A2', 'A3', 'A4', 'A5', 'A6', 'A7', 'A8'])).status).toBe(200);
    const blocker = await block(one.databaseUrl, STOP_WRITES);
    const first = here.hold(showId, ['B1', 'B2']);
    const second = there.hold(showId, ['C1', 'C2']);
    await blocker.untilWaiting(2); // both have counted eight
    await blocker.release();

    expect(tally([await first, await second])).toEqual({ '200': 1, '409 HOLD_LIMIT_EXCEEDED': 1 });
    expect((await here.seatMap(showId)).body.stats).toMatchObject({ held: 10 });
  });

  test('sweep against book: a hold that lapsed is nobody’s, whoever comes first', async () => {
    const holder = await person(one);
    await holder.hold(showId, ['A1']);
    await lapse(one.dataSource, showId, ['A1']);
    const blocker = await block(one.databaseUrl, LOCK_SEAT, [showId, 'A', 1]);
    const booking = holder.book(showId, ['A1']);
    await blocker.untilWaiting(1);
    const sweep = two.app.get(SeatSweeper).sweep();
    await blocker.untilWaiting(2);
    await blocker.release();

    expect((await booking).body.seats).toEqual([{ row: 'A', number: 1, code: 'HOLD_GONE' }]);
    expect(await sweep).toBe(1);
    expect(await seatRow('A', 1)).toMatchObject({ status: 'AVAILABLE', version: 2 });
  });

  test('sweep against a new hold: what the sweep found is decided again under the lock', async () => {
    const [before, after] = [await person(one), await person(one)];
    await before.hold(showId, ['A1']);
    await lapse(one.dataSource, showId, ['A1']);
    const blocker = await block(one.databaseUrl, LOCK_SEAT, [showId, 'A', 1]);
    const hold = after.hold(showId, ['A1']);
    await blocker.untilWaiting(1);
    const sweep = two.app.get(SeatSweeper).sweep(); // has found A1 lapsed, and comes second
    await blocker.untilWaiting(2);
    await blocker.release();

    expect((await hold).status).toBe(200);
    expect(await sweep).toBe(0);
    expect(await seatRow('A', 1)).toMatchObject({ status: 'HELD', version: 3, holder_id: after.id });
    expect((await after.book(showId, ['A1'])).status).toBe(200);
  });

  test('two sweeps at once expire each seat once', async () => {
    const holder = await person(one);
    await holder.hold(showId, ['A1', 'A2', 'A3']);
    await lapse(one.dataSource, showId, ['A1', 'A2', 'A3']);
    const blocker = await block(one.databaseUrl, LOCK_SEAT, [showId, 'A', 1]);
    const sweeps = [one, two].map((each) => each.app.get(SeatSweeper).sweep());
    await blocker.untilWaiting(2);
    await blocker.release();

    expect((await Promise.all(sweeps)).sort()).toEqual([0, 3]);
    expect((await transitions()).filter((step) => step.command === 'expire')).toHaveLength(3);
  });

  test('book against release, by the same holder: one of them, whole', async () => {
    const [here, there] = await onBoth();
    await here.hold(showId, ['A1', 'A2']);
    const blocker = await block(one.databaseUrl, LOCK_SEAT, [showId, 'A', 1]);
    const book = here.book(showId, ['A1', 'A2']);
    await blocker.untilWaiting(1);
    const release = there.release(showId, ['A1', 'A2']);
    await blocker.untilWaiting(2);
    await blocker.release();

    expect((await book).status).toBe(200);
    expect(tally([await release])).toEqual({ '409 NOT_YOUR_HOLD': 1 });
  });

  test('the same book twice at once: one booking', async () => {
    const [here, there] = await onBoth();
    await here.hold(showId, ['A1', 'A2']);
    const blocker = await block(one.databaseUrl, LOCK_SEAT, [showId, 'A', 1]);
    const first = here.book(showId, ['A1', 'A2']);
    const second = there.book(showId, ['A2', 'A1']);
    await blocker.untilWaiting(2);
    await blocker.release();

    expect(tally([await first, await second])).toEqual({ '200': 2 });
    expect((await first).body).toEqual((await second).body);
    const [{ bookings }] = await one.dataSource.query(
      'SELECT count(*)::int AS bookings FROM booking WHERE show_id = $1',
      [showId],
    );
    expect(bookings).toBe(1);
  });

  test('overlapping batches of many: every seat has one holder, every batch is whole', async () => {
    const people = await Promise.all(Array.from({ length: 40 }, (_unused, i) => person(i % 2 === 0 ? one : two)));
    const answers = await Promise.all(
      people.map((each, i) => each.hold(showId, [`A${1 + (i % 9)}`, `A${2 + (i % 9)}`])),
    );
    const held = answers.filter((answer) => answer.status === 200).flatMap((answer) => answer.body.seats);
    expect(new Set(held.map((seat: { number: number }) => seat.number)).size).toBe(held.length);
    expect((await people[0]!.seatMap(showId)).body.stats.held).toBe(held.length);
    expect(answers.every((answer) => answer.status === 200 || answer.body.code === 'SEAT_UNAVAILABLE')).toBe(true);
  });
});
