import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** One hold of two seats as a transaction of its own, as a careful team would write it by hand. */
const HOLD = `
\\set show random(1, 1000)
\\set row random(0, 9)
\\set pair random(0, 9)
\\set holder random(1, 2000000000)
BEGIN;
SELECT "row", number, status, version FROM seat
 WHERE show_id = :show AND "row" = chr(65 + :row) AND number IN (:pair * 2 + 1, :pair * 2 + 2)
 ORDER BY "row", number FOR UPDATE;
SELECT clock_timestamp();
UPDATE seat SET status = 'HELD', version = version + 1, holder_id = :holder::text, held_at = clock_timestamp(),
       hold_expires_at = clock_timestamp() + interval '10 minutes', hold_slot = number
 WHERE show_id = :show AND "row" = chr(65 + :row) AND number IN (:pair * 2 + 1, :pair * 2 + 2);
INSERT INTO seat_transition (show_id, "row", number, version, command, from_status, to_status, holder_id, hold_expires_at, at)
SELECT show_id, "row", number, version, 'hold', 'AVAILABLE', 'HELD', holder_id, hold_expires_at, held_at FROM seat
 WHERE show_id = :show AND "row" = chr(65 + :row) AND number IN (:pair * 2 + 1, :pair * 2 + 2);
COMMIT;
`;

/** Transactions a second of PostgreSQL's own load generator, without any application; undefined where it is not installed. */
export async function pgbenchHoldsPerSecond(
  databaseUrl: string,
  clients: number,
  seconds: number,
): Promise<number | undefined> {
  const running = promisify(execFile)(
    process.env.PGBENCH ?? 'pgbench',
    ['-n', '-M', 'prepared', '-c', String(clients), '-j', '2', '-T', String(seconds), '-f', '-', databaseUrl],
    { encoding: 'utf8' },
  );
  running.child.stdin!.on('error', () => undefined).end(HOLD); // Where there is no program, the promise tells.
  try {
    return Number(/tps = ([\d.]+)/.exec((await running).stdout)![1]);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
