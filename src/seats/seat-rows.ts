import type { DataSource } from 'typeorm';
import { instant } from '../platform/instant';
import type { PipelinedTransaction } from '../platform/database/pipelined-transaction';
import { seatKey, SeatRef, SeatState, SeatTransition } from './seat-transitions';
import { Seat } from './seat.entity';

/** The statements of a seat transaction, and the rows they read and write. Every one carries the show in its condition. */

/** Rows as PostgreSQL sends them. */
interface SeatRow {
  show_id: number;
  row: string;
  number: number;
  status: SeatState['status'];
  version: number;
  price: string;
  holder_id: string | null;
  held_at: Date | null;
  hold_expires_at: Date | null;
  hold_slot: number | null;
  booking_id: string | null;
}

/** Seats named by a transaction, as parallel arrays for `unnest`. */
function seatColumns(seats: readonly (SeatRef & { showId: number })[]): [number[], string[], number[]] {
  return [seats.map((seat) => seat.showId), seats.map((seat) => seat.row), seats.map((seat) => seat.number)];
}

const NAMED_ACROSS_SHOWS =
  '(seat."show_id", seat."row", seat."number") IN (SELECT * FROM unnest($1::int[], $2::text[], $3::int[]))';

/** Renders a query of TypeORM's once; only its values differ from transaction to transaction. */
function lockSql(dataSource: DataSource, named: string, onLocked?: 'skip_locked'): string {
  const columns = [
    'show_id',
    'row',
    'number',
    'status',
    'version',
    'price',
    'holder_id',
    'held_at',
    'hold_expires_at',
    'hold_slot',
    'booking_id',
  ];
  const query = dataSource
    .createQueryBuilder(Seat, 'seat')
    .select(columns.map((column) => `seat."${column}" AS "${column}"`))
    .where(named)
    // One order for everybody: whoever waits, waits for a row behind all those it has. Locks are taken in this order, as
    // the sort comes before the locking.
    .orderBy({ 'seat.showId': 'ASC', 'seat.row': 'ASC', 'seat.number': 'ASC' })
    .setLock('pessimistic_write');
  return (onLocked ? query.setOnLocked(onLocked) : query).getQuery();
}

/** Locks seats FOR UPDATE in one statement and one order, and reads them as they are once locked. */
export class SeatLock {
  private readonly acrossShows: string;
  private readonly withinShow: string;
  private readonly acrossShowsSkippingLocked: string;

  constructor(dataSource: DataSource) {
    this.acrossShows = lockSql(dataSource, NAMED_ACROSS_SHOWS);
    this.acrossShowsSkippingLocked = lockSql(dataSource, NAMED_ACROSS_SHOWS, 'skip_locked');
    // The shape that a database distributed by show can route to one node.
    this.withinShow = lockSql(
      dataSource,
      'seat."show_id" = $1 AND (seat."row", seat."number") IN (SELECT * FROM unnest($2::text[], $3::int[]))',
    );
  }

  async send(
    transaction: PipelinedTransaction,
    seats: readonly (SeatRef & { showId: number })[],
  ): Promise<SeatState[]> {
    const [showIds, rows, numbers] = seatColumns(seats);
    const oneShow = showIds.every((showId) => showId === showIds[0]);
    const result = oneShow
      ? await transaction.send<SeatRow>(this.withinShow, [showIds[0], rows, numbers])
      : await transaction.send<SeatRow>(this.acrossShows, [showIds, rows, numbers]);
    return result.rows.map(seatState);
  }

  /**
   * Finds which of the seats somebody else has locked right now: those that exist and can't be had without waiting. A hint
   * for whom to leave out of the next attempt; nothing is decided by it.
   */
  async sendFindLocked(
    transaction: PipelinedTransaction,
    seats: readonly (SeatRef & { showId: number })[],
  ): Promise<Set<string>> {
    const values = seatColumns(seats);
    const [existing, free] = await Promise.all([
      transaction.send<SeatRow>(`SELECT seat.* FROM seat WHERE ${NAMED_ACROSS_SHOWS}`, values),
      transaction.send<SeatRow>(this.acrossShowsSkippingLocked, values),
    ]);
    const locked = new Set(existing.rows.map((row) => seatKey(row.show_id, row)));
    for (const row of free.rows) locked.delete(seatKey(row.show_id, row));
    return locked;
  }
}

function seatState(row: SeatRow): SeatState {
  return {
    showId: row.show_id,
    row: row.row,
    number: row.number,
    status: row.status,
    version: row.version,
    price: row.price,
    holderId: row.holder_id,
    heldAtMs: row.held_at && row.held_at.getTime(),
    holdExpiresAtMs: row.hold_expires_at && row.hold_expires_at.getTime(),
    holdSlot: row.hold_slot,
    bookingId: row.booking_id,
  };
}

/**
 * Reads the database's clock, in milliseconds. Sent behind the locking statement, so it runs once the locks are granted:
 * `now()` would be the time at which the transaction began, before the wait. A statement of its own, as a distributed
 * database takes no volatile function inside an UPDATE.
 */
export async function sendClock(transaction: PipelinedTransaction): Promise<number> {
  const { rows } = await transaction.send<{ now_ms: string }>(
    'SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now_ms',
    [],
  );
  return Number(rows[0]!.now_ms);
}

export interface HoldRow {
  show_id: number;
  holder_id: string;
  row: string;
  number: number;
  hold_slot: number;
  hold_expires_at: Date;
}

/**
 * Reads what holders hold in shows, lapsed holds included, without locking.
 *
 * OFFSET 0 makes PostgreSQL look each pair up in `seat_hold_slot`. Without it the planner, whose statistics can't keep up
 * with how many seats are HELD in a rush, reads that whole index and compares every entry with every pair.
 */
export async function sendHoldings(
  transaction: PipelinedTransaction,
  pairs: readonly { showId: number; holderId: string }[],
): Promise<HoldRow[]> {
  const { rows } = await transaction.send<HoldRow>(
    `SELECT hold.* FROM unnest($1::int[], $2::text[]) AS pair(show_id, holder_id)
      CROSS JOIN LATERAL (
        SELECT show_id, holder_id, "row", number, hold_slot, hold_expires_at FROM seat
         WHERE seat.status = 'HELD' AND seat.show_id = pair.show_id AND seat.holder_id = pair.holder_id
        OFFSET 0) AS hold`,
    [pairs.map((pair) => pair.showId), pairs.map((pair) => pair.holderId)],
  );
  return rows;
}

/** Sends one UPDATE for all seats that changed. */
export function sendSeatUpdate(transaction: PipelinedTransaction, seats: readonly SeatState[]): void {
  void transaction.send(
    `UPDATE seat SET status = c.status, version = c.version, holder_id = c.holder_id, held_at = c.held_at,
        hold_expires_at = c.hold_expires_at, hold_slot = c.hold_slot, booking_id = c.booking_id
       FROM unnest($1::int[], $2::text[], $3::int[], $4::text[], $5::int[], $6::text[], $7::timestamptz[],
                   $8::timestamptz[], $9::smallint[], $10::uuid[])
         AS c(show_id, "row", number, status, version, holder_id, held_at, hold_expires_at, hold_slot, booking_id)
      WHERE seat.show_id = c.show_id AND seat."row" = c."row" AND seat.number = c.number`,
    [
      ...seatColumns(seats),
      seats.map((seat) => seat.status),
      seats.map((seat) => seat.version),
      seats.map((seat) => seat.holderId),
      seats.map((seat) => timestamp(seat.heldAtMs)),
      seats.map((seat) => timestamp(seat.holdExpiresAtMs)),
      seats.map((seat) => seat.holdSlot),
      seats.map((seat) => seat.bookingId),
    ],
  );
}

/**
 * How long before a hold's deadline whatever took it for live must have reached the COMMIT. A commit that became visible
 * after the deadline would turn a seat that readers have seen AVAILABLE for a moment into a BOOKED one of the same version.
 */
const COMMIT_MARGIN_MS = 50;
/** The SQLSTATE (division_by_zero) that {@link sendDeadlineGuard} fails with. */
export const DEADLINE_GUARD_FAILED = '22012';

/**
 * Fails the transaction unless it is still well before the deadline. Sent last before COMMIT: between the decision and here
 * a transaction can be held up for as long as it likes.
 */
export function sendDeadlineGuard(transaction: PipelinedTransaction, deadlineMs: number): void {
  void transaction.send('SELECT 1 / (clock_timestamp() < $1::timestamptz)::int', [
    timestamp(deadlineMs - COMMIT_MARGIN_MS),
  ]);
}

/** Sends one INSERT for all steps taken. */
export function sendTransitions(
  transaction: PipelinedTransaction,
  transitions: readonly SeatTransition[],
  nowMs: number,
): void {
  void transaction.send(
    `INSERT INTO seat_transition
        (show_id, "row", number, version, command, from_status, to_status, holder_id, hold_expires_at, booking_id, at)
     SELECT *, $11::timestamptz FROM unnest($1::int[], $2::text[], $3::int[], $4::int[], $5::text[], $6::text[], $7::text[],
                                            $8::text[], $9::timestamptz[], $10::uuid[])`,
    [
      ...seatColumns(transitions),
      transitions.map((step) => step.version),
      transitions.map((step) => step.command),
      transitions.map((step) => step.from),
      transitions.map((step) => step.to),
      transitions.map((step) => step.holderId),
      transitions.map((step) => timestamp(step.holdExpiresAtMs)),
      transitions.map((step) => step.bookingId),
      timestamp(nowMs),
    ],
  );
}

/** Text of a timestamptz parameter. */
export function timestamp(ms: number): string;
export function timestamp(ms: number | null): string | null;
export function timestamp(ms: number | null): string | null {
  return ms === null ? null : instant(ms);
}
