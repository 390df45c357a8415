import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { decodeCursor, encodeCursor } from '../platform/http/cursor';
import { Problem } from '../platform/problem/problem';
import type { BookingView } from '../seats/seat-command';
import { BOOKING_COLUMNS, BookingRow, bookingView } from './booking-rows';

const UUID_PATTERN = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Reads a holder's own bookings. Every statement names the holder, so nobody else's can come out. */
@Injectable()
export class Bookings {
  constructor(private readonly dataSource: DataSource) {}

  /** @throws Problem BOOKING_NOT_FOUND, also when it is somebody else's */
  async find(holderId: string, id: string): Promise<BookingView> {
    const [row] = await this.dataSource.query<BookingRow[]>(
      `SELECT ${BOOKING_COLUMNS} FROM booking WHERE booking.holder_id = $1 AND booking.id = $2`,
      [holderId, id],
    );
    if (!row) throw new Problem('BOOKING_NOT_FOUND');
    return bookingView(row);
  }

  /** Newest first. @throws Problem VALIDATION_FAILED for a cursor that is not ours */
  async list(
    holderId: string,
    { after, limit }: { after?: string; limit: number },
  ): Promise<{ bookings: BookingView[]; next: string | null }> {
    const cursor = after === undefined ? undefined : decodeCursor(after, UUID_PATTERN);
    const rows = await this.dataSource.query<BookingRow[]>(
      `SELECT ${BOOKING_COLUMNS} FROM booking
        WHERE booking.holder_id = $1
          AND ($2::timestamptz IS NULL OR (booking.booked_at, booking.id) < ($2::timestamptz, $3::uuid))
        ORDER BY booking.booked_at DESC, booking.id DESC
        LIMIT $4`,
      [holderId, cursor ? new Date(cursor.atMs).toISOString() : null, cursor?.id ?? null, limit + 1],
    );
    const bookings = rows.slice(0, limit).map(bookingView);
    const last = bookings.at(-1);
    const next = rows.length > limit && last ? encodeCursor({ atMs: last.bookedAtMs, id: last.id }) : null;
    return { bookings, next };
  }
}
