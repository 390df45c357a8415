import { setTimeout as delay } from 'node:timers/promises';
import { DataSource, QueryRunner } from 'typeorm';
import type { DataSourceOptions } from 'typeorm';

type PostgresOptions = Extract<DataSourceOptions, { type: 'postgres' }>;

const LOCK_RETRY_INTERVAL_MS = 100;
/** Any role may take an advisory lock, so a wait without a bound would let any role stop every start. */
export const LOCK_WAIT_MAX_MS = 60_000;

/** Another session has kept a lock for too long; the message says which one. */
export class LockedError extends Error {}

/**
 * Runs long work (a migration, a mass of new rows, a check of all rows) on a connection of its own, without time limits,
 * and closes the connection: the settings and locks of the work end with it.
 */
export async function onMaintenanceConnection<T>(
  dataSource: DataSource,
  work: (runner: QueryRunner) => Promise<T>,
): Promise<T> {
  const { extra, ...options } = dataSource.options as PostgresOptions;
  const own = await new DataSource({
    ...options,
    poolSize: 1,
    extra: { ...extra, pipeline: false, query_timeout: undefined },
  }).initialize();
  try {
    const runner = own.createQueryRunner();
    try {
      await liftTimeLimits(runner);
      return await work(runner);
    } finally {
      await runner.release();
    }
  } finally {
    await own.destroy();
  }
}

/** Lifts our own limits and those that the database sets; which of them exist depends on PostgreSQL's version. */
async function liftTimeLimits(runner: QueryRunner): Promise<void> {
  await runner.query(
    `SELECT set_config(name, '0', false) FROM pg_settings
      WHERE name IN ('lock_timeout', 'statement_timeout', 'transaction_timeout',
                     'idle_in_transaction_session_timeout', 'idle_session_timeout')`,
  );
}

/**
 * Waits until no other connection to this database has the name locked, and keeps it until its own end.
 *
 * @throws LockedError when it has waited for `timeoutMs`
 *
 * Asks again and again instead of waiting in PostgreSQL. A waiting statement has a snapshot, and a CREATE INDEX
 * CONCURRENTLY under the lock waits for the end of every snapshot: the two would wait for each other.
 */
export async function lockUntilEnd(runner: QueryRunner, name: string, timeoutMs = LOCK_WAIT_MAX_MS): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  for (;;) {
    const [answer] = await runner.manager.query<{ locked: boolean }[]>(
      'SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS locked',
      [name],
    );
    if (answer?.locked) return;
    if (performance.now() > deadlineMs) throw new LockedError(await describeLock(runner, name, timeoutMs));
    await delay(LOCK_RETRY_INTERVAL_MS);
  }
}

async function describeLock(runner: QueryRunner, name: string, timeoutMs: number): Promise<string> {
  // An advisory lock of 64 bits stands in pg_locks as two numbers of 32.
  const sessions = await runner.manager.query<{ session: string }[]>(
    `SELECT format('process %s of role %s (%s%s, connected since %s)', pid, usename, coalesce(nullif(application_name, ''), 'no name'),
                   coalesce(', ' || client_addr, ''), coalesce(to_char(backend_start, 'YYYY-MM-DD HH24:MI:SSOF'), '?')) AS session
       FROM pg_locks JOIN pg_stat_activity USING (pid), hashtextextended($1, 0) AS key
      WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND pg_locks.database = datid
        AND classid::bigint = (key >> 32) & 4294967295 AND objid::bigint = key & 4294967295`,
    [name],
  );
  const holder = sessions.map(({ session }) => session).join(', ') || 'a session that has just ended';
  return `"${name}" has been locked for ${timeoutMs / 1_000} s by ${holder} of the database. End it with pg_terminate_backend() if it is none of ours.`;
}
