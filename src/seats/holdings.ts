import type { PipelinedTransaction } from '../platform/database/pipelined-transaction';
import { Holdings, NO_HOLDINGS } from './commands/command';
import { seatKey, SeatRef, SeatState, SeatTransition } from './seat-transitions';

/** A hold, or how many seats the holder has booked. */
type HoldingRow = { show_id: number; holder_id: string } & (
  (SeatRef & { hold_slot: number; hold_expires_at: Date; booked: null }) | { booked: number }
);

type Holder = { readonly showId: number; readonly holderId: string | null };
type MutableHoldings = {
  holds: Map<string, SeatRef & { holdExpiresAtMs: number }>;
  slotOwners: Map<number, string>;
  booked: number;
};

/** What the holders of a transaction's commands have in their shows, as the commands decided so far have left it. */
export class HoldingsByHolder {
  private readonly known = new Map<string, MutableHoldings>();

  constructor(rows: readonly HoldingRow[]) {
    for (const stored of rows) {
      const { show_id: showId, holder_id: holderId } = stored;
      if (stored.booked !== null) {
        this.mutable(showId, holderId).booked = stored.booked;
      } else {
        const { row, number, hold_slot: holdSlot, hold_expires_at } = stored;
        this.add({ showId, holderId, row, number, holdSlot, holdExpiresAtMs: hold_expires_at.getTime() });
      }
    }
  }

  of({ showId, holderId }: Holder): Holdings {
    return this.known.get(keyOf(showId, holderId)) ?? NO_HOLDINGS;
  }

  /** Takes over what an accepted command has done. */
  apply(transitions: readonly SeatTransition[], seats: readonly SeatState[]): void {
    for (const { from, to, showId, holderId, row, number } of transitions) {
      const holdings = this.known.get(keyOf(showId, holderId));
      if (!holdings) continue;
      if (from === 'HELD') holdings.holds.delete(seatKey(showId, { row, number }));
      if (to === 'BOOKED') holdings.booked++;
    }
    for (const seat of seats) if (seat.status === 'HELD') this.add(seat);
  }

  private add(held: SeatRef & Holder & Pick<SeatState, 'holdSlot' | 'holdExpiresAtMs'>): void {
    const { showId, holderId, row, number, holdSlot, holdExpiresAtMs } = held;
    const seat = seatKey(showId, { row, number });
    const holdings = this.mutable(showId, holderId);
    holdings.holds.set(seat, { row, number, holdExpiresAtMs: holdExpiresAtMs! });
    holdings.slotOwners.set(holdSlot!, seat);
  }

  private mutable(showId: number, holderId: string | null): MutableHoldings {
    const holder = keyOf(showId, holderId);
    let holdings = this.known.get(holder);
    if (!holdings) this.known.set(holder, (holdings = { holds: new Map(), slotOwners: new Map(), booked: 0 }));
    return holdings;
  }
}

function keyOf(showId: number, holderId: string | null): string {
  return `${showId} ${holderId}`;
}

/**
 * Sends the look-up of what holders hold in shows, lapsed holds included, and of how much they have booked. Sent behind the
 * lock on each holder's limit, it sees every hold that counts. Takes no locks.
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
  const { rows } = await transaction.send<HoldingRow>(
    `SELECT pair.*, holding.* FROM unnest($1::int[], $2::text[]) AS pair(show_id, holder_id)
      CROSS JOIN LATERAL (
        (SELECT "row", number, hold_slot, hold_expires_at, NULL::int AS booked FROM seat
          WHERE seat.status = 'HELD' AND seat.show_id = pair.show_id AND seat.holder_id = pair.holder_id
         OFFSET 0)
        UNION ALL
        SELECT NULL, NULL, NULL, NULL, count(*)::int FROM seat
         WHERE seat.status = 'BOOKED' AND seat.show_id = pair.show_id AND seat.holder_id = pair.holder_id
        HAVING count(*) > 0) AS holding`,
    [[...pairs.values()].map(({ showId }) => showId), [...pairs.values()].map(({ holderId }) => holderId)],
  );
  return new HoldingsByHolder(rows);
}
