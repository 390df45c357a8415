/**
 * The life of a seat as data, and the decision of one command. Pure: no clock, no database, no randomness. What time it
 * is and what the locked rows say are arguments. See README.md beside this file for the rules in prose.
 */
import type { SeatRefusal } from '../problem-catalogue';

export const SEAT_STATUSES = ['AVAILABLE', 'HELD', 'BOOKED'] as const;
export type SeatStatus = (typeof SEAT_STATUSES)[number];

export const SEAT_COMMANDS = ['hold', 'book', 'release', 'expire'] as const;
export type SeatCommandName = (typeof SEAT_COMMANDS)[number];

/** What a seat is to the holder who asks, at one instant. A hold is lapsed from its deadline on. */
export const STANDINGS = [
  'AVAILABLE',
  'HELD_BY_ME',
  'HELD_BY_ANOTHER',
  'LAPSED',
  'BOOKED_BY_ME',
  'BOOKED_BY_ANOTHER',
] as const;
export type Standing = (typeof STANDINGS)[number];

/** What a command does to one seat: a new status, nothing, or a refusal; `repeat` asks whether it is a retry. */
export type Effect = { to: SeatStatus } | { keep: true } | { refuse: SeatRefusal } | { repeat: true };

const to = (status: SeatStatus): Effect => ({ to: status });
const keep: Effect = { keep: true };
const refuse = (code: SeatRefusal): Effect => ({ refuse: code });

/** The state machine: what each command does in each standing. */
export const TRANSITIONS: Readonly<Record<SeatCommandName, Readonly<Record<Standing, Effect>>>> = {
  hold: {
    AVAILABLE: to('HELD'),
    HELD_BY_ME: keep,
    HELD_BY_ANOTHER: refuse('SEAT_HELD'),
    LAPSED: to('HELD'),
    BOOKED_BY_ME: refuse('SEAT_BOOKED'),
    BOOKED_BY_ANOTHER: refuse('SEAT_BOOKED'),
  },
  book: {
    AVAILABLE: refuse('HOLD_GONE'),
    HELD_BY_ME: to('BOOKED'),
    HELD_BY_ANOTHER: refuse('SEAT_HELD'),
    LAPSED: refuse('HOLD_GONE'),
    BOOKED_BY_ME: { repeat: true },
    BOOKED_BY_ANOTHER: refuse('SEAT_BOOKED'),
  },
  release: {
    AVAILABLE: keep,
    HELD_BY_ME: to('AVAILABLE'),
    HELD_BY_ANOTHER: refuse('SEAT_HELD'),
    LAPSED: keep,
    BOOKED_BY_ME: refuse('SEAT_BOOKED'),
    BOOKED_BY_ANOTHER: refuse('SEAT_BOOKED'),
  },
  expire: {
    AVAILABLE: keep,
    HELD_BY_ME: keep,
    HELD_BY_ANOTHER: keep,
    LAPSED: to('AVAILABLE'),
    BOOKED_BY_ME: keep,
    BOOKED_BY_ANOTHER: keep,
  },
};

/** The stored steps that a ledger may contain: from, to, and the command that may take it. */
export const LEGAL_STEPS: Readonly<Record<SeatCommandName, { from: SeatStatus; to: SeatStatus }>> = {
  hold: { from: 'AVAILABLE', to: 'HELD' },
  book: { from: 'HELD', to: 'BOOKED' },
  release: { from: 'HELD', to: 'AVAILABLE' },
  expire: { from: 'HELD', to: 'AVAILABLE' },
};

/** Names a seat within a show. */
export interface SeatRef {
  readonly row: string;
  readonly number: number;
}

/** A seat as stored. Instants are milliseconds since the epoch by the database's clock. */
export interface SeatState extends SeatRef {
  readonly showId: number;
  readonly status: SeatStatus;
  /** Counts the stored transitions. */
  readonly version: number;
  /** Decimal string in the show's currency. */
  readonly price: string;
  readonly holderId: string | null;
  readonly heldAtMs: number | null;
  readonly holdExpiresAtMs: number | null;
  /** Which of the holder's places in this show the hold takes: 1 to MAX_HELD_SEATS_PER_HOLDER. */
  readonly holdSlot: number | null;
  readonly bookingId: string | null;
}

/** One stored step of a seat: a row of the ledger. */
export interface SeatTransition extends SeatRef {
  readonly showId: number;
  /** The seat's version after the step. */
  readonly version: number;
  readonly command: SeatCommandName;
  readonly from: SeatStatus;
  readonly to: SeatStatus;
  /** Whose hold or booking the step makes or ends. */
  readonly holderId: string | null;
  readonly holdExpiresAtMs: number | null;
  readonly bookingId: string | null;
}

/** A hold is lapsed from the very instant of its deadline. The SQL of the reads says the same (`<= statement_timestamp()`). */
export function isLapsed(seat: Pick<SeatState, 'status' | 'holdExpiresAtMs'>, nowMs: number): boolean {
  return seat.status === 'HELD' && seat.holdExpiresAtMs !== null && seat.holdExpiresAtMs <= nowMs;
}

export function standing(seat: SeatState, holderId: string | null, nowMs: number): Standing {
  const mine = holderId !== null && seat.holderId === holderId;
  switch (seat.status) {
    case 'AVAILABLE':
      return 'AVAILABLE';
    case 'HELD':
      if (isLapsed(seat, nowMs)) return 'LAPSED';
      return mine ? 'HELD_BY_ME' : 'HELD_BY_ANOTHER';
    case 'BOOKED':
      return mine ? 'BOOKED_BY_ME' : 'BOOKED_BY_ANOTHER';
  }
}

/** Orders seats as they are locked and listed: by row, then number. Rows by their UTF-8 bytes, as `COLLATE "C"` does. */
export function compareSeats(a: SeatRef, b: SeatRef): number {
  if (a.row !== b.row) return Buffer.compare(Buffer.from(a.row), Buffer.from(b.row));
  return a.number - b.number;
}

/** Identifies a seat in a map. */
export function seatKey(showId: number, { row, number }: SeatRef): string {
  return `${showId}/${row}/${number}`;
}
