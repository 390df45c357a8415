import { createHash } from 'node:crypto';
import type { PipelinedTransaction } from '../platform/database/pipelined-transaction';
import type { SeatCommand } from './seat-command';

/**
 * Locks the limits that commands are held to: one lock for a holder in a show, one for an address in a show. Two
 * transactions of two processes that count the same seats take turns from here to their commit, so neither overlooks what
 * the other adds.
 *
 * Sent behind the locks of the seats: a transaction that waits here waits for one that has all its seats already. The keys
 * are sorted, so two transactions can't wait for each other here.
 */
export async function sendLimitLocks(
  transaction: PipelinedTransaction,
  commands: readonly SeatCommand[],
): Promise<void> {
  const keys = new Set(commands.flatMap(lockKeys));
  if (keys.size === 0) return;
  await transaction.send('SELECT count(pg_advisory_xact_lock(key)) FROM unnest($1::bigint[]) AS key', [
    [...keys].sort(),
  ]);
}

/** The lock on a network covers every address in it. */
function lockKeys({ showId, holderId, address, isExempt }: SeatCommand): string[] {
  if (isExempt) return [];
  const holderKey = createHash('sha256').update(`${showId} ${holderId}`).digest().readBigInt64BE().toString();
  return address ? [holderKey, address.networkKey ?? address.addressKey] : [holderKey];
}
