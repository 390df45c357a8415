/**
 * Stored answers are in partitions by the time they are from: three that take turns, one for each span of the time that an
 * answer is kept. The current one is written to, the one before it has answers that are still kept, and the third is past
 * and emptied at once, however many rows it has. A fourth has the rows of version 0.1, which knew no slots.
 *
 * A key is unique within a slot. Two first requests that share a key, but no seat, and meet at the very turn of a slot are
 * both carried out: they are different requests, and only a client that reuses its keys sends them.
 */
export const PARTITIONS: readonly { readonly slot: number; readonly table: string }[] = [
  { slot: -1, table: 'idempotency_record_without_slot' },
  { slot: 0, table: 'idempotency_record_0' },
  { slot: 1, table: 'idempotency_record_1' },
  { slot: 2, table: 'idempotency_record_2' },
];

const SLOTS = PARTITIONS.filter(({ slot }) => slot >= 0).length;
const HOUR_MS = 3_600_000;

/** The slot that answers of an instant go to. */
export function slotAt(ms: number, ttlHours: number): number {
  return Math.floor(ms / (ttlHours * HOUR_MS)) % SLOTS;
}
