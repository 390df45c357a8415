import { GivenUpHold, isLapsed, seatRef, SeatState } from '../seat-transitions';
import type { AskedSeats } from './command';
import { Refusal, refuse } from './refusal';

/**
 * PURE. The cool-down: a holder who gave a seat up can't hold it again for a while, and neither can guests of the same
 * address. Otherwise a program keeps a seat for good by taking it again the moment its hold lapses.
 */

/** How many given-up holds a seat remembers. Somebody with that many holders at hand needs no seat for longer. */
const REMEMBERED_MAX = 16;

/** The refusal, where one of the wanted seats was given up too recently. */
export function coolDown({ command, scene }: AskedSeats, wanted: readonly SeatState[]): Refusal | undefined {
  const { nowMs, reholdCooldownMs } = scene;
  if (reholdCooldownMs === 0) return undefined;
  const addressKey = command.address?.addressKey ?? null;
  const isMine = (hold: GivenUpHold) =>
    hold.holderId === command.holderId || (addressKey !== null && hold.addressKey === addressKey);
  const untilMs = (seat: SeatState) =>
    Math.max(
      ...recentlyGivenUp(seat, nowMs, reholdCooldownMs)
        .filter(isMine)
        .map(({ atMs }) => atMs + reholdCooldownMs),
    );
  const cooling = wanted.filter((seat) => untilMs(seat) > nowMs);
  if (cooling.length === 0) return undefined;
  return refuse(
    'HOLD_COOLDOWN',
    cooling.map((seat) => ({ ...seatRef(seat), code: 'HOLD_COOLDOWN' })),
    { untilMs: Math.max(...cooling.map(untilMs)), serverTimeMs: nowMs },
  );
}

/**
 * The holds of a seat that were given up within the cool-down, the stored one among them if it ends at `endedAtMs`. A lapsed
 * hold was given up at its deadline, whether or not a sweep has stored that.
 */
export function recentlyGivenUp(
  seat: SeatState,
  nowMs: number,
  cooldownMs: number,
  endedAtMs = isLapsed(seat, nowMs) ? seat.holdExpiresAtMs : null,
): GivenUpHold[] {
  if (cooldownMs === 0) return [];
  const { holderId, addressKey } = seat;
  const before = (seat.givenUp ?? []).filter((one) => endedAtMs === null || one.holderId !== holderId);
  const all = endedAtMs === null ? before : [...before, { holderId, addressKey, atMs: endedAtMs }];
  return all.filter(({ atMs }) => atMs + cooldownMs > nowMs).slice(-REMEMBERED_MAX);
}
