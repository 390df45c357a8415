import { sumMoney } from '../../platform/money';
import { chargedPrice, isHeldBy, seatKey, seatRef, SeatState, standing } from '../seat-transitions';
import type { Accepted, AskedSeats, SeatCommandRule } from './command';
import { refuse } from './refusal';

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
  otherRefusals: ['HOLD_LIMIT_EXCEEDED'],
  needsOpenSales: true,
  needsHoldings: true,
  // Version 0.1 wrote neither actor nor price.
  ledger: { needs: ['holder_id', 'hold_expires_at'], allows: ['actor_id', 'price'] },

  plan(asked: AskedSeats) {
    const { command, scene } = asked;
    const { holds, slotOwners } = scene.holdings;
    const lapsed = [...holds.values()].filter(({ holdExpiresAtMs }) => holdExpiresAtMs <= scene.nowMs);
    const wanted = asked.seats.filter((seat) => standing(seat, command.holderId, scene.nowMs) !== 'HELD_BY_ME');
    if (wanted.length > 0 && holds.size - lapsed.length + wanted.length > scene.maxHeldSeats) {
      return refuse('HOLD_LIMIT_EXCEEDED');
    }
    const slots = allotSlots(wanted, slotOwners, scene.maxHeldSeats);
    if (!slots) return { kind: 'slots-taken' as const, lapsed: lapsed.map(seatRef) };
    return (seat: SeatState, found: SeatState) => {
      const isInherited = isHeldBy(found, command.successorOf, scene.nowMs);
      return {
        holderId: command.holderId,
        holdPrice: isInherited ? chargedPrice(found) : seat.price,
        heldAtMs: scene.nowMs,
        holdExpiresAtMs: isInherited ? found.holdExpiresAtMs : scene.nowMs + scene.holdTtlMs,
        holdSlot: slots.get(seatKey(seat.showId, seat))!,
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
  const free: number[] = [];
  for (let slot = 1; slot <= limit; slot++) if (!slotOwners.has(slot)) free.push(slot);
  const slots = new Map<string, number>();
  for (const seat of seats) {
    const key = seatKey(seat.showId, seat);
    const slot = ownSlots.get(key) ?? free.shift();
    if (slot === undefined) return undefined;
    slots.set(key, slot);
  }
  return slots;
}
