import { Inject, Injectable, OnApplicationBootstrap } from '@nestjs/common';
import { DataSource, EntityManager } from 'typeorm';
import { APP_CONFIG } from '../../platform/config/app-config';
import type { AppConfig } from '../../platform/config/app-config';
import { sqlState } from '../../platform/database/pg-errors';
import { Jobs } from '../../platform/jobs/jobs';
import { PARTITIONS } from './partitions';

const CLEAN_INTERVAL_MS = 10 * 60 * 1_000;
/** How long keyed commands may queue behind a TRUNCATE that waits for the table. */
const LOCK_TIMEOUT_MS = 100;
const LOCK_NOT_AVAILABLE = '55P03';

/** Empties the partitions of stored answers whose time is over. */
@Injectable()
export class IdempotencyCleaner implements OnApplicationBootstrap {
  constructor(
    private readonly dataSource: DataSource,
    private readonly jobs: Jobs,
    @Inject(APP_CONFIG) private readonly config: Pick<AppConfig, 'idempotency'>,
  ) {}

  onApplicationBootstrap(): void {
    this.jobs.every('idempotency-clean', CLEAN_INTERVAL_MS, (stopping) => this.clean(stopping));
  }

  /** @returns the tables that were emptied. One that is in use is left for the next time. */
  async clean(stopping?: AbortSignal): Promise<string[]> {
    const emptied: string[] = [];
    for (const { slot, table } of PARTITIONS) {
      if (stopping?.aborted) break;
      if ((await this.isOver(slot, this.dataSource.manager)) && (await this.truncate(slot, table))) emptied.push(table);
    }
    return emptied;
  }

  private truncate(slot: number, table: string): Promise<boolean> {
    return this.dataSource
      .transaction(async (manager) => {
        await manager.query(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`);
        await manager.query(`LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`);
        // An instance with another IDEMPOTENCY_TTL_HOURS may have written to it meanwhile.
        if (!(await this.isOver(slot, manager))) return false;
        await manager.query(`TRUNCATE ${table}`);
        return true;
      })
      .catch((error: unknown) => {
        if (sqlState(error) === LOCK_NOT_AVAILABLE) return false;
        throw error;
      });
  }

  /** Whether the partition has rows, and none that is still kept. Looks at the end of an index, however many there are. */
  private async isOver(slot: number, manager: EntityManager): Promise<boolean> {
    const [{ is_over }] = await manager.query<[{ is_over: boolean | null }]>(
      `SELECT max(created_at) < statement_timestamp() - make_interval(hours => $1) AS is_over
         FROM idempotency_record WHERE slot = ${slot}`,
      [this.config.idempotency.ttlHours],
    );
    return is_over === true;
  }
}
