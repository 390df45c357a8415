import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { PipelinedTransaction } from '../platform/database/pipelined-transaction';
import { SealedContent, Seals, sealValue } from '../platform/seals';
import type { BookingView } from '../seats/seat-command';
import { chargedPrice, compareSeatsByBytes, compareSeats } from '../seats/seat-transitions';
import { NewBooking, TransactionWriter } from '../seats/transaction-writer';
import { newBookingReference } from './booking-reference';

/** A stored booking with its seats, as {@link BOOKING_COLUMNS} selects it. */
export interface BookingRow {
  id: string;
  reference: string;
  show_id: number;
  total_paid: string;
  currency: string;
  booked_at: Date;
  seats: [string, number][];
}

/** Needs `booking` in the FROM clause. */
export const BOOKING_COLUMNS = `
  booking.id, booking.reference, booking.show_id, booking.total_paid, booking.currency, booking.booked_at,
  (SELECT json_agg(json_build_array(sold."row", sold.number))
     FROM booking_seat AS sold
    WHERE sold.show_id = booking.show_id AND sold.booking_id = booking.id) AS seats`;

export function bookingView(row: BookingRow): BookingView {
  return {
    id: row.id,
    reference: row.reference,
    showId: row.show_id,
    seats: row.seats.map(([seatRow, number]) => ({ row: seatRow, number })).sort(compareSeats),
    totalPaid: row.total_paid,
    currency: row.currency,
    bookedAtMs: row.booked_at.getTime(),
  };
}

/** Keeps bookings in the transaction of their seats. */
@Injectable()
export class BookingRows extends TransactionWriter {
  newBooking(): Pick<BookingView, 'id' | 'reference'> {
    return { id: randomUUID(), reference: newBookingReference() };
  }

  write(transaction: PipelinedTransaction, bookings: readonly NewBooking[], seals: Seals): void {
    void transaction.send(
      `INSERT INTO booking (show_id, id, reference, holder_id, total_paid, currency, booked_at, seal)
       SELECT * FROM unnest($1::int[], $2::uuid[], $3::text[], $4::text[], $5::numeric[], $6::text[], $7::timestamptz[],
                            $8::bytea[])`,
      [
        bookings.map((booking) => booking.showId),
        bookings.map((booking) => booking.id),
        bookings.map((booking) => booking.reference),
        bookings.map((booking) => booking.holderId),
        bookings.map((booking) => booking.totalPaid),
        bookings.map((booking) => booking.currency),
        bookings.map((booking) => new Date(booking.bookedAtMs).toISOString()),
        bookings.map((booking) => sealValue(seals.seal(sealedContent(booking)))),
      ],
    );
    const sold = bookings.flatMap(({ id, sold: seats }) => seats.map((seat) => ({ ...seat, bookingId: id })));
    void transaction.send(
      `INSERT INTO booking_seat (show_id, "row", number, booking_id, price)
       SELECT * FROM unnest($1::int[], $2::text[], $3::int[], $4::uuid[], $5::numeric[])`,
      [
        sold.map((seat) => seat.showId),
        sold.map((seat) => seat.row),
        sold.map((seat) => seat.number),
        sold.map((seat) => seat.bookingId),
        sold.map(chargedPrice),
      ],
    );
  }

  async find(
    transaction: PipelinedTransaction,
    bookings: readonly { showId: number; bookingId: string }[],
  ): Promise<BookingView[]> {
    const { rows } = await transaction.send<BookingRow>(
      `SELECT ${BOOKING_COLUMNS} FROM booking
        WHERE (booking.show_id, booking.id) IN (SELECT * FROM unnest($1::int[], $2::uuid[]))`,
      [bookings.map((booking) => booking.showId), bookings.map((booking) => booking.bookingId)],
    );
    return rows.map(bookingView);
  }
}

/** All of a booking that never changes, its seats in the order of the database. `verify` lists the same anew. */
function sealedContent({ sold, ...booking }: NewBooking): SealedContent {
  return [
    'booking',
    booking.showId,
    booking.id,
    booking.reference,
    booking.holderId,
    booking.totalPaid,
    booking.currency,
    booking.bookedAtMs,
    [...sold].sort(compareSeatsByBytes).map((seat) => [seat.row, seat.number, chargedPrice(seat)]),
  ];
}
