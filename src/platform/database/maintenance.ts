import { setTimeout as delay } from 'node:timers/promises';
import { DataSource, QueryRunner } from 'typeorm';
import type { DataSourceOptions } from 'typeorm';

type PostgresOptions = Extract<DataSourceOptions, { type: 'postgres' }>;

const LOCK_RETRY_INTERVAL_MS = 100;

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
 * Asks again and again instead of waiting in PostgreSQL. A waiting statement has a snapshot, and a CREATE INDEX
 * CONCURRENTLY under the lock waits for the end of every snapshot: the two would wait for each other.
 */
export async function lockUntilEnd(runner: QueryRunner, name: string): Promise<void> {
  for (;;) {
    const [answer] = await runner.manager.query<{ locked: boolean }[]>(
      'SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS locked',
      [name],
    );
    if (answer?.locked) return;
    await delay(LOCK_RETRY_INTERVAL_MS);
  }
}
