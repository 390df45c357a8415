import { BookingRows } from '../../src/bookings/booking-rows';
import { RULES, verifyLedger, VerifyOptions, Violation } from '../../src/ledger/ledger-verifier';
import { Seals } from '../../src/platform/seals';
import type { SeatCommand } from '../../src/seats/seat-command';
import { SeatStateMachine } from '../../src/seats/seat-state-machine';
import { createTestDatabase, TestDatabase } from '../support/database';
import { createShow, lapse } from '../support/house';
import { FALSIFICATIONS, FORGERIES_OF_OLD_ROWS } from './falsifications';

const ANNE = 'user:anne';
const BOB = 'user:bob';
const SEALS = new Seals(['the secret of the ledger in these tests']);

/**
 * Removes the constraints by which the database itself refuses such rows, so that only the verifier can notice them.
 */
const DISARM = `
  DO $$ DECLARE disarmed record; BEGIN
    FOR disarmed IN SELECT conrelid::regclass AS of, conname AS name FROM pg_constraint
                     WHERE contype IN ('c', 'f') AND conrelid IN ('seat'::regclass, 'seat_transition'::regclass,
                                                                  'booking'::regclass, 'booking_seat'::regclass)
    LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', disarmed.of, disarmed.name); END LOOP;
  END $$;
  ALTER TABLE booking_seat DROP CONSTRAINT booking_seat_pkey;
  DROP INDEX booking_seat_sold;`;

const seatIs = (name: string) => `show_id = 1 AND "row" = '${name[0]}' AND number = ${name.slice(1)}`;
const stepIs = (name: string, version: number) => `${seatIs(name)} AND version = ${version}`;
const ANNES_BOOKING = `(SELECT id FROM booking WHERE show_id = 1 AND holder_id = '${ANNE}')`;

describe('verify', () => {
  let database: TestDatabase;

  beforeEach(async () => {
    database = await createTestDatabase();
  });

  afterEach(() => database.drop());

  const run = async (...commands: [SeatCommand['name'], string | null, number, string[]][]) => {
    const machine = new SeatStateMachine(
      database.dataSource,
      new BookingRows(),
      [],
      {
        holds: { ttlMs: 600_000, maxPerHolder: 10, maxSeatsPerHolder: 1_000, maxPerAddress: 100, reholdCooldownMs: 0 },
        idempotency: { ttlHours: 24, maxKeysPerHolder: 200 },
        rateLimits: { enabled: true },
      },
      SEALS,
    );
    const answers = await machine.execute(
      commands.map(([name, holderId, showId, seats]) => ({
        name,
        holderId,
        actorId: holderId,
        ...(name === 'block' ? { reason: 'broken' } : {}),
        showId,
        seats: seats.map((seat) => ({ row: seat[0]!, number: Number(seat.slice(1)) })),
      })),
    );
    expect(answers.map(({ outcome }) => outcome.kind)).not.toContain('refused');
  };

  /** Two shows in which everything has happened that can: written by the state machine, as the server writes it. */
  const buildScene = async () => {
    for (const _ of [1, 2]) await createShow(database.dataSource, { rows: 2, seatsPerRow: 5 });
    await run(
      ['hold', ANNE, 1, ['A1', 'A2']],
      ['hold', BOB, 1, ['A3', 'A4', 'A5']],
      ['hold', ANNE, 1, ['B1']],
      ['hold', BOB, 2, ['A1']],
    );
    await run(
      ['book', ANNE, 1, ['A1', 'A2']],
      ['release', BOB, 1, ['A3']],
      ['book', BOB, 1, ['A5']],
      ['book', BOB, 2, ['A1']],
    );
    await lapse(database.dataSource, 1, ['B1']);
    await run(['hold', BOB, 1, ['B1']]); // expires Anne's first
  };

  const verify = (options?: VerifyOptions) => verifyLedger(database.dataSource, options);
  const places = (violations: readonly Violation[]) =>
    violations.map(
      ({ rule, row, number, version }) => `${rule} ${row === null ? '-' : `${row}${number}`} ${version ?? '-'}`,
    );

  it('has nothing to say about what the state machine writes', async () => {
    await buildScene();

    expect(await verify({ holdLimit: 2 })).toEqual({
      shows: 2,
      seats: 20,
      transitions: 14,
      bookings: 3,
      unsealed: 0,
      areSealsChecked: false,
      violations: 0,
      listed: [],
      seconds: expect.any(Number),
    });
  });

  it('has nothing to say about blocks, of lapsed holds too, and their end', async () => {
    await buildScene();
    await lapse(database.dataSource, 1, ['A4']);
    await run(['block', BOB, 1, ['A4', 'B2', 'B3']]);
    await run(['unblock', ANNE, 1, ['B2']]);

    expect(await verify()).toMatchObject({ transitions: 19, violations: 0 });
  });

  it('has nothing to say about an empty database', async () => {
    expect(await verify()).toMatchObject({ shows: 0, seats: 0, transitions: 0, bookings: 0, violations: 0 });
  });

  /** SQL that plants a fault, and the places where the verifier finds it. */
  const PLANTED: [string, string, string[], VerifyOptions?][] = [
    [
      'a missing version',
      `UPDATE seat_transition SET version = 3 WHERE ${stepIs('A3', 2)}; UPDATE seat SET version = 3 WHERE ${seatIs('A3')}`,
      ['VERSIONS A3 3'],
    ],
    ['a lost first step', `DELETE FROM seat_transition WHERE ${stepIs('A4', 1)}`, ['STORED_SEAT A4 0']],
    ['a lost last step', `DELETE FROM seat_transition WHERE ${stepIs('A3', 2)}`, ['STORED_SEAT A3 1']],
    [
      'an unknown command',
      `UPDATE seat_transition SET command = 'steal' WHERE ${stepIs('A3', 2)}`,
      ['LEGAL_STEP A3 2'],
    ],
    [
      'a step from elsewhere',
      `UPDATE seat_transition SET from_status = 'BOOKED' WHERE ${stepIs('A3', 2)}`,
      ['CHAIN A3 2', 'LEGAL_STEP A3 2'],
    ],
    [
      'a seat held twice at the same time',
      `INSERT INTO seat_transition SELECT show_id, "row", number, 2, command, from_status, to_status, '${ANNE}', hold_expires_at, booking_id, at
         FROM seat_transition WHERE ${stepIs('A4', 1)};
       UPDATE seat SET version = 2, holder_id = '${ANNE}' WHERE ${seatIs('A4')}`,
      ['CHAIN A4 2'],
    ],
    [
      'a seat sold twice, with a proper booking each time',
      `INSERT INTO seat_transition SELECT show_id, "row", number, version + 2, command, from_status, to_status, '${BOB}', hold_expires_at,
              CASE WHEN command = 'book' THEN '00000000-0000-4000-8000-000000000001'::uuid END, (SELECT max(at) FROM seat_transition WHERE ${seatIs('A1')})
         FROM seat_transition WHERE ${seatIs('A1')};
       INSERT INTO booking SELECT 1, '00000000-0000-4000-8000-000000000001', 'TWICE', '${BOB}', 100, 'USD', max(at) FROM seat_transition WHERE ${seatIs('A1')};
       INSERT INTO booking_seat VALUES (1, 'A', 1, '00000000-0000-4000-8000-000000000001', 100);
       UPDATE seat SET version = 4, holder_id = '${BOB}', held_at = (SELECT max(at) FROM seat_transition WHERE ${seatIs('A1')}),
              booking_id = '00000000-0000-4000-8000-000000000001' WHERE ${seatIs('A1')}`,
      ['CHAIN A1 3'],
    ],
    [
      'time running back',
      `UPDATE seat_transition SET at = at - interval '1 hour' WHERE ${stepIs('A3', 2)}`,
      ['TIME A3 2'],
    ],
    [
      'a hold that is over when it begins',
      `UPDATE seat_transition SET hold_expires_at = at WHERE ${stepIs('A4', 1)};
       UPDATE seat SET hold_expires_at = held_at WHERE ${seatIs('A4')}`,
      ['HOLD_DEADLINE A4 1'],
    ],
    [
      'a hold without a deadline',
      `UPDATE seat_transition SET hold_expires_at = NULL WHERE ${stepIs('A4', 1)}; UPDATE seat SET hold_expires_at = NULL WHERE ${seatIs('A4')}`,
      ['HOLD_DEADLINE A4 1', 'SEAT_NOW A4 1'],
    ],
    [
      'a deadline put off',
      `UPDATE seat_transition SET hold_expires_at = hold_expires_at + interval '1 ms' WHERE ${stepIs('A1', 2)}`,
      ['DEADLINE_MOVED A1 2'],
    ],
    [
      "another's hold released",
      `UPDATE seat_transition SET holder_id = '${ANNE}' WHERE ${stepIs('A3', 2)}`,
      ['HOLDER A3 2'],
    ],
    [
      'a hold booked at its deadline',
      `UPDATE seat_transition SET at = at - interval '1 minute' WHERE ${stepIs('A1', 1)};
       UPDATE seat SET held_at = held_at - interval '1 minute' WHERE ${seatIs('A1')};
       UPDATE seat_transition SET hold_expires_at = (SELECT at FROM seat_transition WHERE ${stepIs('A1', 2)}) WHERE ${seatIs('A1')}`,
      ['BOOKED_LATE A1 2'],
    ],
    [
      'a hold released at its deadline',
      `UPDATE seat_transition SET at = at - interval '1 minute' WHERE ${stepIs('A3', 1)};
       UPDATE seat_transition SET hold_expires_at = (SELECT at FROM seat_transition WHERE ${stepIs('A3', 2)}) WHERE ${seatIs('A3')}`,
      ['RELEASED_LATE A3 2'],
    ],
    [
      'a hold expired a millisecond early',
      `UPDATE seat_transition SET at = hold_expires_at - interval '1 ms' WHERE ${stepIs('B1', 2)}`,
      ['EXPIRED_EARLY B1 2'],
    ],
    [
      'a book without a booking',
      `UPDATE seat_transition SET booking_id = NULL WHERE ${stepIs('A2', 2)}`,
      ['BOOKING_NAMED A2 2', 'STORED_SEAT A2 2', 'BOOKING_SEATS A2 -'],
    ],
    ['a seat of another status', `UPDATE seat SET status = 'BOOKED' WHERE ${seatIs('A4')}`, ['STORED_SEAT A4 1']],
    ['a seat of another holder', `UPDATE seat SET holder_id = '${ANNE}' WHERE ${seatIs('A4')}`, ['STORED_SEAT A4 1']],
    [
      'a seat with another deadline',
      `UPDATE seat SET hold_expires_at = hold_expires_at + interval '1 ms' WHERE ${seatIs('A4')}`,
      ['STORED_SEAT A4 1'],
    ],
    [
      'a seat with another booking',
      `UPDATE seat SET booking_id = gen_random_uuid() WHERE ${seatIs('A1')}`,
      ['STORED_SEAT A1 2'],
    ],
    ['a version without a step', `UPDATE seat SET version = 1 WHERE ${seatIs('B5')}`, ['STORED_SEAT B5 0']],
    ['a sale without a step', `UPDATE seat SET status = 'BOOKED' WHERE ${seatIs('B5')}`, ['STORED_SEAT B5 0']],
    ['a holder without a step', `UPDATE seat SET holder_id = '${BOB}' WHERE ${seatIs('B5')}`, ['STORED_SEAT B5 0']],
    [
      'a deadline without a step',
      `UPDATE seat SET hold_expires_at = now() WHERE ${seatIs('B5')}`,
      ['STORED_SEAT B5 0'],
    ],
    ['steps without a seat', `DELETE FROM seat WHERE ${seatIs('A3')}`, ['SEAT_EXISTS A3 2']],
    [
      'a sold seat missing from its booking',
      `DELETE FROM booking_seat WHERE ${seatIs('A2')}`,
      ['BOOKING_SEATS A2 2', 'BOOKING_TOTAL - -'],
    ],
    [
      'a seat in a booking that nobody booked',
      `INSERT INTO booking_seat VALUES (1, 'B', 5, ${ANNES_BOOKING}, 0)`,
      ['BOOKING_SEATS B5 -'],
    ],
    [
      "a seat in another's booking",
      `UPDATE booking_seat SET booking_id = ${ANNES_BOOKING}, price = 0 WHERE ${seatIs('A5')}`,
      ['BOOKING_SEATS A5 -', 'BOOKING_SEATS A5 2', 'BOOKING_NOT_EMPTY - -'],
    ],
    [
      'sold seats without a booking',
      `DELETE FROM booking WHERE id = ${ANNES_BOOKING}`,
      ['BOOKING_EXISTS A1 2', 'BOOKING_EXISTS A2 2'],
    ],
    [
      'a booking of another holder',
      `UPDATE booking SET holder_id = '${BOB}' WHERE id = ${ANNES_BOOKING}`,
      ['BOOKING_HOLDER A1 2', 'BOOKING_HOLDER A2 2'],
    ],
    [
      'one seat booked later than the other',
      `UPDATE seat_transition SET at = at + interval '1 ms' WHERE ${stepIs('A2', 2)}`,
      ['BOOKING_TIME A2 2'],
    ],
    [
      'an empty booking',
      `INSERT INTO booking VALUES (1, gen_random_uuid(), 'EMPTY', '${BOB}', 0, 'USD', now())`,
      ['BOOKING_NOT_EMPTY - -'],
    ],
    [
      'a wrong total',
      `UPDATE booking SET total_paid = total_paid - 0.01 WHERE id = ${ANNES_BOOKING}`,
      ['BOOKING_TOTAL - -'],
    ],
    [
      'a seat sold at another price than booked',
      `UPDATE booking_seat SET price = price + 1 WHERE ${seatIs('A2')};
       UPDATE booking SET total_paid = total_paid + 1 WHERE id = ${ANNES_BOOKING}`,
      ['BOOKING_PRICE A2 2'],
    ],
    [
      'a book at another price than held',
      `UPDATE seat_transition SET price = price + 1 WHERE ${stepIs('A2', 2)};
       UPDATE seat SET hold_price = hold_price + 1 WHERE ${seatIs('A2')};
       UPDATE booking_seat SET price = price + 1 WHERE ${seatIs('A2')};
       UPDATE booking SET total_paid = total_paid + 1 WHERE id = ${ANNES_BOOKING}`,
      ['PRICE A2 2'],
    ],
    [
      'a hold at another price than frozen',
      `UPDATE seat SET hold_price = hold_price - 1 WHERE ${seatIs('A4')}`,
      ['STORED_SEAT A4 1'],
    ],
    ['a wrong currency', `UPDATE booking SET currency = 'EUR' WHERE id = ${ANNES_BOOKING}`, ['BOOKING_CURRENCY - -']],
    [
      'a booking of no show',
      `UPDATE show SET id = DEFAULT WHERE id = 1`,
      Array<string>(2).fill('BOOKING_CURRENCY - -'),
    ],
    [
      'a sold seat written by another transaction',
      `UPDATE booking_seat SET price = price WHERE ${seatIs('A2')}`,
      ['ONE_TRANSACTION A2 2'],
      { isRestored: false },
    ],
    [
      'a step written by another transaction',
      `UPDATE seat_transition SET at = at WHERE ${stepIs('A2', 2)}`,
      ['ONE_TRANSACTION A2 2'],
      { isRestored: false },
    ],
    [
      'a booking written by another transaction',
      `UPDATE booking SET total_paid = total_paid WHERE id = ${ANNES_BOOKING}`,
      ['ONE_TRANSACTION A1 2', 'ONE_TRANSACTION A2 2'],
      { isRestored: false },
    ],
    ['more holds than the limit', 'SELECT', ['HOLD_LIMIT - -'], { holdLimit: 1 }],
    ['more seats than the limit', 'SELECT', ['SEAT_LIMIT - -'], { seatLimit: 2 }],
    [
      'a hold of more than a day',
      `UPDATE seat_transition SET hold_expires_at = hold_expires_at + interval '1 day' WHERE ${stepIs('A4', 1)};
       UPDATE seat SET hold_expires_at = hold_expires_at + interval '1 day' WHERE ${seatIs('A4')}`,
      ['HOLD_TTL A4 1'],
    ],
    [
      'a hold longer than holds are',
      `SELECT`,
      ['A1 1', 'A1 1', 'A2 1', 'A3 1', 'A4 1', 'A5 1', 'B1 1', 'B1 3'].map((at) => `HOLD_TTL ${at}`),
      { holdTtlMs: 599_999 },
    ],
    [
      'sales before they open',
      `UPDATE show SET sales_open_at = sales_close_at - interval '1 minute' WHERE id = 2`,
      ['SALES_WINDOW A1 1', 'SALES_WINDOW A1 2'],
      { checksSales: true },
    ],
  ];

  it.each(PLANTED)('finds %s', async (_, planted, found, options = {}) => {
    await buildScene();
    await database.dataSource.query(DISARM);
    await database.dataSource.query(planted);

    // An UPDATE also makes its row one of another transaction. Only the plants with `isRestored: false` are about that.
    const report = await verify({ isRestored: true, ...options });

    expect(places(report.listed).sort()).toEqual([...found].sort());
    expect(report.violations).toBe(found.length);
  });

  it('has a plant for every rule, here or among the falsifications', () => {
    const planted = new Set(PLANTED.flatMap(([, , found]) => found.map((place) => place.split(' ')[0])));
    for (const { rules } of [...FALSIFICATIONS, ...FORGERIES_OF_OLD_ROWS]) for (const rule of rules) planted.add(rule);

    expect(planted).toEqual(new Set(Object.keys(RULES)));
  });

  it('counts no lapsed hold against the limit', async () => {
    await buildScene();
    await lapse(database.dataSource, 1, ['A4']);

    expect(await verify({ holdLimit: 1 })).toMatchObject({ violations: 0 });
  });

  it('says where and what', async () => {
    await buildScene();
    await database.dataSource.query(`UPDATE booking SET total_paid = 1 WHERE id = ${ANNES_BOOKING}`);
    const [{ id }] = (await database.dataSource.query(`SELECT ${ANNES_BOOKING} AS id`)) as [{ id: string }];

    const { listed } = await verify({ isRestored: true });

    expect(listed).toEqual([
      {
        rule: 'BOOKING_TOTAL',
        showId: 1,
        row: null,
        number: null,
        version: null,
        bookingId: id,
        detail: '1.00 paid for seats of 200.00',
      },
    ]);
  });

  it('lists the first violations and counts all', async () => {
    await buildScene();
    await database.dataSource.query('UPDATE seat SET version = version + 1');

    const report = await verify({ listMax: 3 });

    expect(report.violations).toBe(20);
    expect(report.listed).toHaveLength(3);
  });

  it('keeps seats of the same number apart, and those of the same name in different shows', async () => {
    await createShow(database.dataSource, { rows: 2, seatsPerRow: 1 });
    for (const _ of [2, 3]) await createShow(database.dataSource, { rows: 1, seatsPerRow: 1 });
    await run(['hold', ANNE, 1, ['A1']], ['hold', BOB, 1, ['B1']], ['hold', BOB, 2, ['A1']], ['hold', ANNE, 3, ['A1']]);

    expect(await verify()).toMatchObject({ seats: 4, transitions: 4, violations: 0 });
  });

  it('agrees with itself while seats are sold', async () => {
    await createShow(database.dataSource, { rows: 20, seatsPerRow: 50 });
    let sold = 0;
    let isOver = false;
    const selling = (async () => {
      while (!isOver && sold < 1_000) {
        const seat = `${String.fromCharCode(65 + Math.floor(sold / 50))}${(sold % 50) + 1}`;
        await run(['hold', ANNE, 1, [seat]]);
        await run(['book', ANNE, 1, [seat]]);
        sold++;
      }
    })();

    const reports = [await verify()];
    while (reports.length < 5 || reports.at(-1)!.bookings === reports[0]!.bookings) reports.push(await verify());
    isOver = true;
    await selling;

    expect(reports.filter(({ violations }) => violations > 0)).toEqual([]);
    for (const { transitions, bookings } of reports) expect(transitions - 2 * bookings).toBeLessThanOrEqual(1);
    expect(reports.at(-1)!.bookings).toBeGreaterThan(reports[0]!.bookings);
  });
});

describe('verify, with ledgers longer than what is read at a time', () => {
  const ROUNDS = 6_000;
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase();
    await createShow(database.dataSource, { rows: 1, seatsPerRow: 3 });
    await database.dataSource.query(
      `INSERT INTO seat_transition
       SELECT 1, 'A', number, 2 * round - step, CASE step WHEN 1 THEN 'hold' ELSE 'release' END,
              CASE step WHEN 1 THEN 'AVAILABLE' ELSE 'HELD' END, CASE step WHEN 1 THEN 'HELD' ELSE 'AVAILABLE' END,
              'user:' || round, '2026-01-01'::timestamptz + round * interval '1 s', NULL, '2026-01-01'::timestamptz + round * interval '10 ms'
         FROM generate_series(1, 2) AS number, generate_series(1, $1::int) AS round, generate_series(0, 1) AS step`,
      [ROUNDS],
    );
    await database.dataSource.query('UPDATE seat SET version = $1 WHERE number < 3', [2 * ROUNDS]);
  });

  afterAll(() => database.drop());

  it('reads all of them', async () => {
    expect(await verifyLedger(database.dataSource)).toMatchObject({ seats: 3, transitions: 4 * ROUNDS, violations: 0 });
  });

  it('finds what is wrong in the last of them', async () => {
    await database.dataSource.query(
      `UPDATE seat_transition SET holder_id = 'user:x' WHERE number = 2 AND version = $1`,
      [2 * ROUNDS],
    );

    const { listed } = await verifyLedger(database.dataSource);

    expect(listed).toMatchObject([{ rule: 'HOLDER', row: 'A', number: 2, version: 2 * ROUNDS }]);
  });
});
