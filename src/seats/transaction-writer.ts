import type { PipelinedTransaction } from '../platform/database/pipelined-transaction';
import type { Seals } from '../platform/seals';
import type { BookingView } from './seat-command';
import type { SeatState } from './seat-transitions';

/** A booking about to be written with its seats. */
export interface NewBooking extends BookingView {
  readonly holderId: string;
  /** As they are afterwards. */
  readonly sold: readonly SeatState[];
}

/**
 * What the seats offer to the module that keeps the bookings: a place inside their transaction. A booking and its seats
 * are one commit, and the seats know nothing of how bookings are kept.
 */
export abstract class TransactionWriter {
  /** A fresh identity for a booking: an id, and a random, human-readable reference. */
  abstract newBooking(): Pick<BookingView, 'id' | 'reference'>;

  /** Sends the look-up of stored bookings. */
  abstract find(
    transaction: PipelinedTransaction,
    bookings: readonly { showId: number; bookingId: string }[],
  ): Promise<BookingView[]>;

  /** Sends the statements that write the bookings, sealed. The commit behind them reports their failures. */
  abstract write(transaction: PipelinedTransaction, bookings: readonly NewBooking[], seals: Seals): void;
}
