import type { DecidableCommand, RefusalCode, RefusedSeat } from './seat-decision';
import type { SeatRef } from './seat-transitions';

/** A command on its way to a decision. */
export interface SeatCommand extends DecidableCommand {
  /** The client's Idempotency-Key and what it stands for; absent without a key. */
  readonly idempotency?: { readonly key: string; readonly fingerprint: Buffer };
}

/** A booking as clients see it. */
export interface BookingView {
  readonly id: string;
  readonly reference: string;
  readonly showId: number;
  readonly seats: readonly SeatRef[];
  readonly totalPaid: string;
  readonly currency: string;
  readonly bookedAtMs: number;
}

export interface HeldSeat extends SeatRef {
  readonly version: number;
  readonly holdExpiresAtMs: number;
}

/** What became of a command, decided under the locks: what is stored for the retries of a keyed command. */
export type StoredOutcome =
  | {
      readonly kind: 'held';
      readonly showId: number;
      readonly seats: readonly HeldSeat[];
      readonly totalPrice: string;
      readonly currency: string;
      readonly serverTimeMs: number;
    }
  | { readonly kind: 'booked'; readonly booking: BookingView }
  | { readonly kind: 'released'; readonly showId: number; readonly released: readonly SeatRef[] }
  | { readonly kind: 'expired'; readonly expired: readonly SeatRef[] }
  | { readonly kind: 'refused'; readonly code: RefusalCode; readonly seats: readonly RefusedSeat[] };

export type SeatCommandOutcome =
  | StoredOutcome
  /** The key belongs to another request; not stored, as the record is that other request's. */
  | { readonly kind: 'key-reused' }
  /** A hold that must be decided again once these lapsed holds are expired; never stored. */
  | { readonly kind: 'slots-taken'; readonly lapsed: readonly SeatRef[] };

export interface SeatCommandAnswer {
  readonly outcome: SeatCommandOutcome;
  /** Whether this is the stored answer to an earlier request with the same key. */
  readonly replayed: boolean;
}
