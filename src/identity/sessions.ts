import { randomUUID } from 'node:crypto';
import { Inject, Injectable, OnApplicationBootstrap } from '@nestjs/common';
import { errors } from 'jose';
import { Counter } from 'prom-client';
import { DataSource, EntityManager } from 'typeorm';
import { APP_CONFIG } from '../platform/config/app-config';
import type { AppConfig } from '../platform/config/app-config';
import { Jobs } from '../platform/jobs/jobs';
import { Metrics } from '../platform/metrics/metrics';
import { Problem } from '../platform/problem/problem';
import { AccessTokenService } from './access-token.service';
import type { Holder, OwnHolder } from './holder';
import { OwnKeys } from './own-keys';
import { RefreshClaims, RefreshTokens } from './refresh-tokens';
import { RevocationLog } from './revocation-log';
import { EVERY_TOKEN, Revocations, sessionSubject } from './revocations';
import { UsersService } from './users.service';

/** Of one refresh sent twice: a lost answer, or two tabs. Later, the token must have been copied. */
const GRACE_MS = 10_000;
const DAY_SECONDS = 86_400;
const CLEAN_INTERVAL_MS = 10 * 60 * 1_000;
const BATCH_SIZE = 1_000;

/** The tokens that begin or go on with a session. */
export interface IssuedTokens {
  readonly holder: OwnHolder;
  readonly accessToken: string;
  /** Undefined where the settings give none to such holders. */
  readonly refresh?: { readonly token: string; readonly expiresInSeconds: number };
}

interface SessionRow {
  rotation: number;
  /** Unix time. */
  rotated_ms: string;
  is_over: boolean;
  is_fresh: boolean;
}

const ROTATED_MS = 'round(extract(epoch FROM rotated_at) * 1000) AS rotated_ms';

/**
 * Sessions: an access token that soon ends, and a refresh token that gives the next pair and is used up by it. A used one that
 * comes again ends the session, as either its owner or somebody else has a copy. A guest's session costs no row until then.
 */
@Injectable()
export class Sessions implements OnApplicationBootstrap {
  private readonly refreshTokens: RefreshTokens;
  private readonly refreshes: Counter<'outcome'>;

  constructor(
    private readonly dataSource: DataSource,
    private readonly accessTokens: AccessTokenService,
    private readonly users: UsersService,
    private readonly revocations: Revocations,
    private readonly log: RevocationLog,
    private readonly jobs: Jobs,
    { registry }: Metrics,
    @Inject(APP_CONFIG) private readonly config: Pick<AppConfig, 'auth'>,
  ) {
    this.refreshTokens = new RefreshTokens(new OwnKeys(config.auth.jwtSecret, config.auth.jwtPreviousSecrets));
    this.refreshes = new Counter({
      name: 'rowlock_token_refreshes_total',
      help: 'Refreshed tokens by what became of them',
      labelNames: ['outcome'],
      registers: [registry],
    });
  }

  onApplicationBootstrap(): void {
    this.jobs.every('session-clean', CLEAN_INTERVAL_MS, (stopping) => this.clean(stopping));
  }

  /** Begins a session. */
  async open(holder: OwnHolder): Promise<IssuedTokens> {
    const sessionId = holder.sessionId ?? randomUUID();
    const ttlSeconds = this.ttlSeconds(holder);
    if (holder.kind === 'user' && ttlSeconds > 0) await this.store(holder.id, sessionId, ttlSeconds);
    return this.issue({ ...holder, sessionId }, { rotation: 0, issuedAtMs: Date.now() });
  }

  /** @throws Problem SESSION_ENDED */
  async refresh(token: string): Promise<IssuedTokens> {
    const claims = await this.verified(token);
    const rotated = await this.rotate(claims);
    const holder =
      claims.holder.kind === 'user'
        ? await this.users.find(claims.holder.id)
        : { ...claims.holder, kind: 'guest' as const };
    // A session that a login began while the password changed.
    if (!holder || holder.tokenVersion !== claims.holder.tokenVersion) throw this.refused('refused');
    return this.issue({ ...holder, sessionId: claims.sessionId }, rotated);
  }

  /** Ends the session of a token: its refresh tokens at once, its access tokens here at once and elsewhere within a second. */
  async end(holder: Pick<Holder, 'id' | 'kind' | 'sessionId'>): Promise<void> {
    const { sessionId } = holder;
    if (sessionId === undefined) return;
    const revocation = await this.dataSource.transaction(async (manager) => {
      if (holder.kind === 'guest') await this.endGuest(manager, sessionId, holder.id);
      else await manager.query('DELETE FROM session WHERE id = $1 AND holder_id = $2', [sessionId, holder.id]);
      return this.log.write(manager, sessionSubject(sessionId), EVERY_TOKEN);
    });
    this.revocations.add(revocation);
  }

  /** Ends a guest's session, as part of a transaction. The row stays: without it the first refresh token would be good again. */
  async endGuest(manager: EntityManager, id: string, holderId: string): Promise<void> {
    await manager.query(
      `INSERT INTO session (id, holder_id, rotation, rotated_at, expires_at, ended_at)
       VALUES ($1, $2, 0, clock_timestamp(), clock_timestamp() + make_interval(secs => $3), clock_timestamp())
       ON CONFLICT (id) DO UPDATE SET ended_at = coalesce(session.ended_at, excluded.ended_at)
         WHERE session.holder_id = excluded.holder_id`,
      [id, holderId, this.ttlSeconds({ kind: 'guest' })],
    );
  }

  /** Ends all sessions of a user, as part of a transaction. */
  async endAll(manager: EntityManager, userId: string): Promise<void> {
    await manager.query('DELETE FROM session WHERE holder_id = $1', [userId]);
  }

  /** Deletes what is past its time, batch by batch until `stopping` is aborted, and returns how many rows. */
  async clean(stopping?: AbortSignal): Promise<number> {
    let total = 0;
    for (const [table, key] of [
      ['session', 'id'],
      ['token_revocation', 'subject'],
    ]) {
      for (;;) {
        const [, deleted] = await this.dataSource.query<[unknown[], number]>(
          `DELETE FROM ${table} WHERE ${key} IN
             (SELECT ${key} FROM ${table} WHERE expires_at < statement_timestamp() ORDER BY expires_at LIMIT $1)`,
          [BATCH_SIZE],
        );
        total += deleted;
        if (deleted < BATCH_SIZE || stopping?.aborted) break;
      }
    }
    return total;
  }

  private async verified(token: string): Promise<RefreshClaims> {
    try {
      const claims = await this.refreshTokens.verify(token);
      // A lifetime that was shortened binds the tokens of before as well.
      if (claims.issuedAtMs + this.ttlSeconds(claims.holder) * 1_000 <= Date.now())
        throw new errors.JWTExpired('too old', {});
      return claims;
    } catch {
      throw this.refused('refused');
    }
  }

  /**
   * Uses the token up. One statement decides which of two refreshes comes first; the other finds its successor there. A token
   * ahead of its session was issued before the database was set back to an earlier state, and is good.
   */
  private async rotate(claims: RefreshClaims): Promise<{ rotation: number; issuedAtMs: number }> {
    const { holder, sessionId, rotation } = claims;
    const ttlSeconds = this.ttlSeconds(holder);
    const [taken] = await this.dataSource.query<[SessionRow[], number]>(
      `UPDATE session SET rotation = $3 + 1, rotated_at = statement_timestamp(),
              expires_at = greatest(expires_at, statement_timestamp() + make_interval(secs => $4))
        WHERE id = $1 AND holder_id = $2 AND rotation <= $3 AND ended_at IS NULL AND expires_at > statement_timestamp()
       RETURNING rotation, ${ROTATED_MS}`,
      [sessionId, holder.id, rotation, ttlSeconds],
    );
    if (taken[0]) return this.rotated('rotated', taken[0]);
    if (holder.kind === 'guest') {
      const begun = await this.dataSource.query<SessionRow[]>(
        `INSERT INTO session (id, holder_id, rotation, rotated_at, expires_at)
         VALUES ($1, $2, $3 + 1, statement_timestamp(), statement_timestamp() + make_interval(secs => $4))
         ON CONFLICT (id) DO NOTHING RETURNING rotation, ${ROTATED_MS}`,
        [sessionId, holder.id, rotation, ttlSeconds],
      );
      if (begun[0]) return this.rotated('rotated', begun[0]);
    }
    const [session] = await this.dataSource.query<SessionRow[]>(
      `SELECT rotation, ${ROTATED_MS}, ended_at IS NOT NULL OR expires_at <= statement_timestamp() AS is_over,
              rotated_at > statement_timestamp() - make_interval(secs => $3) AS is_fresh
         FROM session WHERE id = $1 AND holder_id = $2`,
      [sessionId, holder.id, GRACE_MS / 1_000],
    );
    if (!session || session.is_over) throw this.refused('refused');
    if (session.rotation === rotation + 1 && session.is_fresh) return this.rotated('repeated', session);
    await this.end({ ...holder, sessionId });
    throw this.refused('reused', 'The refresh token was used before, so its session has been ended.');
  }

  private rotated(outcome: string, { rotation, rotated_ms: rotatedMs }: SessionRow) {
    this.refreshes.inc({ outcome });
    return { rotation, issuedAtMs: Number(rotatedMs) };
  }

  private refused(outcome: string, detail?: string): Problem {
    this.refreshes.inc({ outcome });
    return new Problem('SESSION_ENDED', detail === undefined ? {} : { detail }, { reason: outcome });
  }

  private async store(holderId: string, sessionId: string, ttlSeconds: number): Promise<void> {
    await this.dataSource.query(
      `INSERT INTO session (id, holder_id, rotation, rotated_at, expires_at)
       VALUES ($1, $2, 0, statement_timestamp(), statement_timestamp() + make_interval(secs => $3))`,
      [sessionId, holderId, ttlSeconds],
    );
    // Behind the commit of the own row, so that of logins at once the last one sees them all.
    await this.dataSource.query(
      `DELETE FROM session WHERE id IN
         (SELECT id FROM session WHERE holder_id = $1 ORDER BY rotated_at DESC, id OFFSET $2)`,
      [holderId, this.config.auth.maxSessionsPerUser],
    );
  }

  private async issue(
    holder: OwnHolder & { sessionId: string },
    { rotation, issuedAtMs }: Pick<RefreshClaims, 'rotation' | 'issuedAtMs'>,
  ): Promise<IssuedTokens> {
    const ttlSeconds = this.ttlSeconds(holder);
    const accessToken = await this.accessTokens.issue(holder);
    if (ttlSeconds === 0) return { holder, accessToken };
    const token = await this.refreshTokens.issue(
      { holder, sessionId: holder.sessionId, rotation, issuedAtMs },
      ttlSeconds,
    );
    return { holder, accessToken, refresh: { token, expiresInSeconds: ttlSeconds } };
  }

  private ttlSeconds({ kind }: Pick<OwnHolder, 'kind'>): number {
    const { refreshTtlDays, guestRefreshTtlDays } = this.config.auth;
    return (kind === 'guest' ? guestRefreshTtlDays : refreshTtlDays) * DAY_SECONDS;
  }
}
