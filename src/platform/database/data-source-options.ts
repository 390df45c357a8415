import { Logger } from '@nestjs/common';
import type { ClientConfig } from 'pg';
import type { DataSourceOptions } from 'typeorm';
import type { AppConfig } from '../config/app-config';

export type DatabaseConfig = Pick<AppConfig, 'database'>;

export type Schema = Pick<DataSourceOptions, 'entities' | 'migrations'>;

const logger = new Logger('Database');

/** How `pg` reaches the database, for a connection outside TypeORM's pool. */
export function connectionOptions({ database }: DatabaseConfig): ClientConfig {
  return {
    ...session(database.url),
    ...ssl(database),
    connectionTimeoutMillis: database.connectTimeoutMs,
    keepAlive: true,
  };
}

/**
 * The address, and the session settings that the driver and our statements depend on: a database or a role may have others
 * by default. `options` of the address would replace ours in the driver, so they travel with them.
 */
function session(url = ''): { connectionString: string; options: string } {
  const theirs = /(?<=[?&])options=([^&#]*)&?/.exec(url);
  const own = Object.entries(SESSION_SETTINGS).map(([name, value]) => `-c ${name}=${value}`);
  return {
    connectionString: theirs ? url.replace(theirs[0], '') : url,
    // PostgreSQL takes the last value of a setting.
    options: [...(theirs ? [decodeURIComponent(theirs[1]!.replaceAll('+', ' '))] : []), ...own].join(' '),
  };
}

const SESSION_SETTINGS = {
  // The driver reads no other dates.
  DateStyle: 'ISO',
  // Instants come as float8 of milliseconds: all their digits.
  extra_float_digits: 1,
  // A null in an array parameter is NULL, not a text of four letters.
  array_nulls: 'on',
} as const;

function ssl({ ssl }: AppConfig['database']): { ssl?: { rejectUnauthorized: boolean } } {
  return ssl === 'url' ? {} : { ssl: { rejectUnauthorized: ssl === 'verify' } };
}

/** How many connections a pool may have, and how long a statement on them may take. */
export interface PoolBounds {
  readonly poolSize: number;
  readonly statementTimeoutMs: number;
}

/** How TypeORM reaches the database: every wait is bounded on every connection. */
export function dataSourceOptions(
  { database }: DatabaseConfig,
  schema: Schema,
  { poolSize = database.poolMax, statementTimeoutMs = database.statementTimeoutMs }: Partial<PoolBounds> = {},
): DataSourceOptions {
  return {
    type: 'postgres',
    url: database.url,
    ...ssl(database),
    ...schema,
    synchronize: false,
    migrationsRun: false,
    // The code that handles a failed statement reports it, if it is news: an expected lock timeout is none.
    logging: ['warn', 'migration'],
    // An idle connection that breaks is replaced at the next use.
    poolErrorHandler: (error: Error) => logger.warn(`An idle connection was lost: ${error.message}`),
    // Needs no superuser.
    installExtensions: false,
    applicationName: 'rowlock',
    poolSize,
    connectTimeoutMS: database.connectTimeoutMs,
    extra: {
      ...session(database.url),
      // Statements of a transaction travel together; see PipelinedTransaction.
      pipeline: true,
      keepAlive: true,
      lock_timeout: database.lockTimeoutMs,
      statement_timeout: statementTimeoutMs,
      idle_in_transaction_session_timeout: database.idleInTransactionTimeoutMs,
      // PostgreSQL's own limit comes first. If its answer does not arrive, the driver gives the connection up.
      query_timeout: statementTimeoutMs + 1_000,
    },
  };
}
