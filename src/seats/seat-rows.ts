import { instant } from '../platform/instant';
import type { PipelinedTransaction } from '../platform/database/pipelined-transaction';
import type { Seal } from '../platform/seals';
import { seatColumns } from './seat-lock';
import type { SeatState, SeatTransition } from './seat-transitions';

/**
 * The statements that change seats and write their ledger. Every one carries the show in its condition. Seals go as hex: the
 * backslash of a `bytea` would have to be escaped in every element of an array.
 */

/** Sends one UPDATE for all seats that changed. */
export function sendSeatUpdate(
  transaction: PipelinedTransaction,
  seats: readonly SeatState[],
  seals: readonly (Seal | null)[],
): void {
  void transaction.send(
    `UPDATE seat SET status = c.status, version = c.version, holder_id = c.holder_id, hold_price = c.hold_price,
        held_at = c.held_at, hold_expires_at = c.hold_expires_at, hold_slot = c.hold_slot, booking_id = c.booking_id,
        address_key = c.address_key, network_key = c.network_key, given_up = c.given_up, seal = decode(c.seal, 'hex')
       FROM unnest($1::int[], $2::text[], $3::int[], $4::text[], $5::int[], $6::text[], $7::numeric[],
                   $8::timestamptz[], $9::timestamptz[], $10::smallint[], $11::uuid[], $12::bigint[], $13::bigint[], $14::jsonb[],
                   $15::text[])
         AS c(show_id, "row", number, status, version, holder_id, hold_price, held_at, hold_expires_at, hold_slot, booking_id,
              address_key, network_key, given_up, seal)
      WHERE seat.show_id = c.show_id AND seat."row" = c."row" AND seat.number = c.number`,
    [
      ...seatColumns(seats),
      seats.map((seat) => seat.status),
      seats.map((seat) => seat.version),
      seats.map((seat) => seat.holderId),
      seats.map((seat) => seat.holdPrice),
      seats.map((seat) => timestamp(seat.heldAtMs)),
      seats.map((seat) => timestamp(seat.holdExpiresAtMs)),
      seats.map((seat) => seat.holdSlot),
      seats.map((seat) => seat.bookingId),
      seats.map((seat) => seat.addressKey),
      seats.map((seat) => seat.networkKey),
      seats.map((seat) => seat.givenUp && JSON.stringify(seat.givenUp)),
      seals,
    ],
  );
}

/** Sends one INSERT for all steps taken. */
export function sendTransitions(
  transaction: PipelinedTransaction,
  transitions: readonly SeatTransition[],
  seals: readonly Seal[],
  nowMs: number,
): void {
  void transaction.send(
    `INSERT INTO seat_transition (show_id, "row", number, version, command, from_status, to_status,
                                  holder_id, actor_id, reason, hold_expires_at, booking_id, price, seal, at)
     SELECT c.show_id, c."row", c.number, c.version, c.command, c.from_status, c.to_status, c.holder_id, c.actor_id, c.reason,
            c.hold_expires_at, c.booking_id, c.price, decode(c.seal, 'hex'), $15::timestamptz
       FROM unnest($1::int[], $2::text[], $3::int[], $4::int[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
                   $10::text[], $11::timestamptz[], $12::uuid[], $13::numeric[], $14::text[])
         AS c(show_id, "row", number, version, command, from_status, to_status, holder_id, actor_id, reason, hold_expires_at,
              booking_id, price, seal)`,
    [
      ...seatColumns(transitions),
      transitions.map((step) => step.version),
      transitions.map((step) => step.command),
      transitions.map((step) => step.from),
      transitions.map((step) => step.to),
      transitions.map((step) => step.holderId),
      transitions.map((step) => step.actorId),
      transitions.map((step) => step.reason),
      transitions.map((step) => timestamp(step.holdExpiresAtMs)),
      transitions.map((step) => step.bookingId),
      transitions.map((step) => step.price),
      seals,
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
