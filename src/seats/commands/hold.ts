import { sumMoney } from '../../platform/money';
import { chargedPrice, isHeldBy, seatKey, seatRef, SeatState, standing } from '../seat-transitions';
import { coolDown } from './cool-down';
import type { Accepted, AskedSeats, SeatCommandRule } from './command';
import { brokenLimit, liveHolds } from './limits';

/** Takes free seats for a while, at the price they have now. Holding again what one holds already moves nothing. */
export const hold = {
  name: 'hold',
  from: ['AVAILABLE'],
  to: 'HELD',
  effects: {
    AVAILABLE: 'step',
    HELD_BY_ME: 'keep',
    HELD_BY_ANOTHER: 'SEAT_HELD',
    LAPSED: 'step',
    BOOKED_BY_ME: 'SEAT_BOOKED',
    BOOKED_BY_ANOTHER: 'SEAT_BOOKED',
    BLOCKED: 'SEAT_BLOCKED',
  },
  refusal: 'SEAT_UNAVAILABLE',
  otherRefusals: ['HOLD_COOLDOWN', 'HOLD_LIMIT_EXCEEDED', 'SEAT_LIMIT_EXCEEDED'],
  needsOpenSales: true,
  takesSeats: true,
  // Version 0.1 wrote neither actor nor price.
  ledger: { needs: ['holder_id', 'hold_expires_at'], allows: ['actor_id', 'price'] },

  plan(asked: AskedSeats) {
    const { command, scene } = asked;
    const wanted = asked.seats.filter((seat) => standing(seat, command.holderId, scene.nowMs) !== 'HELD_BY_ME');
    const isInherited = command.successorOf !== undefined;
    const refusal = command.isExempt
      ? undefined
      : ((isInherited ? undefined : coolDown(asked, wanted)) ?? brokenLimit(asked, wanted.length));
    if (refusal) return refusal;
    const slots = allotSlots(wanted, scene.holdings.slotOwners, command.isExempt ? Infinity : scene.maxHeldSeats);
    if (!slots) {
      const live = new Set(liveHolds(scene));
      const lapsed = [...scene.holdings.holds.values()].filter((one) => !live.has(one));
      return { kind: 'slots-taken' as const, lapsed: lapsed.map(seatRef) };
    }
    return (seat: SeatState, found: SeatState) => {
      const isInherited = isHeldBy(found, command.successorOf, scene.nowMs);
      return {
        holderId: command.holderId,
        holdPrice: isInherited ? chargedPrice(found) : seat.price,
        heldAtMs: scene.nowMs,
        // A hold promises that its seats can be booked until then, and nothing can be booked once sales are closed.
        holdExpiresAtMs: Math.min(
          isInherited ? found.holdExpiresAtMs! : scene.nowMs + scene.holdTtlMs,
          scene.show!.salesCloseMs,
        ),
        holdSlot: slots.get(seatKey(seat.showId, seat))!,
        ...command.address,
      };
    };
  },

  outcome: ({ command, after, scene }: Accepted) => ({
    kind: 'held' as const,
    showId: command.showId,
    seats: after.map(({ row, number, version, holdExpiresAtMs }) => ({
      row,
      number,
      version,
      holdExpiresAtMs: holdExpiresAtMs!,
    })),
    totalPrice: sumMoney(after.map(chargedPrice)),
    currency: scene.show!.currency,
    serverTimeMs: scene.nowMs,
  }),
} as const satisfies SeatCommandRule;

/**
 * Finds a slot for each seat that becomes HELD; undefined when there are too few. Slots run from 1 to the limit and are
 * unique per show and holder in the database. That makes the limit exact across processes: of two transactions that give
 * one slot away, the second fails at the unique index.
 */
function allotSlots(
  seats: readonly SeatState[],
  slotOwners: ReadonlyMap<number, string>,
  limit: number,
): ReadonlyMap<string, number> | undefined {
  const ownSlots = new Map([...slotOwners].map(([slot, key]) => [key, slot]));
  const slots = new Map<string, number>();
  let free = 0;
  for (const seat of seats) {
    const key = seatKey(seat.showId, seat);
    let slot = ownSlots.get(key);
    if (slot === undefined) {
      do free++;
      while (slotOwners.has(free));
      if (free > limit) return undefined;
      slot = free;
    }
    slots.set(key, slot);
  }
  return slots;
}
