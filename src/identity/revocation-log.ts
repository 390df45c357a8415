import { Inject, Injectable, OnApplicationBootstrap } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { DataSource, EntityManager } from 'typeorm';
import { APP_CONFIG } from '../platform/config/app-config';
import type { AppConfig } from '../platform/config/app-config';
import { Jobs } from '../platform/jobs/jobs';
import { Metrics } from '../platform/metrics/metrics';
import { Revocation, Revocations } from './revocations';

/** Within how long every instance refuses what one has withdrawn, as long as the database answers. */
const POLL_INTERVAL_MS = 1_000;
/**
 * A row is visible from its commit on, later than its `revoked_at`, by at most a statement's time limit and some. Every poll
 * reads so far back.
 */
const OVERLAP_SECONDS = 30;
const ROWS_MAX = 100_000;
/** Tokens from before a shorter lifetime was set, or of version 0.1, live for up to a day. */
const FORMER_TTL_SECONDS = 86_400;
/** A token can be issued while its withdrawal commits. */
const MARGIN_SECONDS = 600;

/**
 * Withdraws access tokens in the database, from which every instance reads them once a second: polling needs no connection
 * of its own, and nothing is lost while an instance is cut off.
 */
@Injectable()
export class RevocationLog implements OnApplicationBootstrap {
  private readonly keptSeconds: number;
  private readSince: string | undefined;

  constructor(
    private readonly dataSource: DataSource,
    private readonly revocations: Revocations,
    private readonly jobs: Jobs,
    { registry }: Metrics,
    @Inject(APP_CONFIG) { auth }: Pick<AppConfig, 'auth'>,
  ) {
    this.keptSeconds = Math.max(auth.tokenTtlSeconds, FORMER_TTL_SECONDS) + MARGIN_SECONDS;
    new Gauge({
      name: 'rowlock_revocations',
      help: 'Withdrawn sessions and holders whose access tokens could still be presented',
      registers: [registry],
      collect() {
        this.set(revocations.size);
      },
    });
  }

  /** No request is answered before what was withdrawn is known. */
  async onApplicationBootstrap(): Promise<void> {
    this.jobs.every('revocations', POLL_INTERVAL_MS, () => this.read());
    await this.read();
  }

  /** Writes the withdrawal, as part of a transaction. This instance refuses from its commit on: see {@link Revocations.add}. */
  async write(manager: EntityManager, subject: string, minVersion: number): Promise<Revocation> {
    const [{ until }] = await manager.query<[{ until: string }]>(
      `INSERT INTO token_revocation (subject, min_version, revoked_at, expires_at)
       VALUES ($1, $2, clock_timestamp(), clock_timestamp() + make_interval(secs => $3))
       ON CONFLICT (subject) DO UPDATE SET min_version = greatest(token_revocation.min_version, excluded.min_version),
         revoked_at = excluded.revoked_at, expires_at = excluded.expires_at
       RETURNING round(extract(epoch FROM expires_at) * 1000) AS until`,
      [subject, minVersion, this.keptSeconds],
    );
    return { subject, minVersion, expiresAtMs: Number(until) };
  }

  /** Reads what was withdrawn since the last time. */
  async read(): Promise<void> {
    const rows = await this.dataSource.query<{ subject: string; min_version: number; until: string; at: string }[]>(
      `SELECT subject, min_version, round(extract(epoch FROM expires_at) * 1000) AS until, revoked_at::text AS at
         FROM token_revocation
        WHERE revoked_at > coalesce($1::timestamptz - make_interval(secs => $2), '-infinity')
          AND expires_at > statement_timestamp()
        ORDER BY revoked_at DESC LIMIT $3`,
      [this.readSince ?? null, OVERLAP_SECONDS, ROWS_MAX],
    );
    // The oldest first, as it is the first to be forgotten.
    for (const { subject, min_version: minVersion, until } of rows.reverse())
      this.revocations.add({ subject, minVersion, expiresAtMs: Number(until) });
    this.readSince = rows.at(-1)?.at ?? this.readSince;
    this.revocations.forget(Date.now());
  }
}
