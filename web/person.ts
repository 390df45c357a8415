import { SeatReport, seatKey } from '../client/seat-merge.ts';
import type { Booking } from './api.ts';
import { Guest } from './guest.ts';

export type PersonId = 'you' | 'alex';

/** A hold of a person. It is over once the seat has another version. */
export interface Hold {
  readonly row: string;
  readonly number: number;
  readonly version: number;
  readonly expiresAtMs: number;
  /** The time left when the page first saw it. */
  readonly spanMs: number;
}

export interface Message {
  readonly kind: 'good' | 'bad';
  readonly text: string;
  /** Seats of the refused choice that are still free. */
  readonly remaining?: readonly string[];
}

/** A person at this page, with the seats that the person chose, holds and booked in the show. */
export class Person {
  readonly guest: Guest;
  readonly chosen = new Set<string>();
  readonly holds = new Map<string, Hold>();
  bookings: Booking[] = [];
  isBusy = false;
  message: Message | undefined;

  constructor(
    readonly id: PersonId,
    readonly name: string,
  ) {
    this.guest = new Guest(`rowlock.guest.${id}`);
  }

  /** `held by you`, `held by Alex`. */
  get inSentence(): string {
    return this.id === 'you' ? 'you' : this.name;
  }

  noteHold(seat: Pick<SeatReport, 'row' | 'number' | 'version'> & { hold_expires_at?: string }, nowMs: number): void {
    const { row, number, version, hold_expires_at: expiresAt } = seat;
    if (expiresAt === undefined) return;
    const key = seatKey(seat);
    const known = this.holds.get(key);
    if (known && known.version >= version) return;
    const expiresAtMs = Date.parse(expiresAt);
    this.holds.set(key, { row, number, version, expiresAtMs, spanMs: expiresAtMs - nowMs });
  }

  holdsSeat(seat: SeatReport): boolean {
    return seat.status === 'HELD' && this.holds.get(seatKey(seat))?.version === seat.version;
  }

  noteBooking(booking: Booking): void {
    if (!this.bookings.some(({ id }) => id === booking.id)) this.bookings = [booking, ...this.bookings];
  }

  booked(key: string): boolean {
    return this.bookings.some(({ seats }) => seats.some((seat) => seatKey(seat) === key));
  }

  /** Forgets everything about the show. */
  clear(): void {
    this.chosen.clear();
    this.holds.clear();
    this.bookings = [];
    this.message = undefined;
  }
}
