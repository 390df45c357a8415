import { Inject, Injectable, OnApplicationShutdown } from '@nestjs/common';
import { Pool } from 'pg';
import { APP_CONFIG } from '../config/app-config';
import { connectionOptions } from './data-source-options';
import type { DatabaseConfig } from './data-source-options';
import { ignore } from './prepared';
import { SharedRead } from './shared-read';

/** Between two health checks the connection stays. */
const IDLE_TIMEOUT_MS = 60_000;
export const PROBE_TIMEOUT_MS = 2_000;

/**
 * Asks the database for a sign of life, on a connection of its own: the answer says how the database is, and not how many
 * requests wait for the connections of the pools. Any number of questions at once are one question.
 */
@Injectable()
export class DatabaseProbe implements OnApplicationShutdown {
  private readonly pool: Pool;
  private readonly shared = new SharedRead((sql: string) => this.pool.query(sql));

  constructor(@Inject(APP_CONFIG) config: DatabaseConfig) {
    this.pool = new Pool({
      ...connectionOptions(config),
      application_name: 'rowlock',
      max: 1,
      idleTimeoutMillis: IDLE_TIMEOUT_MS,
      connectionTimeoutMillis: PROBE_TIMEOUT_MS,
      query_timeout: PROBE_TIMEOUT_MS,
    });
    // A connection that breaks while it is idle is replaced at the next question.
    this.pool.on('error', ignore);
  }

  /** @throws the driver's error when no answer comes within two seconds */
  async ask(): Promise<void> {
    await this.shared.read('SELECT 1');
  }

  onApplicationShutdown(): Promise<void> {
    return this.pool.end();
  }
}
