import type { DataSource } from 'typeorm';
import type { PipelinedTransaction } from '../platform/database/pipelined-transaction';
import { seatKey, SeatRef, SeatState } from './seat-transitions';
import { Seat } from './seat.entity';

/** A seat of a show, by its name. */
export type ShowSeat = SeatRef & { readonly showId: number };

/** Seats named by a transaction, as parallel arrays for `unnest`. */
export function seatColumns(seats: readonly ShowSeat[]): [showIds: number[], rows: string[], numbers: number[]] {
  return [seats.map((seat) => seat.showId), seats.map((seat) => seat.row), seats.map((seat) => seat.number)];
}

const NAMED_ACROSS_SHOWS =
  '(seat."show_id", seat."row", seat."number") IN (SELECT * FROM unnest($1::int[], $2::text[], $3::int[]))';
/** The shape that a database distributed by show can route to one node. */
const NAMED_WITHIN_SHOW =
  'seat."show_id" = $1 AND (seat."row", seat."number") IN (SELECT * FROM unnest($2::text[], $3::int[]))';

/** Locks seats FOR UPDATE in one statement and one order, and reads them as they are once locked. */
export class SeatLock {
  private readonly acrossShows: string;
  private readonly withinShow: string;
  private readonly acrossShowsSkippingLocked: string;

  constructor(dataSource: DataSource) {
    this.acrossShows = lockSql(dataSource, NAMED_ACROSS_SHOWS);
    this.acrossShowsSkippingLocked = lockSql(dataSource, NAMED_ACROSS_SHOWS, 'skip_locked');
    this.withinShow = lockSql(dataSource, NAMED_WITHIN_SHOW);
  }

  /** Sends the locking statement. Its answer comes once all the locks are granted. */
  async send(transaction: PipelinedTransaction, seats: readonly ShowSeat[]): Promise<SeatState[]> {
    const [showIds, rows, numbers] = seatColumns(seats);
    const isOneShow = showIds.every((showId) => showId === showIds[0]);
    const { rows: locked } = await (isOneShow
      ? transaction.send<SeatRow>(this.withinShow, [showIds[0], rows, numbers])
      : transaction.send<SeatRow>(this.acrossShows, [showIds, rows, numbers]));
    return locked.map(seatState);
  }

  /**
   * Sends the question which of the seats another transaction has locked right now: those that exist and can't be had
   * without waiting. A hint for which commands to leave out of the next attempt; nothing is decided by it.
   */
  async sendFindLocked(transaction: PipelinedTransaction, seats: readonly ShowSeat[]): Promise<Set<string>> {
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

/** A row as PostgreSQL sends it. */
interface SeatRow {
  show_id: number;
  row: string;
  number: number;
  status: SeatState['status'];
  version: number;
  price: string;
  hold_price: string | null;
  holder_id: string | null;
  held_at: Date | null;
  hold_expires_at: Date | null;
  hold_slot: number | null;
  booking_id: string | null;
}

/** Names each column once, and the compiler sees to it that none is missing. */
const COLUMNS = Object.keys({
  show_id: true,
  row: true,
  number: true,
  status: true,
  version: true,
  price: true,
  hold_price: true,
  holder_id: true,
  held_at: true,
  hold_expires_at: true,
  hold_slot: true,
  booking_id: true,
} satisfies Record<keyof SeatRow, true>);

/** Has TypeORM render its `pessimistic_write` once; only the values differ from transaction to transaction. */
function lockSql(dataSource: DataSource, named: string, onLocked?: 'skip_locked'): string {
  const query = dataSource
    .createQueryBuilder(Seat, 'seat')
    .select(COLUMNS.map((column) => `seat."${column}" AS "${column}"`))
    .where(named)
    // One order for everybody: a transaction that waits, waits for a row behind all those it has. PostgreSQL takes the
    // locks in this order, as its plan sorts before it locks.
    .orderBy({ 'seat.showId': 'ASC', 'seat.row': 'ASC', 'seat.number': 'ASC' })
    .setLock('pessimistic_write');
  return (onLocked ? query.setOnLocked(onLocked) : query).getQuery();
}

function seatState(row: SeatRow): SeatState {
  return {
    showId: row.show_id,
    row: row.row,
    number: row.number,
    status: row.status,
    version: row.version,
    price: row.price,
    holdPrice: row.hold_price,
    holderId: row.holder_id,
    heldAtMs: row.held_at && row.held_at.getTime(),
    holdExpiresAtMs: row.hold_expires_at && row.hold_expires_at.getTime(),
    holdSlot: row.hold_slot,
    bookingId: row.booking_id,
  };
}
