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
  /** Whether it takes seats away from everybody else: the limits, the cool-down and admission are for such commands. */
  readonly takesSeats?: true;
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
  /** Counts what it holds for an address. Absent where nobody is counted by address. */
  readonly address?: AddressKeys;
  /** The house's own: neither limits nor the cool-down are for it. */
  readonly isExempt?: true;
  /**
   * The guest that the holder was until the login. The command is then for seats that this guest holds, and for no others:
   * each is released first, as a lapsed one is expired, and the new hold keeps its price and its deadline.
   */
  readonly successorOf?: string;
  /** In row, number order. */
  readonly seats: readonly SeatRef[];
}

/** An address within a show, see `address-keyring.ts`. */
export interface AddressKeys {
  readonly addressKey: string;
  /** Of the network around it; null where it has none. */
  readonly networkKey: string | null;
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
  /** Held and booked together, of one holder. */
  readonly maxSeats: number;
  /** Held by guests of one address together. */
  readonly maxHeldSeatsPerAddress: number;
  /** The same of the network around it. */
  readonly maxHeldSeatsPerNetwork: number;
  /** 0 where it is off. */
  readonly reholdCooldownMs: number;
  /** Undefined when the show does not exist. */
  readonly show: { readonly salesOpen: boolean; readonly salesCloseMs: number; readonly currency: string } | undefined;
  readonly seats: ReadonlyMap<string, SeatState>;
  /** What the command's holder has in the show; empty unless the command takes seats. */
  readonly holdings: Holdings;
  /** The holds that count for an address or a network: how many end at which deadline. Lapsed ones may be among them. */
  readonly heldFrom: (key: string) => Deadlines;
  /** How many seats a booking has; undefined when it is not known. */
  readonly bookingSize: (bookingId: string) => number | undefined;
  /** The booking that is made, if one is. */
  readonly newBooking: { readonly id: string; readonly reference: string };
}

/** How many holds end at which instant. */
export type Deadlines = ReadonlyMap<number, number>;

/** A holder's stored holds in one show, lapsed ones included, and how many seats of it the holder has booked. */
export interface Holdings {
  /** By seat key. */
  readonly holds: ReadonlyMap<string, SeatRef & { readonly holdExpiresAtMs: number }>;
  /**
   * Which seat has which slot: those stored when the transaction began, and those given since. A slot that a seat gives up
   * stays its own until the commit: the unique index sees the rows of one UPDATE in no particular order.
   */
  readonly slotOwners: ReadonlyMap<number, string>;
  readonly booked: number;
}

export const NO_HOLDINGS: Holdings = { holds: new Map(), slotOwners: new Map(), booked: 0 };

/** A hold within the limit whose slots are still taken by lapsed holds: those are expired first, then it is decided again. */
export interface SlotsTaken {
  readonly kind: 'slots-taken';
  readonly lapsed: readonly SeatRef[];
}
