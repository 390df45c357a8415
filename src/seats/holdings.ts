import type { PipelinedTransaction } from '../platform/database/pipelined-transaction';
import { Holdings, NO_HOLDINGS } from './commands/command';
import { seatKey, SeatRef, SeatState, SeatTransition } from './seat-transitions';

interface HoldRow extends SeatRef {
  show_id: number;
  holder_id: string;
  hold_slot: number;
  hold_expires_at: Date;
}

type Holder = { readonly showId: number; readonly holderId: string | null };
type MutableHoldings = { holds: Map<string, SeatRef & { holdExpiresAtMs: number }>; slotOwners: Map<number, string> };

/** What the holders of a transaction's commands hold in their shows, as the commands decided so far have left it. */
export class HoldingsByHolder {
  private readonly known = new Map<string, MutableHoldings>();

  constructor(rows: readonly HoldRow[]) {
    for (const { show_id: showId, holder_id: holderId, row, number, hold_slot, hold_expires_at } of rows) {
      this.add({ showId, holderId, row, number, holdSlot: hold_slot, holdExpiresAtMs: hold_expires_at.getTime() });
    }
  }

  of({ showId, holderId }: Holder): Holdings {
    return this.known.get(keyOf(showId, holderId)) ?? NO_HOLDINGS;
  }

  /** Takes over what an accepted command has done. */
  apply(transitions: readonly SeatTransition[], seats: readonly SeatState[]): void {
    for (const { from, showId, holderId, row, number } of transitions) {
      if (from === 'HELD') this.known.get(keyOf(showId, holderId))?.holds.delete(seatKey(showId, { row, number }));
    }
    for (const seat of seats) if (seat.status === 'HELD') this.add(seat);
  }

  private add(held: SeatRef & Holder & Pick<SeatState, 'holdSlot' | 'holdExpiresAtMs'>): void {
    const { showId, holderId, row, number, holdSlot, holdExpiresAtMs } = held;
    const holder = keyOf(showId, holderId);
    const seat = seatKey(showId, { row, number });
    let holdings = this.known.get(holder);
    if (!holdings) this.known.set(holder, (holdings = { holds: new Map(), slotOwners: new Map() }));
    holdings.holds.set(seat, { row, number, holdExpiresAtMs: holdExpiresAtMs! });
    holdings.slotOwners.set(holdSlot!, seat);
  }
}

function keyOf(showId: number, holderId: string | null): string {
  return `${showId} ${holderId}`;
}

/**
 * Sends the look-up of what holders hold in shows, lapsed holds included. Takes no locks.
 *
 * OFFSET 0 makes PostgreSQL look each pair up in `seat_hold_slot`. Without it the planner, whose statistics can't keep up
 * with how many seats are HELD in a rush, reads that whole index and compares every entry with every pair.
 */
export async function sendHoldings(
  transaction: PipelinedTransaction,
  holders: readonly Holder[],
): Promise<HoldingsByHolder> {
  const pairs = new Map(holders.map((holder) => [keyOf(holder.showId, holder.holderId), holder]));
  if (pairs.size === 0) return new HoldingsByHolder([]);
  const { rows } = await transaction.send<HoldRow>(
    `SELECT hold.* FROM unnest($1::int[], $2::text[]) AS pair(show_id, holder_id)
      CROSS JOIN LATERAL (
        SELECT show_id, holder_id, "row", number, hold_slot, hold_expires_at FROM seat
         WHERE seat.status = 'HELD' AND seat.show_id = pair.show_id AND seat.holder_id = pair.holder_id
        OFFSET 0) AS hold`,
    [[...pairs.values()].map(({ showId }) => showId), [...pairs.values()].map(({ holderId }) => holderId)],
  );
  return new HoldingsByHolder(rows);
}
