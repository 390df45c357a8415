import type { DataSource } from 'typeorm';
import type { PipelinedTransaction } from '../platform/database/pipelined-transaction';
import { milliseconds } from '../platform/instant';
import type { Seal } from '../platform/seals';
import { seatKey, SeatRef, SeatState } from './seat-transitions';
import { Seat } from './seat.entity';

/** A seat of a show, by its name. */
export type ShowSeat = SeatRef & { readonly showId: number };

/** A seat as it is once locked, with the seal of its last step. */
export type LockedSeat = SeatState & { readonly seal: Seal | null };

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
  async send(transaction: PipelinedTransaction, seats: readonly ShowSeat[]): Promise<LockedSeat[]> {
    const [showIds, rows, numbers] = seatColumns(seats);
    const isOneShow = showIds.every((showId) => showId === showIds[0]);
    const { rows: locked } = await (isOneShow
      ? transaction.send<LockedSeat>(this.withinShow, [showIds[0], rows, numbers])
      : transaction.send<LockedSeat>(this.acrossShows, [showIds, rows, numbers]));
    return locked;
  }

  /**
   * Sends the question which of the seats another transaction has locked right now: those that exist and can't be had
   * without waiting. A hint for which commands to leave out of the next attempt; nothing is decided by it.
   */
  async sendFindLocked(transaction: PipelinedTransaction, seats: readonly ShowSeat[]): Promise<Set<string>> {
    const values = seatColumns(seats);
    const [existing, free] = await Promise.all([
      transaction.send<ShowSeat>(
        `SELECT show_id AS "showId", "row", number FROM seat WHERE ${NAMED_ACROSS_SHOWS}`,
        values,
      ),
      transaction.send<ShowSeat>(this.acrossShowsSkippingLocked, values),
    ]);
    const locked = new Set(existing.rows.map((seat) => seatKey(seat.showId, seat)));
    for (const seat of free.rows) locked.delete(seatKey(seat.showId, seat));
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

/** The columns of a seat, each by its name in memory. */
const COLUMNS = Object.entries({
  showId: 'seat."show_id"',
  row: 'seat."row"',
  number: 'seat."number"',
  status: 'seat."status"',
  version: 'seat."version"',
  price: 'seat."price"',
  holdPrice: 'seat."hold_price"',
  holderId: 'seat."holder_id"',
  heldAtMs: milliseconds('seat."held_at"'),
  holdExpiresAtMs: milliseconds('seat."hold_expires_at"'),
  holdSlot: 'seat."hold_slot"',
  addressKey: 'seat."address_key"',
  networkKey: 'seat."network_key"',
  bookingId: 'seat."booking_id"',
  givenUp: 'seat."given_up"',
  seal: `encode(seat."seal", 'hex')`,
} satisfies Record<keyof LockedSeat, string>);

/** Has TypeORM render its `pessimistic_write` once; only the values differ from transaction to transaction. */
function lockSql(dataSource: DataSource, named: string, onLocked?: 'skip_locked'): string {
  const query = dataSource
    .createQueryBuilder(Seat, 'seat')
    .select(COLUMNS.map(([name, column]) => `${column} AS "${name}"`))
    .where(named)
    // One order for everybody: a transaction that waits, waits for a row behind all those it has. PostgreSQL takes the
    // locks in this order, as its plan sorts before it locks.
    .orderBy({ 'seat.showId': 'ASC', 'seat.row': 'ASC', 'seat.number': 'ASC' })
    .setLock('pessimistic_write');
  return (onLocked ? query.setOnLocked(onLocked) : query).getQuery();
}
