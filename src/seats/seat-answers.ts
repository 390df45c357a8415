import { PROBLEMS } from '../problem-catalogue';
import { instant } from '../platform/instant';
import { Problem } from '../platform/problem/problem';
import type { BookAnswerDto, BookingDto, HoldAnswerDto, ReleaseAnswerDto } from './seat.dto';
import type { BookingView, SeatCommandOutcome, StoredOutcome } from './seat-command';

/** Outcomes in the words of the API. */

type Outcome<Kind extends StoredOutcome['kind']> = Extract<StoredOutcome, { kind: Kind }>;

const seats = (count: number) => (count === 1 ? '1 seat' : `${count} seats`);

export function holdAnswer(outcome: Outcome<'held'>): HoldAnswerDto {
  return {
    message: `${seats(outcome.seats.length)} held.`,
    show_id: outcome.showId,
    expires_at: instant(Math.min(...outcome.seats.map((seat) => seat.holdExpiresAtMs))),
    server_time: instant(outcome.serverTimeMs),
    total_price: outcome.totalPrice,
    currency: outcome.currency,
    seats: outcome.seats.map(({ row, number, version, holdExpiresAtMs }) => ({
      row,
      number,
      status: 'HELD',
      version,
      hold_expires_at: instant(holdExpiresAtMs),
    })),
  };
}

export function bookAnswer({ booking }: Outcome<'booked'>): BookAnswerDto {
  return {
    message: `${seats(booking.seats.length)} booked.`,
    total_paid: booking.totalPaid,
    currency: booking.currency,
    booking: bookingDto(booking),
  };
}

export function bookingDto(booking: BookingView): BookingDto {
  return {
    id: booking.id,
    reference: booking.reference,
    show_id: booking.showId,
    seats: booking.seats.map(({ row, number }) => ({ row, number })),
    total_paid: booking.totalPaid,
    currency: booking.currency,
    booked_at: instant(booking.bookedAtMs),
  };
}

export function releaseAnswer(outcome: Outcome<'released'>): ReleaseAnswerDto {
  return {
    message: `${seats(outcome.released.length)} released.`,
    show_id: outcome.showId,
    released: outcome.released.map(({ row, number }) => ({ row, number })),
  };
}

/** The outcome, if it is of the kind the command leads to. @throws Problem for every other one */
export function expectOutcome<Kind extends StoredOutcome['kind']>(
  outcome: SeatCommandOutcome,
  kind: Kind,
): Outcome<Kind> {
  if (outcome.kind === kind) return outcome as Outcome<Kind>;
  if (outcome.kind === 'key-reused') throw new Problem('IDEMPOTENCY_KEY_REUSED');
  if (outcome.kind !== 'refused') throw new Error(`A ${kind} was expected, not ${outcome.kind}`);
  throw new Problem(outcome.code, {
    detail: PROBLEMS[outcome.code].when,
    ...(outcome.seats.length > 0
      ? { seats: outcome.seats.map(({ row, number, code }) => ({ row, number, code })) }
      : {}),
  });
}
