import { Inject, Injectable, OnApplicationBootstrap } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { APP_CONFIG } from '../../platform/config/app-config';
import type { AppConfig } from '../../platform/config/app-config';
import { Jobs } from '../../platform/jobs/jobs';

const CLEAN_INTERVAL_MS = 10 * 60 * 1_000;
const BATCH_SIZE = 1_000;

/** Deletes stored answers once their time is over, in batches so small that no command waits for them. */
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

  /** Deletes the records that are past their time, batch by batch until `stopping` is aborted, and returns how many. */
  async clean(stopping?: AbortSignal): Promise<number> {
    let total = 0;
    for (;;) {
      const [, deleted] = await this.dataSource.query<[unknown[], number]>(
        `DELETE FROM idempotency_record WHERE (show_id, holder_id, key) IN (
           SELECT show_id, holder_id, key FROM idempotency_record
            WHERE created_at < statement_timestamp() - make_interval(hours => $1)
            ORDER BY created_at LIMIT $2)`,
        [this.config.idempotency.ttlHours, BATCH_SIZE],
      );
      total += deleted;
      if (deleted < BATCH_SIZE || stopping?.aborted) return total;
    }
  }
}
