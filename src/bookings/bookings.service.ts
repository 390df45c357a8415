import { Injectable } from '@nestjs/common';
import { ReadDataSource } from '../platform/database/pools';
import { Cursors, INSTANT_PART, UUID_PART } from '../platform/http/cursor';
import { Page, readPage } from '../platform/http/page';
import type { PageQueryDto } from '../platform/http/page.dto';
import { Problem } from '../platform/problem/problem';
import type { BookingView } from '../seats/seat-command';
import { compareSeats, seatRef } from '../seats/seat-transitions';
import { Booking } from './booking.entity';

const CURSORS = new Cursors({ atMs: INSTANT_PART, id: UUID_PART });

/** Reads a holder's own bookings. Every query names the holder, so nobody else's can come out. */
@Injectable()
export class Bookings {
  constructor(private readonly dataSource: ReadDataSource) {}

  /** @throws Problem BOOKING_NOT_FOUND, also when it is somebody else's */
  async find(holderId: string, id: string): Promise<BookingView> {
    const booking = await this.repository.findOne({ where: { holderId, id }, relations: { seats: true } });
    if (!booking) throw new Problem('BOOKING_NOT_FOUND');
    return bookingView(booking);
  }

  /** Newest first. @throws Problem VALIDATION_FAILED for a cursor that is not ours */
  list(holderId: string, wanted: PageQueryDto): Promise<Page<BookingView>> {
    return readPage(wanted, {
      cursors: CURSORS,
      read: async (count, after) => {
        const query = this.repository
          .createQueryBuilder('booking')
          .leftJoinAndSelect('booking.seats', 'seat')
          .where('booking.holderId = :holderId', { holderId })
          .orderBy({ 'booking.bookedAt': 'DESC', 'booking.id': 'DESC' })
          .take(count);
        if (after)
          query.andWhere('(booking.bookedAt, booking.id) < (:at, :id)', { at: new Date(after.atMs), id: after.id });
        return (await query.getMany()).map(bookingView);
      },
      placeOf: ({ bookedAtMs, id }) => ({ atMs: bookedAtMs, id }),
    });
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
