import type { Effect, SeatCarriage, SeatRef, SeatState, SeatStatus, Standing } from '../seat-transitions';
import type { Refusal, RefusalCode } from './refusal';

/**
 * What a command is: one pure file in this folder says all of it, and `registry.ts` lists the files. The decision, the
 * checks in the database, the OpenAPI document and the tables in the documentation follow from these rules.
 */
export interface SeatCommandRule {
  readonly name: string;
  /** Its stored step: the statuses it may begin in, and the one it ends in. */
  readonly from: readonly SeatStatus[];
  readonly to: SeatStatus;
  /** Its row of the table. A step that begins in AVAILABLE takes a lapsed hold over: that hold is expired first. */
  readonly effects: Readonly<Record<Standing, Effect>>;
  /** What the whole command is refused with when one of its seats is. */
  readonly refusal: RefusalCode;
  /** What else it may be refused with, beside what every command can be. */
  readonly otherRefusals?: readonly RefusalCode[];
  /** Whether it sells, and so needs a show whose sales are open. */
  readonly needsOpenSales: boolean;
  /** Whether it is decided by what its holder holds in the show. */
  readonly needsHoldings?: true;
  /** Which columns the ledger must have for its step, and which it may have; all others must be null. */
  readonly ledger: { readonly needs: readonly LedgerColumn[]; readonly allows: readonly LedgerColumn[] };
  /** The booking that the command repeats, if it repeats one. Such a command succeeds before any later check. */
  repeatedBooking?(asked: AskedSeats): string | undefined;
  /**
   * Checks what is beside the seats themselves, and says what each seat that takes the step carries afterwards. Called once
   * every seat is known to allow the command. `found` is the seat as it was before a hold in its way was ended.
   */
  plan(asked: AskedSeats): Refusal | SlotsTaken | ((seat: SeatState, found: SeatState) => Partial<SeatCarriage>);
  /** The answer for the client, which is also stored for its retries. */
  outcome(accepted: Accepted): { readonly kind: string };
}

/** The columns of the ledger that depend on the command. */
export type LedgerColumn = 'holder_id' | 'actor_id' | 'reason' | 'hold_expires_at' | 'booking_id' | 'price';

/** A command as the decision needs it. */
export interface DecidableCommand<Name extends string = string> {
  readonly name: Name;
  readonly showId: number;
  /** The holder it is for: the `…_BY_ME` of the table. Null where it is for nobody. */
  readonly holderId: string | null;
  /** The person or program that sends it; null where a hold lapses by itself. */
  readonly actorId: string | null;
  readonly reason?: string;
  /**
   * The guest that the holder was until the login. The command is then for seats that this guest holds, and for no others:
   * each is released first, as a lapsed one is expired, and the new hold keeps its price and its deadline.
   */
  readonly successorOf?: string;
  /** In row, number order. */
  readonly seats: readonly SeatRef[];
}

/** What a rule may look at: the command, its seats as they are, and what the transaction knows beside them. */
export interface AskedSeats {
  readonly command: DecidableCommand;
  /** In the order of the command. */
  readonly seats: readonly SeatState[];
  readonly scene: Scene;
}

/** An accepted command, with its seats as they are afterwards. */
export interface Accepted extends AskedSeats {
  readonly after: readonly SeatState[];
  /** The seats that it changed. */
  readonly changed: readonly SeatRef[];
}

/** What the database said once the rows were locked, and what the commands decided before in this transaction made of it. */
export interface Scene {
  /** The database's clock, read after the locks were granted. */
  readonly nowMs: number;
  readonly holdTtlMs: number;
  readonly maxHeldSeats: number;
  /** Undefined when the show does not exist. */
  readonly show: { readonly salesOpen: boolean; readonly currency: string } | undefined;
  readonly seats: ReadonlyMap<string, SeatState>;
  /** What the command's holder holds in the show; empty unless the rule needs it. */
  readonly holdings: Holdings;
  /** How many seats a booking has; undefined when it is not known. */
  readonly bookingSize: (bookingId: string) => number | undefined;
  /** The booking that is made, if one is. */
  readonly newBooking: { readonly id: string; readonly reference: string };
}

/** A holder's stored holds in one show, lapsed ones included. */
export interface Holdings {
  /** By seat key. */
  readonly holds: ReadonlyMap<string, SeatRef & { readonly holdExpiresAtMs: number }>;
  /**
   * Which seat has which slot: those stored when the transaction began, and those given since. A slot that a seat gives up
   * stays its own until the commit: the unique index sees the rows of one UPDATE in no particular order.
   */
  readonly slotOwners: ReadonlyMap<number, string>;
}

export const NO_HOLDINGS: Holdings = { holds: new Map(), slotOwners: new Map() };

/** A hold within the limit whose slots are still taken by lapsed holds: those are expired first, then it is decided again. */
export interface SlotsTaken {
  readonly kind: 'slots-taken';
  readonly lapsed: readonly SeatRef[];
}
