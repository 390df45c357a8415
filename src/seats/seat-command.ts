import { createHash } from 'node:crypto';
import type { DecidableCommand, SlotsTaken } from './commands/command';
import { AcceptedOutcome, LAPSE, SeatCommandName } from './commands/registry';
import type { Refusal } from './commands/refusal';
import { compareSeats, compareSeatsByBytes, SeatRef } from './seat-transitions';

/** A command on its way to a decision. */
export interface SeatCommand extends DecidableCommand<SeatCommandName> {
  /** The client's Idempotency-Key and what it stands for; absent without a key. */
  readonly idempotency?: { readonly key: string; readonly fingerprint: Buffer };
}

/** What a command's sender says of it. */
export type SeatCommandRequest = DecidableCommand<SeatCommandName> & { readonly idempotencyKey?: string };

/** Sorts the seats as they are answered, and says what the key stands for. */
export function seatCommand({ idempotencyKey: key, ...request }: SeatCommandRequest): SeatCommand {
  const seats = [...request.seats].sort(compareSeats);
  const command = { ...request, seats };
  return key === undefined ? command : { ...command, idempotency: { key, fingerprint: fingerprint(command) } };
}

/** Expires those of the seats whose hold has lapsed by the time they are locked. Nobody's command. */
export function lapseCommand(showId: number, seats: readonly SeatRef[]): SeatCommand {
  return seatCommand({ name: LAPSE, showId, seats, holderId: null, actorId: null });
}

/** A hash of the request that a key stands for: the command, the show and the set of seats, in any order. */
export function fingerprint({ name, showId, seats, reason }: Omit<DecidableCommand, 'holderId' | 'actorId'>): Buffer {
  const named = [...seats].sort(compareSeatsByBytes).map(({ row, number }) => [row, number]);
  const canonical = JSON.stringify([name, showId, named, ...(reason === undefined ? [] : [reason])]);
  return createHash('sha256').update(canonical).digest();
}

/** The end of a command that was decided under the locks. Retries of a keyed command are answered by it. */
export type StoredOutcome = AcceptedOutcome | Refusal;

export type SeatCommandOutcome =
  | StoredOutcome
  /** The key belongs to another request; not stored, as the record is that other request's. */
  | { readonly kind: 'key-reused' }
  /** Never stored: the queue expires the lapsed holds and has the command decided again. */
  | SlotsTaken
  | SetAside
  | TooManyKeys;

/** Not decided, as a hold lapses before a commit would be visible. The queue has it decided again once that is past. */
export interface SetAside {
  readonly kind: 'set-aside';
  readonly waitMs: number;
}

/** Not decided, as there is no room for the answer under the command's key. */
export interface TooManyKeys {
  readonly kind: 'too-many-keys';
  readonly max: number;
  readonly retryAfterSeconds: number;
}

export interface SeatCommandAnswer {
  readonly outcome: SeatCommandOutcome;
  /** Whether this is the stored answer to an earlier request with the same key. */
  readonly replayed: boolean;
}

/** A booking as the transaction that makes or repeats it knows it. */
export type BookingView = Extract<AcceptedOutcome, { kind: 'booked' }>['booking'];
