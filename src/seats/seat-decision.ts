/**
 * Decides one command over locked seats. Pure: the time, the seats and everything else it depends on are in the
 * {@link Scene}; nothing is changed. Every offending seat is found before anything is accepted, so a refused command has
 * no effect at all.
 */
import {
  LEGAL_STEPS,
  SeatCommandName,
  seatKey,
  SeatRef,
  SeatState,
  SeatTransition,
  standing,
  TRANSITIONS,
} from './seat-transitions';
import type { SeatRefusal } from '../problem-catalogue';

/** A command as decided: who wants what of which seats. `expire` is nobody's. */
export interface DecidableCommand {
  readonly name: SeatCommandName;
  readonly showId: number;
  readonly holderId: string | null;
  /** In row, number order. */
  readonly seats: readonly SeatRef[];
}

/** What the database said once the rows were locked, and what the commands decided before in this transaction made of it. */
export interface Scene {
  /** The database's clock, read after the locks were granted. */
  readonly nowMs: number;
  readonly holdTtlMs: number;
  readonly maxHeldSeats: number;
  /** Undefined when the show does not exist. */
  readonly show: { readonly salesOpen: boolean } | undefined;
  readonly seats: ReadonlyMap<string, SeatState>;
  /** What the command's holder holds in the show; needed by `hold` alone. */
  readonly holdings: Holdings;
  /** How many seats a booking has; undefined when it is not known. */
  readonly bookingSize: (bookingId: string) => number | undefined;
  /** The id a new booking gets, if one is made. */
  readonly newBookingId: string;
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

export type RefusalCode =
  'SHOW_NOT_FOUND' | 'SEAT_NOT_FOUND' | 'SALES_CLOSED' | 'SEAT_UNAVAILABLE' | 'NOT_YOUR_HOLD' | 'HOLD_LIMIT_EXCEEDED';

export interface RefusedSeat extends SeatRef {
  readonly code: SeatRefusal;
}

export type Decision =
  | {
      readonly kind: 'accepted';
      /** The named seats as they are afterwards, in order. */
      readonly seats: readonly SeatState[];
      readonly transitions: readonly SeatTransition[];
    }
  | { readonly kind: 'repeated-booking'; readonly bookingId: string }
  | { readonly kind: 'refused'; readonly code: RefusalCode; readonly seats: readonly RefusedSeat[] }
  /** A hold within the limit, but lapsed holds still take its slots: expire those first, then decide again. */
  | { readonly kind: 'slots-taken'; readonly lapsed: readonly SeatRef[] };

const refused = (code: RefusalCode, seats: readonly RefusedSeat[] = []): Decision => ({ kind: 'refused', code, seats });

export function decide(command: DecidableCommand, scene: Scene): Decision {
  if (!scene.show) return refused('SHOW_NOT_FOUND');

  const missing = command.seats.filter((seat) => !scene.seats.has(seatKey(command.showId, seat)));
  if (missing.length > 0) {
    return refused(
      'SEAT_NOT_FOUND',
      missing.map(({ row, number }) => ({ row, number, code: 'SEAT_NOT_FOUND' })),
    );
  }
  const seats = command.seats.map((seat) => scene.seats.get(seatKey(command.showId, seat))!);

  const repeatedBookingId = command.name === 'book' ? repeatedBooking(seats, command.holderId, scene) : undefined;
  if (repeatedBookingId !== undefined) return { kind: 'repeated-booking', bookingId: repeatedBookingId };

  const sells = command.name === 'hold' || command.name === 'book';
  if (sells && !scene.show.salesOpen) return refused('SALES_CLOSED');

  const refusals: RefusedSeat[] = [];
  for (const seat of seats) {
    const effect = TRANSITIONS[command.name][standing(seat, command.holderId, scene.nowMs)];
    const code = 'refuse' in effect ? effect.refuse : 'repeat' in effect ? 'SEAT_BOOKED' : undefined;
    if (code) refusals.push({ row: seat.row, number: seat.number, code });
  }
  if (refusals.length > 0) {
    return refused(command.name === 'hold' ? 'SEAT_UNAVAILABLE' : 'NOT_YOUR_HOLD', refusals);
  }

  let slots: ReadonlyMap<string, number> = new Map();
  if (command.name === 'hold') {
    const allotted = allotSlots(command, seats, scene);
    if (!(allotted instanceof Map)) return allotted as Decision;
    slots = allotted;
  }

  const transitions: SeatTransition[] = [];
  const after = seats.map((seat) => {
    const effect = TRANSITIONS[command.name][standing(seat, command.holderId, scene.nowMs)];
    if (!('to' in effect)) return seat;
    let before = seat;
    // Somebody takes over a lapsed hold: the seat becomes AVAILABLE first, as the sweep would have made it, so that the
    // ledger and every version are the same whether or not a sweep came by.
    if (command.name === 'hold' && seat.status === 'HELD') {
      before = step('expire', seat, transitions, {});
    }
    switch (command.name) {
      case 'hold':
        return step('hold', before, transitions, {
          holderId: command.holderId,
          heldAtMs: scene.nowMs,
          holdExpiresAtMs: scene.nowMs + scene.holdTtlMs,
          holdSlot: slots.get(seatKey(command.showId, seat))!,
        });
      case 'book':
        return step('book', before, transitions, { holderId: command.holderId, bookingId: scene.newBookingId });
      case 'release':
      case 'expire':
        return step(command.name, before, transitions, {});
    }
  });
  return { kind: 'accepted', seats: after, transitions };
}

/** The booking that a `book` repeats: the same holder, the same show, the same set of seats. */
function repeatedBooking(seats: readonly SeatState[], holderId: string | null, scene: Scene): string | undefined {
  const bookingId = seats[0]?.bookingId;
  if (!bookingId) return undefined;
  const all = seats.every(
    (seat) => seat.bookingId === bookingId && 'repeat' in TRANSITIONS.book[standing(seat, holderId, scene.nowMs)],
  );
  return all && scene.bookingSize(bookingId) === seats.length ? bookingId : undefined;
}

/**
 * Finds a slot for every seat that becomes HELD. Slots run from 1 to the limit and are unique per show and holder in the
 * database, which is what makes the limit exact across processes: two that give the same slot away can't both commit.
 */
function allotSlots(
  command: DecidableCommand,
  seats: readonly SeatState[],
  scene: Scene,
): Map<string, number> | Decision {
  const { holds, slotOwners } = scene.holdings;
  const live = [...holds.values()].filter((hold) => hold.holdExpiresAtMs > scene.nowMs).length;
  const wanted = seats.filter((seat) => standing(seat, command.holderId, scene.nowMs) !== 'HELD_BY_ME');
  if (live + wanted.length > scene.maxHeldSeats && wanted.length > 0) return refused('HOLD_LIMIT_EXCEEDED');

  const slots = new Map<string, number>();
  const ownSlots = new Map([...slotOwners].map(([slot, key]) => [key, slot]));
  const free: number[] = [];
  for (let slot = 1; slot <= scene.maxHeldSeats; slot++) if (!slotOwners.has(slot)) free.push(slot);
  for (const seat of wanted) {
    const key = seatKey(command.showId, seat);
    const slot = ownSlots.get(key) ?? free.shift();
    if (slot === undefined) {
      const lapsed = [...holds.values()].filter((hold) => hold.holdExpiresAtMs <= scene.nowMs);
      return { kind: 'slots-taken', lapsed: lapsed.map(({ row, number }) => ({ row, number })) };
    }
    slots.set(key, slot);
  }
  return slots;
}

type Kept = 'holderId' | 'heldAtMs' | 'holdExpiresAtMs' | 'holdSlot' | 'bookingId';

/** Takes one stored step, and writes it down in the ledger. */
function step(
  command: SeatCommandName,
  seat: SeatState,
  transitions: SeatTransition[],
  kept: Partial<Pick<SeatState, Kept>>,
): SeatState {
  const { from, to } = LEGAL_STEPS[command];
  if (seat.status !== from) throw new Error(`${command} can't take a seat from ${seat.status} to ${to}`);
  const after: SeatState = {
    showId: seat.showId,
    row: seat.row,
    number: seat.number,
    price: seat.price,
    status: to,
    version: seat.version + 1,
    holderId: kept.holderId ?? null,
    heldAtMs: kept.heldAtMs ?? null,
    holdExpiresAtMs: kept.holdExpiresAtMs ?? null,
    holdSlot: kept.holdSlot ?? null,
    bookingId: kept.bookingId ?? null,
  };
  transitions.push({
    showId: seat.showId,
    row: seat.row,
    number: seat.number,
    version: after.version,
    command,
    from,
    to,
    holderId: after.holderId ?? seat.holderId,
    holdExpiresAtMs: after.holdExpiresAtMs ?? seat.holdExpiresAtMs,
    bookingId: after.bookingId,
  });
  return after;
}
