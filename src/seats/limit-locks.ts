import type { PipelinedTransaction } from '../platform/database/pipelined-transaction';
import type { SeatCommand } from './seat-command';

/**
 * Locks the limits that commands are held to: one lock for a holder in a show, one for an address in a show. Two
 * transactions of two processes that count the same seats take turns from here to their commit, so neither overlooks what
 * the other adds.
 *
 * Sent behind the locks of the seats: a transaction that waits here waits for one that has all its seats already. The names
 * are sorted, so two transactions can't wait for each other here. Were two names ever to have one hash, those two would be
 * locked together, and a deadlock that came of it is a conflict, after which the commands start again.
 */
export async function sendLimitLocks(
  transaction: PipelinedTransaction,
  commands: readonly SeatCommand[],
): Promise<void> {
  const names = new Set(commands.flatMap(lockNames));
  if (names.size === 0) return;
  await transaction.send(
    'SELECT count(pg_advisory_xact_lock(hashtextextended(name, 0))) FROM unnest($1::text[]) AS name',
    [[...names].sort()],
  );
}

/** The lock on a network covers every address in it. */
function lockNames({ showId, holderId, address, isExempt }: SeatCommand): string[] {
  if (isExempt) return [];
  const holder = `${showId} ${holderId}`;
  return address ? [holder, address.networkKey ?? address.addressKey] : [holder];
}
