import { Logger } from '@nestjs/common';
import type { ClientConfig } from 'pg';
import type { DataSourceOptions } from 'typeorm';
import type { AppConfig } from '../config/app-config';

export type DatabaseConfig = Pick<
  AppConfig,
  | 'DATABASE_URL'
  | 'DATABASE_SSL'
  | 'DATABASE_POOL_MAX'
  | 'DATABASE_CONNECT_TIMEOUT_MS'
  | 'LOCK_TIMEOUT_MS'
  | 'STATEMENT_TIMEOUT_MS'
  | 'IDLE_IN_TRANSACTION_TIMEOUT_MS'
>;

export type Schema = Pick<DataSourceOptions, 'entities' | 'migrations'>;

const logger = new Logger('Database');

/** How `pg` reaches the database, for a connection outside TypeORM's pool. */
export function connectionOptions(config: DatabaseConfig): ClientConfig {
  return {
    connectionString: config.DATABASE_URL,
    ...ssl(config),
    connectionTimeoutMillis: config.DATABASE_CONNECT_TIMEOUT_MS,
    keepAlive: true,
  };
}

function ssl({ DATABASE_SSL }: DatabaseConfig): { ssl?: { rejectUnauthorized: boolean } } {
  return DATABASE_SSL === 'url' ? {} : { ssl: { rejectUnauthorized: DATABASE_SSL === 'verify' } };
}

/** How TypeORM reaches the database: every wait is bounded on every connection. */
export function dataSourceOptions(config: DatabaseConfig, schema: Schema): DataSourceOptions {
  return {
    type: 'postgres',
    url: config.DATABASE_URL,
    ...ssl(config),
    ...schema,
    synchronize: false,
    migrationsRun: false,
    // Failed statements are reported by whoever handles them; an expected lock timeout is no news.
    logging: ['warn', 'migration'],
    // An idle connection that breaks is replaced at the next use.
    poolErrorHandler: (error: Error) => logger.warn(`An idle connection was lost: ${error.message}`),
    // Needs no superuser.
    installExtensions: false,
    applicationName: 'rowlock',
    poolSize: config.DATABASE_POOL_MAX,
    connectTimeoutMS: config.DATABASE_CONNECT_TIMEOUT_MS,
    extra: {
      // Statements of a transaction travel together; see PipelinedTransaction.
      pipeline: true,
      keepAlive: true,
      lock_timeout: config.LOCK_TIMEOUT_MS,
      statement_timeout: config.STATEMENT_TIMEOUT_MS,
      idle_in_transaction_session_timeout: config.IDLE_IN_TRANSACTION_TIMEOUT_MS,
      // The server's own limit comes first, unless it can't be heard: then the driver gives the connection up.
      query_timeout: config.STATEMENT_TIMEOUT_MS + 1_000,
    },
  };
}
