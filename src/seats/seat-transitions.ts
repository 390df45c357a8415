/**
 * The words for the life of a seat. Pure: no clock, no database, no randomness. Which command does what in which standing
 * is in `commands/`, one file a command; the rules in prose are in README.md beside this file.
 */
import type { SeatRefusal } from '../problem-catalogue';

export const SEAT_STATUSES = ['AVAILABLE', 'HELD', 'BOOKED', 'BLOCKED'] as const;
export type SeatStatus = (typeof SEAT_STATUSES)[number];

/** What a seat is to the holder a command is for, at one instant. A hold is lapsed from its deadline on. */
export const STANDINGS = [
  'AVAILABLE',
  'HELD_BY_ME',
  'HELD_BY_ANOTHER',
  'LAPSED',
  'BOOKED_BY_ME',
  'BOOKED_BY_ANOTHER',
  'BLOCKED',
] as const;
export type Standing = (typeof STANDINGS)[number];

/**
 * What a command does to one seat: it takes its `step`; it succeeds and lets the seat be (`keep`); it asks whether it
 * repeats an earlier command (`repeat`); or it refuses the seat with a code.
 */
export type Effect = 'step' | 'keep' | 'repeat' | SeatRefusal;

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
  /** What a hold made now would cost: a decimal string in the show's currency. */
  readonly price: string;
  /** What the hold or the booking froze; null on a free seat, and on a hold made by version 0.1. */
  readonly holdPrice: string | null;
  readonly holderId: string | null;
  /** When the hold began; a booked seat keeps it. */
  readonly heldAtMs: number | null;
  readonly holdExpiresAtMs: number | null;
  /** Which of the holder's places in this show the hold takes: 1 to MAX_HELD_SEATS_PER_HOLDER. */
  readonly holdSlot: number | null;
  /** The address that the hold counts for, and the network around it: keyed hashes, see `address-keyring.ts`. */
  readonly addressKey: string | null;
  readonly networkKey: string | null;
  readonly bookingId: string | null;
  /** The holds that were given up of late, where REHOLD_COOLDOWN_SECONDS is on; the latest is last. */
  readonly givenUp: readonly GivenUpHold[] | null;
}

/** A hold that was given up, by release or lapse. */
export interface GivenUpHold {
  readonly holderId: string | null;
  readonly addressKey: string | null;
  readonly atMs: number;
}

/** What of a seat changes with its status, and is null unless the command says otherwise. */
export type SeatCarriage = Pick<
  SeatState,
  'holderId' | 'holdPrice' | 'heldAtMs' | 'holdExpiresAtMs' | 'holdSlot' | 'addressKey' | 'networkKey' | 'bookingId'
>;

/** One stored step of a seat: a row of the ledger. */
export interface SeatTransition<Command extends string = string> extends SeatRef {
  readonly showId: number;
  /** The seat's version after the step. */
  readonly version: number;
  readonly command: Command;
  readonly from: SeatStatus;
  readonly to: SeatStatus;
  /** Whose hold or booking the step makes or ends. */
  readonly holderId: string | null;
  /** The person or program that took the step; null where a hold lapsed by itself. */
  readonly actorId: string | null;
  readonly reason: string | null;
  readonly holdExpiresAtMs: number | null;
  readonly bookingId: string | null;
  /** What the step froze or charged. */
  readonly price: string | null;
}

/** A hold is lapsed from the very instant of its deadline. The view `seat_now` says the same for all reads. */
export function isLapsed(seat: Pick<SeatState, 'status' | 'holdExpiresAtMs'>, nowMs: number): boolean {
  return seat.status === 'HELD' && seat.holdExpiresAtMs !== null && seat.holdExpiresAtMs <= nowMs;
}

export function standing(seat: SeatState, holderId: string | null, nowMs: number): Standing {
  const mine = holderId !== null && seat.holderId === holderId;
  switch (seat.status) {
    case 'HELD':
      if (isLapsed(seat, nowMs)) return 'LAPSED';
      return mine ? 'HELD_BY_ME' : 'HELD_BY_ANOTHER';
    case 'BOOKED':
      return mine ? 'BOOKED_BY_ME' : 'BOOKED_BY_ANOTHER';
    default:
      return seat.status;
  }
}

/** Whether the seat is HELD by the holder now. Nobody holds nothing. */
export function isHeldBy(seat: SeatState, holderId: string | undefined, nowMs: number): boolean {
  return holderId !== undefined && standing(seat, holderId, nowMs) === 'HELD_BY_ME';
}

/** What the seat costs its holder: what the hold froze. */
export function chargedPrice({ holdPrice, price }: Pick<SeatState, 'holdPrice' | 'price'>): string {
  return holdPrice ?? price;
}

/** Orders seats as people count them, wherever they are listed: by row, then number. Locks are taken in another order. */
export function compareSeats(a: SeatRef, b: SeatRef): number {
  return compareLabels(a.row, b.row) || a.number - b.number;
}

const RUNS = /\d+|\D+/g;
const DIGIT = /^\d/;

/**
 * Orders the labels of rows as people count them: 1, 2, 10 before A, B, … Z, AA, and B2 before B10. Run by run: digits by
 * their value, anything else by length and then by code points, and digits first.
 */
export function compareLabels(a: string, b: string): number {
  if (a === b) return 0;
  const [runsOfA, runsOfB] = [a.match(RUNS) ?? [], b.match(RUNS) ?? []];
  for (let i = 0; i < runsOfA.length && i < runsOfB.length; i++) {
    const order = compareRuns(runsOfA[i]!, runsOfB[i]!);
    if (order !== 0) return order;
  }
  // `01` and `1` have the same value.
  return runsOfA.length - runsOfB.length || a.length - b.length || compareBytes(a, b);
}

function compareRuns(a: string, b: string): number {
  const [isNumberA, isNumberB] = [DIGIT.test(a), DIGIT.test(b)];
  if (isNumberA && isNumberB) {
    const [valueA, valueB] = [BigInt(a), BigInt(b)];
    return valueA < valueB ? -1 : Number(valueA > valueB);
  }
  if (isNumberA !== isNumberB) return isNumberA ? -1 : 1;
  return [...a].length - [...b].length || compareBytes(a, b);
}

/** By UTF-8, which is by code points, and as `COLLATE "C"` has it. */
function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** Orders seats by the bytes of their rows: the same in every version, for what is stored. */
export function compareSeatsByBytes(a: SeatRef, b: SeatRef): number {
  return a.row === b.row ? a.number - b.number : compareBytes(a.row, b.row);
}

/** Identifies a seat in a map. */
export function seatKey(showId: number, { row, number }: SeatRef): string {
  return `${showId}/${row}/${number}`;
}

/** A seat by its name alone. */
export function seatRef({ row, number }: SeatRef): SeatRef {
  return { row, number };
}
