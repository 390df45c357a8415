import { milliseconds } from '../platform/instant';
import type { Seal } from '../platform/seals';
import type { SealedLedgerStep } from './ledger-chain';
import type { StoredSeat } from './ledger-replay';

/** The rows of a ledger as both the verifier and the signer of heads read them. */

export const hex = (column: string) => `encode(${column}, 'hex')`;

/** A step; where it has no seal, also what it sold. */
export interface StepRow {
  row: string;
  number: number;
  version: number;
  command: string;
  from_status: string;
  to_status: string;
  holder_id: string | null;
  actor_id: string | null;
  reason: string | null;
  deadline_ms: number | null;
  booking_id: string | null;
  price: string | null;
  at_ms: number;
  seal: Seal | null;
  /** Of an unsealed step that booked: the booking's columns and the seat's price. */
  unsealed_sale: unknown[] | null;
}

/** Needs `step`, and {@link UNSEALED_SALE_JOINS} in the FROM clause. */
export const STEP_COLUMNS = `
  step.version, step.command, step.from_status, step.to_status, step.holder_id, step.actor_id, step.reason,
  ${milliseconds('step.hold_expires_at')} AS deadline_ms, step.booking_id, step.price, ${milliseconds('step.at')} AS at_ms,
  ${hex('step.seal')} AS seal,
  CASE WHEN booking.id IS NOT NULL OR sold.booking_id IS NOT NULL
       THEN json_build_array(booking.reference, booking.holder_id, booking.total_paid::text, booking.currency,
                             ${milliseconds('booking.booked_at')}, sold.price::text) END AS unsealed_sale`;

export const UNSEALED_SALE_JOINS = `
  LEFT JOIN booking ON step.seal IS NULL AND booking.show_id = step.show_id AND booking.id = step.booking_id
  LEFT JOIN booking_seat AS sold
    ON step.seal IS NULL AND sold.show_id = step.show_id AND sold.booking_id = step.booking_id
   AND sold."row" = step."row" AND sold.number = step.number`;

export function ledgerStep(row: StepRow): SealedLedgerStep {
  return {
    version: row.version,
    command: row.command,
    from: row.from_status,
    to: row.to_status,
    holderId: row.holder_id,
    actorId: row.actor_id,
    reason: row.reason,
    holdExpiresAtMs: row.deadline_ms,
    bookingId: row.booking_id,
    price: row.price,
    atMs: row.at_ms,
    seal: row.seal,
  };
}

/** All that is known of a step without a seal, for the digest that stands in for the seals. */
export function unsealedContent(row: StepRow): unknown[] {
  const { seal: _, ...columns } = ledgerStep(row);
  return [row.row, row.number, ...Object.values(columns), row.unsealed_sale];
}

/** A seat with one of its steps; the step's columns are null for a seat without any. */
export interface ReplayRow extends Omit<StepRow, 'version'> {
  show_id: number;
  sales_open_ms: number | null;
  sales_close_ms: number | null;
  status: StoredSeat['status'];
  seat_version: number;
  seat_holder_id: string | null;
  seat_held_at_ms: number | null;
  seat_deadline_ms: number | null;
  seat_hold_price: string | null;
  seat_booking_id: string | null;
  seat_seal: Seal | null;
  version: number | null;
}

/** In order of the keys; seats that nothing has ever happened to need no replay. */
export const REPLAY_SQL = `
  SELECT seat.show_id, seat."row", seat.number, ${milliseconds('show.sales_open_at')} AS sales_open_ms,
         ${milliseconds('show.sales_close_at')} AS sales_close_ms, seat.status, seat.version AS seat_version,
         seat.holder_id AS seat_holder_id, ${milliseconds('seat.held_at')} AS seat_held_at_ms,
         ${milliseconds('seat.hold_expires_at')} AS seat_deadline_ms, seat.booking_id AS seat_booking_id,
         seat.hold_price AS seat_hold_price, ${hex('seat.seal')} AS seat_seal, ${STEP_COLUMNS}
    FROM seat
    LEFT JOIN show ON show.id = seat.show_id
    LEFT JOIN seat_transition AS step
      ON step.show_id = seat.show_id AND step."row" = seat."row" AND step.number = seat.number
    ${UNSEALED_SALE_JOINS}
   WHERE step.version IS NOT NULL OR seat.status <> 'AVAILABLE' OR seat.version <> 0
      OR num_nonnulls(seat.holder_id, seat.held_at, seat.hold_expires_at, seat.booking_id, seat.hold_slot, seat.seal) > 0
   ORDER BY seat.show_id, seat."row", seat.number, step.version`;

export function storedSeat(row: ReplayRow): StoredSeat {
  return {
    status: row.status,
    version: row.seat_version,
    holderId: row.seat_holder_id,
    holdPrice: row.seat_hold_price,
    heldAtMs: row.seat_held_at_ms,
    holdExpiresAtMs: row.seat_deadline_ms,
    bookingId: row.seat_booking_id,
  };
}
