import type { DataSource, QueryRunner } from 'typeorm';
import { onMaintenanceConnection } from '../platform/database/maintenance';
import { LEDGER_RULES, LedgerStep, LedgerViolation, SeatReplay, StoredSeat } from './ledger-replay';

/** What must hold of the bookings, beyond what the ledger of each seat says. */
const BOOKING_RULES = {
  BOOKING_SEATS: "a booking's seats are exactly those whose ledger ends in it",
  BOOKING_EXISTS: 'every booked seat has a booking',
  BOOKING_HOLDER: "a booking is its seats' holder's",
  BOOKING_TIME: 'all seats of a booking are booked at its time',
  ONE_TRANSACTION: 'a booking, its seats and their steps are written by one transaction',
  BOOKING_NOT_EMPTY: 'no booking is without seats',
  BOOKING_PRICE: 'a sold seat costs what its step charged',
  BOOKING_TOTAL: "a booking's total is the sum of its seats' prices",
  BOOKING_CURRENCY: "a booking's currency is its show's",
} as const;

const LIMIT_RULES = {
  HOLD_LIMIT: 'nobody holds more seats of a show than the limit',
  SEAT_LIMIT: 'nobody has more seats of a show, held and booked, than the limit',
} as const;

/** Every rule, and what it says. */
export const RULES = { ...LEDGER_RULES, ...BOOKING_RULES, ...LIMIT_RULES };

/** Something that does not agree. Null where a booking or a holder is meant, not a seat or a step. */
export interface Violation {
  readonly rule: keyof typeof RULES;
  readonly showId: number;
  readonly row: string | null;
  readonly number: number | null;
  readonly version: number | null;
  readonly bookingId: string | null;
  /** What was found, for people. */
  readonly detail: string;
}

export interface VerifyOptions {
  /** How many violations are listed; all are counted. */
  readonly listMax?: number;
  /** Most live held seats of one holder in one show; not checked without it. */
  readonly holdLimit?: number;
  /** Most seats of one holder in one show, live held and booked; not checked without it. */
  readonly seatLimit?: number;
  /** The rows came from a dump: they no longer tell which transaction wrote them. */
  readonly isRestored?: boolean;
}

export interface VerificationReport {
  readonly shows: number;
  readonly seats: number;
  readonly transitions: number;
  readonly bookings: number;
  readonly violations: number;
  /** The first of them. */
  readonly listed: readonly Violation[];
  readonly seconds: number;
}

const LIST_MAX = 100;
const ROWS_PER_FETCH = 5_000;

/** Joins in linear time also where statistics are old: a look-up for each row, and starting quickly, are for small results. */
const PLAN_FOR_READING_EVERYTHING = `
  SET LOCAL enable_nestloop = off;
  SET LOCAL cursor_tuple_fraction = 1;
  SET LOCAL work_mem = '64MB';
  SET LOCAL jit = off`;

/**
 * Replays the whole ledger and compares it with the seats and the bookings. All of it is one snapshot of the database, so
 * the answer is true also while seats are sold; memory does not grow with the ledger, time does linearly. Changes nothing.
 */
export function verifyLedger(dataSource: DataSource, options: VerifyOptions = {}): Promise<VerificationReport> {
  const startedMs = performance.now();
  const listed: Violation[] = [];
  let violations = 0;
  const report = (violation: Violation) => {
    violations++;
    if (listed.length < (options.listMax ?? LIST_MAX)) listed.push(violation);
  };
  return onMaintenanceConnection(dataSource, async (runner) => {
    await runner.query('START TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
    await runner.query(PLAN_FOR_READING_EVERYTHING);
    const [counts] = await runner.manager.query<Record<'shows' | 'seats' | 'transitions' | 'bookings', string>[]>(`
      SELECT (SELECT count(*) FROM show) AS shows, (SELECT count(*) FROM seat) AS seats,
             (SELECT count(*) FROM seat_transition) AS transitions, (SELECT count(*) FROM booking) AS bookings`);
    await replayAllSeats(runner, report);
    await findRows(runner, stepsWithoutSeat, report);
    await findRows(runner, bookedSeats(!options.isRestored), report);
    await findRows(runner, bookings, report);
    if (options.holdLimit !== undefined) {
      await findRows(runner, seatsBeyond('HOLD_LIMIT', ['HELD'], options.holdLimit), report);
    }
    if (options.seatLimit !== undefined) {
      await findRows(runner, seatsBeyond('SEAT_LIMIT', ['HELD', 'BOOKED'], options.seatLimit), report);
    }
    await runner.query('COMMIT');
    return {
      shows: Number(counts!.shows),
      seats: Number(counts!.seats),
      transitions: Number(counts!.transitions),
      bookings: Number(counts!.bookings),
      violations,
      listed,
      seconds: (performance.now() - startedMs) / 1_000,
    };
  });
}

type Report = (violation: Violation) => void;

/** A seat with one of its steps; the step's columns are null for a seat without any. */
interface ReplayRow {
  show_id: number;
  row: string;
  number: number;
  status: StoredSeat['status'];
  seat_version: number;
  seat_holder_id: string | null;
  seat_deadline_ms: number | null;
  seat_hold_price: string | null;
  seat_booking_id: string | null;
  version: number | null;
  command: string;
  from_status: string;
  to_status: string;
  holder_id: string | null;
  deadline_ms: number | null;
  booking_id: string | null;
  price: string | null;
  at_ms: number;
}

const milliseconds = (column: string) => `round(date_part('epoch', ${column}) * 1000)`;

/** In order of the keys; seats that nothing has ever happened to need no replay. */
const REPLAY_SQL = `
  SELECT seat.show_id, seat."row", seat.number, seat.status, seat.version AS seat_version, seat.holder_id AS seat_holder_id,
         ${milliseconds('seat.hold_expires_at')} AS seat_deadline_ms, seat.booking_id AS seat_booking_id,
         seat.hold_price AS seat_hold_price,
         step.version, step.command, step.from_status, step.to_status, step.holder_id,
         ${milliseconds('step.hold_expires_at')} AS deadline_ms, step.booking_id, step.price, ${milliseconds('step.at')} AS at_ms
    FROM seat
    LEFT JOIN seat_transition AS step
      ON step.show_id = seat.show_id AND step."row" = seat."row" AND step.number = seat.number
   WHERE step.version IS NOT NULL OR seat.status <> 'AVAILABLE' OR seat.version <> 0
      OR num_nonnulls(seat.holder_id, seat.hold_expires_at, seat.booking_id) > 0
   ORDER BY seat.show_id, seat."row", seat.number, step.version`;

async function replayAllSeats(runner: QueryRunner, report: Report): Promise<void> {
  let current: ReplayRow | undefined;
  let replay = new SeatReplay();
  const tell = ({ show_id, row, number }: ReplayRow, found: readonly LedgerViolation[]) => {
    for (const violation of found) report({ showId: show_id, row, number, bookingId: null, ...violation });
  };
  await forEachRow<ReplayRow>(runner, REPLAY_SQL, (row) => {
    if (!current || row.number !== current.number || row.row !== current.row || row.show_id !== current.show_id) {
      if (current) tell(current, replay.finish(storedSeat(current)));
      current = row;
      replay = new SeatReplay();
    }
    if (row.version !== null) tell(row, replay.take(ledgerStep(row, row.version)));
  });
  if (current) tell(current, replay.finish(storedSeat(current)));
}

function storedSeat(row: ReplayRow): StoredSeat {
  return {
    status: row.status,
    version: row.seat_version,
    holderId: row.seat_holder_id,
    holdPrice: row.seat_hold_price,
    holdExpiresAtMs: row.seat_deadline_ms,
    bookingId: row.seat_booking_id,
  };
}

function ledgerStep(row: ReplayRow, version: number): LedgerStep {
  return {
    version,
    command: row.command,
    from: row.from_status,
    to: row.to_status,
    holderId: row.holder_id,
    holdExpiresAtMs: row.deadline_ms,
    bookingId: row.booking_id,
    price: row.price,
    atMs: row.at_ms,
  };
}

/**
 * The checks below are done by the database and return what is wrong: rule, show_id, row, number, version, booking_id,
 * detail.
 */

const stepsWithoutSeat = `
  SELECT 'SEAT_EXISTS' AS rule, show_id, "row", number, max(version) AS version, NULL::uuid AS booking_id,
         count(*) || ' step(s) of no seat' AS detail
    FROM seat_transition AS step
   WHERE NOT EXISTS (SELECT FROM seat
                      WHERE seat.show_id = step.show_id AND seat."row" = step."row" AND seat.number = step.number)
   GROUP BY show_id, "row", number`;

/** The seats sold by the bookings beside the steps that booked them. */
const bookedSeats = (checksTransactions: boolean) => `
  SELECT broken.rule, pair.show_id, pair."row", pair.number, pair.version, pair.booking_id, broken.detail
    FROM (SELECT show_id, booking_id, "row", number, step.version, step.holder_id, step.at, step.price, sold.price AS sold_price,
                 step.transaction AS step_transaction, sold.transaction AS sold_transaction
            FROM (SELECT show_id, booking_id, "row", number, version, holder_id, at, price, xmin::text AS transaction
                    FROM seat_transition WHERE booking_id IS NOT NULL) AS step
            FULL JOIN (SELECT show_id, booking_id, "row", number, price, xmin::text AS transaction
                         FROM booking_seat WHERE cancelled_at IS NULL) AS sold
                USING (show_id, booking_id, "row", number)) AS pair
    LEFT JOIN booking ON booking.show_id = pair.show_id AND booking.id = pair.booking_id
   CROSS JOIN LATERAL (VALUES
     ('BOOKING_SEATS', step_transaction IS NULL, 'sold by the booking, but not booked by any step'),
     ('BOOKING_SEATS', sold_transaction IS NULL, 'booked by a step, but not sold by the booking'),
     ('BOOKING_EXISTS', booking.id IS NULL, 'there is no such booking'),
     ('BOOKING_HOLDER', booking.holder_id <> pair.holder_id,
      format('the booking is of %s, the seat was booked by %s', booking.holder_id, pair.holder_id)),
     ('BOOKING_PRICE', pair.price <> pair.sold_price, format('charged %s, sold for %s', pair.price, pair.sold_price)),
     ('BOOKING_TIME', booking.booked_at <> pair.at, format('booked at %s, the seat at %s', booking.booked_at, pair.at)),
     ('ONE_TRANSACTION',
      ${checksTransactions} AND (step_transaction <> sold_transaction OR step_transaction <> booking.xmin::text
                                 OR sold_transaction <> booking.xmin::text),
      format('booking by transaction %s, seat by %s, step by %s', booking.xmin, sold_transaction, step_transaction))
   ) AS broken(rule, is_broken, detail)
   WHERE broken.is_broken`;

const bookings = `
  SELECT broken.rule, booking.show_id, NULL AS "row", NULL AS number, NULL AS version, booking.id AS booking_id, broken.detail
    FROM booking
    LEFT JOIN show ON show.id = booking.show_id
    LEFT JOIN (SELECT show_id, booking_id, sum(price) AS price FROM booking_seat GROUP BY show_id, booking_id) AS sold
      ON sold.show_id = booking.show_id AND sold.booking_id = booking.id
   CROSS JOIN LATERAL (VALUES
     ('BOOKING_NOT_EMPTY', sold.booking_id IS NULL, 'no seats'),
     ('BOOKING_TOTAL', sold.price <> booking.total_paid, format('%s paid for seats of %s', booking.total_paid, sold.price)),
     ('BOOKING_CURRENCY', booking.currency IS DISTINCT FROM show.currency,
      format('paid in %s, the show costs %s', booking.currency, show.currency))
   ) AS broken(rule, is_broken, detail)
   WHERE broken.is_broken`;

/**
 * As it stands now. By the time of the statement, not the snapshot's a little before it: what lapsed in between made room
 * for another hold in nobody's view of this snapshot.
 */
const seatsBeyond = (rule: keyof typeof LIMIT_RULES, statuses: readonly string[], limit: number) => `
  SELECT '${rule}' AS rule, show_id, NULL AS "row", NULL AS number, NULL AS version, NULL AS booking_id,
         format('%s has %s seats, the limit is %s', holder_id, count(*), ${limit}::int) AS detail
    FROM seat_now
   WHERE status IN (${statuses.map((status) => `'${status}'`).join(', ')})
   GROUP BY show_id, holder_id
  HAVING count(*) > ${limit}::int`;

interface FoundRow {
  rule: Violation['rule'];
  show_id: number;
  row: string | null;
  number: number | null;
  version: number | null;
  booking_id: string | null;
  detail: string;
}

async function findRows(runner: QueryRunner, sql: string, report: Report): Promise<void> {
  await forEachRow<FoundRow>(runner, sql, ({ show_id, booking_id, ...rest }) =>
    report({ ...rest, showId: show_id, bookingId: booking_id }),
  );
}

/** Reads through a cursor, so that neither side ever has all rows in memory. Needs a transaction. */
async function forEachRow<Row>(runner: QueryRunner, sql: string, take: (row: Row) => void): Promise<void> {
  await runner.query(`DECLARE everything NO SCROLL CURSOR FOR ${sql}`);
  const fetch = () => runner.manager.query<Row[]>(`FETCH FORWARD ${ROWS_PER_FETCH} FROM everything`);
  for (let rows = await fetch(); rows.length > 0;) {
    // The database reads on meanwhile.
    const next = fetch();
    rows.forEach(take);
    rows = await next;
  }
  await runner.query('CLOSE everything');
}
