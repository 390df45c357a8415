import { setTimeout as delay } from 'node:timers/promises';
import type { QueryRunner } from 'typeorm';
import { sqlState } from '../../platform/database/pg-errors';

/** How long others queue behind a change that waits for a table. */
const LOCK_TIMEOUT_MS = 500;
const ATTEMPTS = 240;
const PAUSE_MS = 250;
const LOCK_NOT_AVAILABLE = '55P03';
const DEADLOCK_DETECTED = '40P01';
const CHECK_VIOLATION = '23514';

/**
 * Changes a table beside instances that use it. A statement that waits for its lock makes every later one wait behind it,
 * so it waits briefly, lets the others pass, and tries again, for two minutes and more.
 */
export async function change(runner: QueryRunner, sql: string): Promise<void> {
  await runner.query(`SET lock_timeout = ${LOCK_TIMEOUT_MS}`);
  try {
    for (let attempt = 1; ; attempt++) {
      try {
        await runner.query(sql);
        return;
      } catch (error) {
        const state = sqlState(error);
        if (attempt === ATTEMPTS || (state !== LOCK_NOT_AVAILABLE && state !== DEADLOCK_DETECTED)) throw error;
        await delay(PAUSE_MS);
      }
    }
  } finally {
    await runner.query('SET lock_timeout = 0');
  }
}

/**
 * Replaces checks of a table. New rows are held to them at once; those that are there are looked through without keeping
 * anybody from the table. Rows that break a check stay as they are, with a warning: a start must not fail for the past.
 */
export async function replaceChecks(
  runner: QueryRunner,
  table: string,
  checks: Readonly<Record<string, string>>,
  alterations: readonly string[] = [],
): Promise<void> {
  const names = Object.keys(checks);
  await change(
    runner,
    `ALTER TABLE "${table}" ${[
      ...names.map((name) => `DROP CONSTRAINT IF EXISTS "${name}"`),
      ...alterations,
      ...names.map((name) => `ADD CONSTRAINT "${name}" CHECK (${checks[name]}) NOT VALID`),
    ].join(', ')}`,
  );
  for (const name of names) {
    try {
      await change(runner, `ALTER TABLE "${table}" VALIDATE CONSTRAINT "${name}"`);
    } catch (error) {
      if (sqlState(error) !== CHECK_VIOLATION) throw error;
      runner.dataSource.logger.log(
        'warn',
        `Rows of "${table}" break ${name}; it binds new ones only: ${String(error)}`,
      );
    }
  }
}

/** Makes columns the primary key in place of others, with the index built beside the traffic. */
export async function replacePrimaryKey(runner: QueryRunner, table: string, columns: readonly string[]): Promise<void> {
  const key = `${table}_pkey`;
  const index = `${key}_new`;
  // An earlier attempt may have left an invalid one.
  await runner.query(`DROP INDEX CONCURRENTLY IF EXISTS "${index}"`);
  const quoted = columns.map((column) => `"${column}"`).join(', ');
  await runner.query(`CREATE UNIQUE INDEX CONCURRENTLY "${index}" ON "${table}" (${quoted})`);
  await change(
    runner,
    `ALTER TABLE "${table}" DROP CONSTRAINT IF EXISTS "${key}", ADD CONSTRAINT "${key}" PRIMARY KEY USING INDEX "${index}"`,
  );
}
