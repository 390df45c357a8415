import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import { GuestTakeovers } from '../identity/guest-takeovers';
import type { Holder } from '../identity/holder';
import { ReadDataSource } from '../platform/database/pools';
import { Cursors, INSTANT_PART, UUID_PART } from '../platform/http/cursor';
import { Page, readPage } from '../platform/http/page';
import { Problem } from '../platform/problem/problem';
import type { BookingView } from '../seats/seat-command';
import { compareSeats, seatRef } from '../seats/seat-transitions';
import { BookingKeys } from './booking-keys';
import type { BookingsQueryDto } from './booking.dto';
import { Booking } from './booking.entity';

const CURSORS = new Cursors({ atMs: INSTANT_PART, id: UUID_PART });

/**
 * Reads bookings. Every query names the holder, so nobody else's can come out, or else the bearer of the booking's own key
 * is asking. A user's are also those of the guests that the user was before.
 */
@Injectable()
export class Bookings {
  constructor(
    private readonly dataSource: ReadDataSource,
    private readonly takeovers: GuestTakeovers,
    private readonly keys: BookingKeys,
  ) {}

  /** @throws Problem BOOKING_NOT_FOUND, also when it is somebody else's */
  async find(holder: Holder, id: string): Promise<BookingView> {
    return this.one({ holderId: In(await this.takeovers.idsOf(holder)), id });
  }

  /** @throws Problem BOOKING_NOT_FOUND, also when the key is not that of the booking */
  async findByKey(id: string, key: string): Promise<BookingView> {
    if (!this.keys.fits(id, key)) throw new Problem('BOOKING_NOT_FOUND');
    return this.one({ id });
  }

  /** Newest first. @throws Problem VALIDATION_FAILED for a cursor that is not ours */
  async list(holder: Holder, { reference, ...wanted }: BookingsQueryDto): Promise<Page<BookingView>> {
    const holderIds = await this.takeovers.idsOf(holder);
    return readPage(wanted, {
      cursors: CURSORS,
      read: async (count, after) => {
        const query = this.repository
          .createQueryBuilder('booking')
          .leftJoinAndSelect('booking.seats', 'seat')
          .where('booking.holderId IN (:...holderIds)', { holderIds })
          .orderBy({ 'booking.bookedAt': 'DESC', 'booking.id': 'DESC' })
          .take(count);
        if (reference !== undefined) query.andWhere('booking.reference = :reference', { reference });
        if (after)
          query.andWhere('(booking.bookedAt, booking.id) < (:at, :id)', { at: new Date(after.atMs), id: after.id });
        return (await query.getMany()).map(bookingView);
      },
      placeOf: ({ bookedAtMs, id }) => ({ atMs: bookedAtMs, id }),
    });
  }

  private async one(where: NonNullable<Parameters<typeof this.repository.findOne>[0]['where']>): Promise<BookingView> {
    const booking = await this.repository.findOne({ where, relations: { seats: true } });
    if (!booking) throw new Problem('BOOKING_NOT_FOUND');
    return bookingView(booking);
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
