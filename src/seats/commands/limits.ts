import type { AskedSeats, Deadlines, Scene } from './command';
import { Limit, Refusal, refuse } from './refusal';

/** PURE. The limits of seats per show: held by one holder, held and booked by one holder, held from one address. */

/** The limit that the command would break by holding so many more seats. All count live holds, not lapsed ones. */
export function brokenLimit({ command: { address }, scene }: AskedSeats, more: number): Refusal | undefined {
  if (more === 0) return undefined;
  const held = liveHolds(scene).length;
  if (held + more > scene.maxHeldSeats) {
    return refuse('HOLD_LIMIT_EXCEEDED', [], { limit: { of: 'holder', max: scene.maxHeldSeats } });
  }
  const counts: [of: Limit['of'], max: number, count: number][] = [
    ['holder', scene.maxSeats, held + scene.holdings.booked],
  ];
  if (address) {
    counts.push(['address', scene.maxHeldSeatsPerAddress, live(scene.heldFrom(address.addressKey), scene.nowMs)]);
    if (address.networkKey !== null) {
      counts.push(['network', scene.maxHeldSeatsPerNetwork, live(scene.heldFrom(address.networkKey), scene.nowMs)]);
    }
  }
  const [broken] = counts.filter(([, max, count]) => count + more > max);
  return broken && refuse('SEAT_LIMIT_EXCEEDED', [], { limit: { of: broken[0], max: broken[1] } });
}

/** Those of the holder's stored holds that have not lapsed. */
export function liveHolds({ holdings, nowMs }: Scene) {
  return [...holdings.holds.values()].filter(({ holdExpiresAtMs }) => holdExpiresAtMs > nowMs);
}

function live(deadlines: Deadlines, nowMs: number): number {
  let count = 0;
  for (const [deadlineMs, holds] of deadlines) if (deadlineMs > nowMs) count += holds;
  return count;
}
