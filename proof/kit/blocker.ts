import { Client } from 'pg';
import { until } from './until';

/** A session that stands in the way of others, to line them up in the order that a race or a fault is about. */
export interface Blocker {
  query(sql: string, values?: unknown[]): Promise<unknown>;
  /** How many other sessions of the database wait for a lock of a client: autovacuum holds some for a moment, too. */
  waiting(): Promise<number>;
  /** Waits until exactly `count` other sessions of the database wait for a lock. */
  untilWaiting(count: number): Promise<void>;
  /** Commits, lets go, and ends the session. May be called again. */
  release(): Promise<void>;
}

/** A session that has run this in a transaction, and keeps it open. */
export async function block(databaseUrl: string, sql: string, values: unknown[] = []): Promise<Blocker> {
  const client = await connect(databaseUrl);
  await client.query('BEGIN');
  await client.query(sql, values);
  // Looks from outside the transaction: inside it, pg_stat_activity is as it was at the first look.
  const observer = await connect(databaseUrl);
  const waiting = async () => {
    const { rows } = await observer.query<{ waiting: number }>(
      `SELECT count(*)::int AS waiting FROM pg_stat_activity AS waiting
        WHERE datname = current_database() AND EXISTS (
          SELECT FROM pg_stat_activity AS blocking
           WHERE blocking.pid = ANY(pg_blocking_pids(waiting.pid)) AND blocking.backend_type = 'client backend')`,
    );
    return rows[0]!.waiting;
  };
  let released: Promise<void> | undefined;
  return {
    query: (text, parameters) => client.query(text, parameters),
    waiting,
    untilWaiting: (count) => until(async () => (await waiting()) === count),
    release: () =>
      (released ??= (async () => {
        await client.query('COMMIT');
        await client.end();
        await observer.end();
      })()),
  };
}

async function connect(connectionString: string): Promise<Client> {
  const client = new Client({ connectionString });
  client.on('error', () => undefined); // The database may be stopped meanwhile; the next query tells.
  await client.connect();
  return client;
}

export const LOCK_SEAT = 'SELECT 1 FROM seat WHERE show_id = $1 AND "row" = $2 AND number = $3 FOR UPDATE';
/** Lets sessions lock and read seats, and stops them at their UPDATE. */
export const STOP_WRITES = 'LOCK TABLE seat IN SHARE MODE';
/** Lets sessions read seats, and stops them before they have locked any. */
export const STOP_COMMANDS = 'LOCK TABLE seat IN EXCLUSIVE MODE';
/** Stops reads and commands alike. */
export const STOP_ALL = 'LOCK TABLE seat IN ACCESS EXCLUSIVE MODE';
