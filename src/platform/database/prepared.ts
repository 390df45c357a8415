import type { PoolClient, QueryResultRow } from 'pg';
import type { DataSource } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { isConnectionFailure } from './pg-errors';

const names = new Map<string, string>();

/**
 * The name of a text's prepared statement, the same on every connection: PostgreSQL parses it once there, and plans it a few
 * times at most.
 *
 * @param text constant: every text is kept, here and on every connection
 */
export function statementName(text: string): string {
  let name = names.get(text);
  if (name === undefined) names.set(text, (name = `rowlock_${names.size + 1}`));
  return name;
}

/** Runs one statement by itself on a connection of TypeORM's pool. @param text see {@link statementName} */
export async function queryPrepared<Row extends QueryResultRow>(
  dataSource: DataSource,
  text: string,
  values: unknown[],
): Promise<Row[]> {
  const { client, giveBack } = await lease(dataSource);
  let failure: unknown;
  try {
    const { rows } = await client.query<Row>({ name: statementName(text), text, values });
    return rows;
  } catch (error) {
    failure = error;
    throw error;
  } finally {
    giveBack(isConnectionFailure(failure) ? failure : undefined);
  }
}

/** A connection of TypeORM's pool, for as long as it is not given back. */
export interface Lease {
  readonly client: PoolClient;
  /** To be called once. @param brokenBy the error that broke the connection: it leaves the pool */
  readonly giveBack: (brokenBy?: unknown) => void;
}

export async function lease(dataSource: DataSource): Promise<Lease> {
  const connection = await (dataSource.driver as PostgresDriver).obtainMasterConnection();
  const [client, release] = connection as [PoolClient, (brokenBy?: unknown) => void];
  // The pool listens for errors of idle connections only. An error event without a listener would end the process.
  client.on('error', ignore);
  return {
    client,
    giveBack: (brokenBy) => {
      client.off('error', ignore);
      release(brokenBy);
    },
  };
}

export function ignore(): void {
  // The statements under way fail with the same error, and the caller hears of it through them.
}
