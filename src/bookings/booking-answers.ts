import { instant } from '../platform/instant';
import type { OutcomeOf } from '../seats/commands/registry';
import { seatsInWords } from '../seats/seat-answers';
import type { BookingView } from '../seats/seat-command';
import { seatRef } from '../seats/seat-transitions';
import type { BookingKeys } from './booking-keys';
import type { BookAnswerDto, BookingDto } from './booking.dto';

/** Bookings in the words of the API. */

export function bookAnswer({ booking }: OutcomeOf<'book'>, keys: BookingKeys): BookAnswerDto {
  return {
    message: `${seatsInWords(booking.seats.length)} booked.`,
    total_paid: booking.totalPaid,
    currency: booking.currency,
    booking: bookingDto(booking, keys),
  };
}

export function bookingDto(booking: BookingView, keys: BookingKeys): BookingDto {
  return {
    id: booking.id,
    reference: booking.reference,
    show_id: booking.showId,
    seats: booking.seats.map(seatRef),
    total_paid: booking.totalPaid,
    currency: booking.currency,
    booked_at: instant(booking.bookedAtMs),
    // Stored answers to keyed commands have none.
    key: keys.of(booking.id),
  };
}
