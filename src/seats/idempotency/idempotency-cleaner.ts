import { Inject, Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { DataSource } from 'typeorm';
import { APP_CONFIG } from '../../platform/config/app-config';
import type { AppConfig } from '../../platform/config/app-config';

const CLEAN_INTERVAL_MS = 10 * 60 * 1_000;
const BATCH_SIZE = 1_000;

/** Forgets stored answers once their time is over, in batches small enough to disturb nobody. */
@Injectable()
export class IdempotencyCleaner {
  private readonly logger = new Logger(IdempotencyCleaner.name);

  constructor(
    private readonly dataSource: DataSource,
    @Inject(APP_CONFIG) private readonly config: Pick<AppConfig, 'idempotency'>,
  ) {}

  @Interval('idempotency-clean', CLEAN_INTERVAL_MS)
  async run(): Promise<void> {
    try {
      await this.clean();
    } catch (error) {
      this.logger.warn(`Cleaning up stored answers was given up, the next round tries again: ${String(error)}`);
    }
  }

  /** Deletes the records that are past their time and returns how many. */
  async clean(): Promise<number> {
    let total = 0;
    for (;;) {
      const [, deleted] = await this.dataSource.query<[unknown[], number]>(
        `DELETE FROM idempotency_record WHERE (holder_id, key) IN (
           SELECT holder_id, key FROM idempotency_record
            WHERE created_at < statement_timestamp() - make_interval(hours => $1)
            ORDER BY created_at LIMIT $2)`,
        [this.config.idempotency.ttlHours, BATCH_SIZE],
      );
      total += deleted;
      if (deleted < BATCH_SIZE) return total;
    }
  }
}
