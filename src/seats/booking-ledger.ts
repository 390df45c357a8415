import type { PipelinedTransaction } from '../platform/database/pipelined-transaction';
import type { BookingView } from './seat-command';
import type { SeatRef } from './seat-transitions';

/** A booking about to be written with its seats. */
export interface NewBooking extends BookingView {
  readonly holderId: string;
  readonly seats: readonly (SeatRef & { readonly price: string })[];
}

/**
 * What the seats offer to whoever keeps the bookings: a place inside the transaction that books. The bookings module
 * plugs into it, so that a booking and its seats are one commit without the seats knowing how bookings are kept.
 */
export abstract class BookingLedger {
  /** A fresh, random, human-readable reference. */
  abstract newReference(): string;

  /** Sends the statements that write the bookings; the caller's commit reports their failures. */
  abstract insert(transaction: PipelinedTransaction, bookings: readonly NewBooking[]): void;

  /** Sends the look-up of stored bookings. Bookings are final, so what it finds stays true. */
  abstract find(
    transaction: PipelinedTransaction,
    bookings: readonly { showId: number; bookingId: string }[],
  ): Promise<BookingView[]>;
}
