import { sumMoney } from '../../platform/money';
import { chargedPrice, seatRef, standing } from '../seat-transitions';
import type { Accepted, AskedSeats, SeatCommandRule } from './command';

/** Sells seats to their holder, at the price the hold froze. Final. */
export const book = {
  name: 'book',
  from: ['HELD'],
  to: 'BOOKED',
  effects: {
    AVAILABLE: 'HOLD_GONE',
    HELD_BY_ME: 'step',
    HELD_BY_ANOTHER: 'SEAT_HELD',
    LAPSED: 'HOLD_GONE',
    BOOKED_BY_ME: 'repeat',
    BOOKED_BY_ANOTHER: 'SEAT_BOOKED',
    BLOCKED: 'SEAT_BLOCKED',
  },
  refusal: 'NOT_YOUR_HOLD',
  needsOpenSales: true,
  // Version 0.1 wrote neither actor nor price.
  ledger: { needs: ['holder_id', 'hold_expires_at', 'booking_id'], allows: ['actor_id', 'price'] },

  /** The same holder, the same show, the same set of seats. */
  repeatedBooking({ command, seats, scene }: AskedSeats): string | undefined {
    const bookingId = seats[0]?.bookingId;
    if (!bookingId || scene.bookingSize(bookingId) !== seats.length) return undefined;
    const areMineTogether = seats.every(
      (seat) =>
        seat.bookingId === bookingId && book.effects[standing(seat, command.holderId, scene.nowMs)] === 'repeat',
    );
    return areMineTogether ? bookingId : undefined;
  },

  plan:
    ({ scene }: AskedSeats) =>
    (seat) => ({
      holderId: seat.holderId,
      holdPrice: chargedPrice(seat),
      heldAtMs: seat.heldAtMs,
      bookingId: scene.newBooking.id,
    }),

  outcome: ({ command, after, scene }: Accepted) => ({
    kind: 'booked' as const,
    booking: {
      ...scene.newBooking,
      showId: command.showId,
      seats: after.map(seatRef),
      totalPaid: sumMoney(after.map(chargedPrice)),
      currency: scene.show!.currency,
      bookedAtMs: scene.nowMs,
    },
  }),
} as const satisfies SeatCommandRule;
