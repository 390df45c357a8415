import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { decodeCursor, encodeCursor } from '../platform/http/cursor';
import { Problem } from '../platform/problem/problem';
import type { BookingView } from '../seats/seat-command';
import { compareSeats, seatRef } from '../seats/seat-transitions';
import { Booking } from './booking.entity';

const UUID_PATTERN = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Reads a holder's own bookings. Every query names the holder, so nobody else's can come out. */
@Injectable()
export class Bookings {
  constructor(private readonly dataSource: DataSource) {}

  /** @throws Problem BOOKING_NOT_FOUND, also when it is somebody else's */
  async find(holderId: string, id: string): Promise<BookingView> {
    const booking = await this.repository.findOne({ where: { holderId, id }, relations: { seats: true } });
    if (!booking) throw new Problem('BOOKING_NOT_FOUND');
    return bookingView(booking);
  }

  /** Newest first. @throws Problem VALIDATION_FAILED for a cursor that is not ours */
  async list(
    holderId: string,
    { after, limit }: { after?: string; limit: number },
  ): Promise<{ bookings: BookingView[]; next: string | null }> {
    const query = this.repository
      .createQueryBuilder('booking')
      .leftJoinAndSelect('booking.seats', 'seat')
      .where('booking.holderId = :holderId', { holderId })
      .orderBy({ 'booking.bookedAt': 'DESC', 'booking.id': 'DESC' })
      .take(limit + 1);
    if (after !== undefined) {
      const { atMs, id } = decodeCursor(after, UUID_PATTERN);
      query.andWhere('(booking.bookedAt, booking.id) < (:at, :id)', { at: new Date(atMs), id });
    }
    const found = await query.getMany();
    const bookings = found.slice(0, limit).map(bookingView);
    const last = bookings.at(-1);
    const next = found.length > limit && last ? encodeCursor({ atMs: last.bookedAtMs, id: last.id }) : null;
    return { bookings, next };
  }

  private get repository() {
    return this.dataSource.getRepository(Booking);
  }
}

function bookingView(booking: Booking): BookingView {
  return {
    id: booking.id,
    reference: booking.reference,
    showId: booking.showId,
    seats: booking.seats.map(seatRef).sort(compareSeats),
    totalPaid: booking.totalPaid,
    currency: booking.currency,
    bookedAtMs: booking.bookedAt.getTime(),
  };
}
