/**
 * Decides one command over locked seats. Pure: the time, the seats and everything else it depends on are in the
 * {@link Scene}; nothing is changed. Every offending seat is found before anything is accepted, so a refused command has
 * no effect at all. No command is asked for by its name: what is special about one is in its file under `commands/`.
 */
import type { AskedSeats, DecidableCommand, Scene, SeatCommandRule, SlotsTaken } from './commands/command';
import { recentlyGivenUp } from './commands/cool-down';
import { AcceptedOutcome, COMMAND_RULES, HAND_OVER, LAPSE, SeatCommandName } from './commands/registry';
import { Refusal, refuse, RefusedSeat } from './commands/refusal';
import { isHeldBy, SeatCarriage, seatKey, seatRef, SeatState, SeatTransition, standing } from './seat-transitions';

export type Decision =
  | {
      readonly kind: 'accepted';
      /** The seats of the command as they are afterwards, in its order. */
      readonly seats: readonly SeatState[];
      readonly transitions: readonly SeatTransition<SeatCommandName>[];
      readonly outcome: AcceptedOutcome;
    }
  | { readonly kind: 'repeated-booking'; readonly bookingId: string }
  | Refusal
  | SlotsTaken;

/** The order of the checks is part of the answer; see `REFUSALS` for the codes in this order. */
export function decide(command: DecidableCommand<SeatCommandName>, scene: Scene): Decision {
  const rule = COMMAND_RULES[command.name];
  if (!scene.show) return refuse('SHOW_NOT_FOUND');

  const found = command.seats.map((seat) => scene.seats.get(seatKey(command.showId, seat)));
  const seats = found.filter((seat) => seat !== undefined);
  if (seats.length < found.length) {
    return refuse(
      'SEAT_NOT_FOUND',
      command.seats.filter((_, index) => !found[index]).map((seat) => ({ ...seatRef(seat), code: 'SEAT_NOT_FOUND' })),
    );
  }
  const asked: AskedSeats = { command, seats, scene };

  const repeated = rule.repeatedBooking?.(asked);
  if (repeated !== undefined) return { kind: 'repeated-booking', bookingId: repeated };

  if (rule.needsOpenSales && !scene.show.salesOpen) return refuse('SALES_CLOSED');

  const refused = refusedSeats(rule, asked);
  if (refused.length > 0) return refuse(rule.refusal, refused);

  const carry = rule.plan(asked);
  if (typeof carry !== 'function') return carry;

  const transitions: SeatTransition<SeatCommandName>[] = [];
  const after = seats.map((seat) => {
    if (effectOn(rule, seat, asked) !== 'step') return seat;
    const before = rule.from.includes(seat.status) ? seat : endHold(seat, asked, transitions);
    return step(command.name, before, carry(before, seat), command, scene, transitions);
  });
  const changed = seats.filter((seat, index) => after[index] !== seat).map(seatRef);
  return { kind: 'accepted', seats: after, transitions, outcome: rule.outcome({ ...asked, after, changed }) };
}

const NOBODY = { actorId: null };

/**
 * Ends the hold that the command takes over. A lapsed one is expired, as the sweep would have done it, so that the ledger and
 * every version are the same whether or not a sweep came by.
 */
function endHold(
  seat: SeatState,
  { command, scene }: AskedSeats,
  transitions: SeatTransition<SeatCommandName>[],
): SeatState {
  return isHeldBy(seat, command.successorOf, scene.nowMs)
    ? step(HAND_OVER, seat, {}, command, scene, transitions)
    : step(LAPSE, seat, {}, NOBODY, scene, transitions);
}

function effectOn(rule: SeatCommandRule, seat: SeatState, { command, scene }: AskedSeats) {
  const found = standing(seat, command.holderId, scene.nowMs);
  if (command.successorOf === undefined || found === 'HELD_BY_ME') return rule.effects[found];
  return isHeldBy(seat, command.successorOf, scene.nowMs) ? rule.effects.AVAILABLE : 'HOLD_GONE';
}

function refusedSeats(rule: SeatCommandRule, asked: AskedSeats): RefusedSeat[] {
  return asked.seats.flatMap((seat) => {
    const effect = effectOn(rule, seat, asked);
    if (effect === 'step' || effect === 'keep') return [];
    // Nothing is repeated here, or decide() would have ended before: the holder booked these seats, but not together.
    return { ...seatRef(seat), code: effect === 'repeat' ? 'SEAT_BOOKED' : effect };
  });
}

/** Takes one stored step, and writes it down in the ledger. */
function step(
  name: SeatCommandName,
  before: SeatState,
  carriage: Partial<SeatCarriage>,
  by: Pick<DecidableCommand, 'actorId' | 'reason' | 'successorOf'>,
  { nowMs, reholdCooldownMs }: Scene,
  transitions: SeatTransition<SeatCommandName>[],
): SeatState {
  const { from, to } = COMMAND_RULES[name];
  must(from.includes(before.status), `${name} can't take a seat from ${before.status} to ${to}`);
  must((before.status === 'HELD') === (before.holdExpiresAtMs !== null), 'a hold has a deadline, and nothing else has');
  const { showId, row, number, price } = before;
  const version = before.version + 1;
  // The guest who has become a user goes on holding the seat, under another name.
  const isGivenUp = before.status === 'HELD' && to === 'AVAILABLE' && by.successorOf === undefined;
  const givenUpMs = isGivenUp ? Math.min(nowMs, before.holdExpiresAtMs!) : null;
  const givenUp = to === 'BOOKED' ? [] : recentlyGivenUp(before, nowMs, reholdCooldownMs, givenUpMs);
  // Every column by its name: spreading would make each of these, of which a rush makes many, several times as expensive.
  const after: SeatState = {
    showId,
    row,
    number,
    status: to,
    version,
    price,
    holdPrice: carriage.holdPrice ?? null,
    holderId: carriage.holderId ?? null,
    heldAtMs: carriage.heldAtMs ?? null,
    holdExpiresAtMs: carriage.holdExpiresAtMs ?? null,
    holdSlot: carriage.holdSlot ?? null,
    addressKey: carriage.addressKey ?? null,
    networkKey: carriage.networkKey ?? null,
    bookingId: carriage.bookingId ?? null,
    givenUp: givenUp.length > 0 ? givenUp : null,
  };
  must((to === 'HELD') === (after.holdSlot !== null), 'a hold takes a slot, and nothing else does');
  must((to === 'BOOKED') === (after.bookingId !== null), 'a booked seat names its booking, and no other seat does');
  transitions.push({
    showId,
    row,
    number,
    version,
    command: name,
    from: before.status,
    to,
    // A step that ends a hold names that hold: whose it was, and until when.
    holderId: after.holderId ?? before.holderId,
    holdExpiresAtMs: after.holdExpiresAtMs ?? before.holdExpiresAtMs,
    actorId: by.actorId,
    reason: by.reason ?? null,
    bookingId: after.bookingId,
    price: after.holdPrice,
  });
  return after;
}

/** States what the table promises. A failure is a defect of a rule, found before anything is written. */
function must(isSo: boolean, what: string): void {
  if (!isSo) throw new Error(`A rule of the seats is broken: ${what}`);
}
