import { Client } from 'pg';
import { until } from './until';

/** A session of the test's own that stands in the way of others, to line them up in the order a race is about. */
export interface Blocker {
  query(sql: string, values?: unknown[]): Promise<unknown>;
  /** Waits until `count` sessions of the database wait for a lock of a client: autovacuum holds some for a moment, too. */
  untilWaiting(count: number): Promise<void>;
  /** Commits, lets go, and ends the session. */
  release(): Promise<void>;
}

export async function block(databaseUrl: string, sql: string, values: unknown[] = []): Promise<Blocker> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query('BEGIN');
  await client.query(sql, values);
  // Looks from outside the transaction: inside it, pg_stat_activity is as it was at the first look.
  const observer = new Client({ connectionString: databaseUrl });
  await observer.connect();
  return {
    query: (text, parameters) => client.query(text, parameters),
    untilWaiting: (count) =>
      until(async () => {
        const { rows } = await observer.query(
          `SELECT count(*)::int AS waiting FROM pg_stat_activity AS waiting
            WHERE datname = current_database() AND EXISTS (
              SELECT FROM pg_stat_activity AS blocking
               WHERE blocking.pid = ANY(pg_blocking_pids(waiting.pid)) AND blocking.backend_type = 'client backend')`,
        );
        return rows[0].waiting === count;
      }),
    release: async () => {
      await client.query('COMMIT');
      await client.end();
      await observer.end();
    },
  };
}

export const LOCK_SEAT = 'SELECT 1 FROM seat WHERE show_id = $1 AND "row" = $2 AND number = $3 FOR UPDATE';
/** Lets sessions lock and read seats, and stops them at their UPDATE. */
export const STOP_WRITES = 'LOCK TABLE seat IN SHARE MODE';
