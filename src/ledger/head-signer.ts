import { Inject, Injectable, Logger, OnApplicationBootstrap } from '@nestjs/common';
import { Counter } from 'prom-client';
import { DataSource, EntityManager } from 'typeorm';
import { APP_CONFIG } from '../platform/config/app-config';
import type { AppConfig } from '../platform/config/app-config';
import { onMaintenanceConnection } from '../platform/database/maintenance';
import { Jobs } from '../platform/jobs/jobs';
import { Metrics } from '../platform/metrics/metrics';
import { Seals } from '../platform/seals';
import { ChangedShows } from './changed-shows';
import {
  HeadBuilder,
  headContent,
  headSeats,
  LedgerHead,
  openingContent,
  SeatTip,
  Unsealed,
  UnsealedDigest,
} from './ledger-head';
import { hex, milliseconds, STEP_COLUMNS, StepRow, UNSEALED_SALE_JOINS, unsealedContent } from './ledger-rows';
import { readHeads, readOpening, SealedHead, writeHead, writeOpening } from './stored-heads';

const HOUR_MS = 3_600_000;
/** Every process looks for shows that none has signed, as one that was killed has forgotten which it changed. */
const LOOK_FOR_ALL_MS = HOUR_MS;

/**
 * Signs a head for each show that changed. A head signed over a ledger that has lost steps would hide the loss, so the one
 * before must be a prefix of it: otherwise the show keeps its last honest head, and `verify` tells what is gone.
 *
 * Any number of instances may sign. The lock on a show's head makes a later one speak of later steps.
 */
@Injectable()
export class HeadSigner implements OnApplicationBootstrap {
  private readonly logger = new Logger(HeadSigner.name);
  private readonly signed: Counter;
  private readonly refused: Counter;
  /** Each is logged once. Not longer than the list of shows. */
  private readonly known = new Set<number>();
  private pending = new Set<number>();
  private lookedForAllMs = -Infinity;

  constructor(
    private readonly dataSource: DataSource,
    private readonly seals: Seals,
    private readonly changed: ChangedShows,
    private readonly jobs: Jobs,
    { registry }: Metrics,
    @Inject(APP_CONFIG) private readonly config: Pick<AppConfig, 'ledger'>,
  ) {
    const registers = [registry];
    this.signed = new Counter({ name: 'ledger_heads_signed_total', help: 'Heads of shows signed', registers });
    this.refused = new Counter({
      name: 'ledger_heads_refused_total',
      help: 'Heads not signed, as the ledger no longer has what the head before says',
      registers,
    });
  }

  async onApplicationBootstrap(): Promise<void> {
    if (this.config.ledger.secret === undefined) {
      this.logger.warn(
        'LEDGER_SECRET is not set, so AUTH_JWT_SECRET seals the ledger: keep all its former values, or nobody can verify old rows.',
      );
    }
    // Before the first command: no seal may be older than the opening.
    await this.open();
    this.jobs.every('ledger-heads', this.config.ledger.headIntervalMs, (stopping) => this.round(stopping));
  }

  /** Signs the heads of all shows that changed. */
  async round(stopping?: AbortSignal): Promise<void> {
    await this.open();
    for (const id of this.changed.take()) this.pending.add(id);
    if (performance.now() - this.lookedForAllMs > LOOK_FOR_ALL_MS) {
      for (const id of await this.findBehind()) this.pending.add(id);
      this.lookedForAllMs = performance.now();
    }
    await this.closeWhenDue(stopping);
    let failure: unknown;
    for (const id of this.pending) {
      if (stopping?.aborted) return;
      try {
        await this.sign(id);
        this.pending.delete(id);
      } catch (error) {
        // The next round tries again; meanwhile one show must not keep the others waiting.
        failure = error;
      }
    }
    if (failure !== undefined) throw failure;
  }

  /** Writes down since when the ledger is sealed, once in the life of a database. */
  private async open(): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      if (await readOpening(manager)) return;
      await lock(manager, 'opening');
      if (await readOpening(manager)) return;
      const [{ now_ms: nowMs, has_steps: hasSteps }] = await manager.query<[{ now_ms: number; has_steps: boolean }]>(
        `SELECT ${milliseconds(`date_trunc('milliseconds', clock_timestamp())`)} AS now_ms,
                EXISTS (SELECT FROM seat_transition) AS has_steps`,
      );
      // Instances of a version that seals nothing may still sell. Where nothing was ever sold there are none.
      const unsealedUntilMs = hasSteps ? nowMs + this.config.ledger.upgradeHours * HOUR_MS : nowMs;
      const opening = { openedAtMs: nowMs, unsealedUntilMs, isClosed: !hasSteps, heads: 0 };
      await writeOpening(manager, this.seals, opening);
    });
  }

  /** Once no step without a seal may be added: counts those of every show into its head, so that none can be put in. */
  private async closeWhenDue(stopping?: AbortSignal): Promise<void> {
    const opening = await readOpening(this.dataSource.manager);
    if (!opening || opening.isClosed || opening.unsealedUntilMs > (await clock(this.dataSource.manager))) return;
    const shows = await this.longQuery<{ show_id: number }>(
      'SELECT DISTINCT show_id FROM seat_transition WHERE seal IS NULL',
    );
    for (const { show_id: id } of shows) {
      if (stopping?.aborted || !(await this.sign(id, { countsUnsealed: true }))) return;
    }
    await this.dataSource.transaction(async (manager) => {
      const now = await readOpening(manager, 'FOR UPDATE');
      if (now) await writeOpening(manager, this.seals, { ...now, isClosed: true });
    });
  }

  /** Signs the head of a show, and returns whether it did or need not. */
  private async sign(showId: number, { countsUnsealed = false } = {}): Promise<boolean> {
    const fault = await this.dataSource.transaction(async (manager) => {
      await lock(manager, `head ${showId}`);
      const before = (await readHeads(manager, [showId])).get(showId);
      const tips = await readTips(manager, showId);
      const needsCount = countsUnsealed && !before?.unsealed;
      if (!needsCount && stepsOf(tips) === (before?.steps ?? 0)) return undefined;
      if (before) {
        const broken = await this.faultOf(manager, before);
        if (broken) return broken;
      }
      const unsealed = needsCount ? await countUnsealed(manager, showId) : (before?.unsealed ?? null);
      if (!before && !(await this.countHead(manager))) return 'heads are missing';
      const built = new HeadBuilder();
      for (const tip of tips) built.add(tip);
      await writeHead(manager, this.seals, { showId, signedAtMs: await clock(manager), ...built.finish(), unsealed });
      this.signed.inc();
      return undefined;
    });
    if (fault === undefined) return true;
    this.refused.inc();
    if (!this.known.has(showId))
      this.logger.error(`The head of show ${showId} was not signed: ${fault}. See npm run verify.`);
    this.known.add(showId);
    return false;
  }

  /** Why the ledger can't be signed: it is not what it was, and more. */
  private async faultOf(manager: EntityManager, before: SealedHead): Promise<string | undefined> {
    if (this.seals.check(before.seal, headContent(before)) !== 'right') return 'the head before has a wrong seal';
    const built = new HeadBuilder();
    for (const tip of await readTips(manager, before.showId, before)) built.add(tip);
    const { root } = built.finish();
    return root === before.root ? undefined : 'the ledger no longer has all that the head before says';
  }

  /** Counts one more head, unless some of those counted are gone. */
  private async countHead(manager: EntityManager): Promise<boolean> {
    const opening = await readOpening(manager, 'FOR UPDATE');
    const [{ heads }] = await manager.query<[{ heads: number }]>('SELECT count(*)::int AS heads FROM ledger_head');
    if (!opening || this.seals.check(opening.seal, openingContent(opening)) !== 'right' || heads !== opening.heads)
      return false;
    await writeOpening(manager, this.seals, { ...opening, heads: heads + 1 });
    return true;
  }

  private async findBehind(): Promise<number[]> {
    const rows = await this.longQuery<{ show_id: number }>(
      `SELECT show_id FROM (SELECT show_id, sum(version) AS steps FROM seat WHERE version > 0 GROUP BY show_id) AS now
         LEFT JOIN ledger_head AS head USING (show_id)
        WHERE now.steps <> coalesce(head.steps, 0)`,
    );
    return rows.map(({ show_id }) => show_id);
  }

  /** Reads whole tables, without time limits and beside the pool. */
  private longQuery<Row>(sql: string): Promise<Row[]> {
    return onMaintenanceConnection(this.dataSource, (runner) => runner.manager.query<Row[]>(sql));
  }
}

function stepsOf(tips: readonly SeatTip[]): number {
  return tips.reduce((sum, { version }) => sum + version, 0);
}

/** The seats of a show up to the versions that they have, or that a head gives them, in order. */
function readTips(manager: EntityManager, showId: number, head?: LedgerHead): Promise<SeatTip[]> {
  const seats = head && headSeats(head);
  return manager.query<SeatTip[]>(
    `SELECT seat."row", seat.number, seat.version, ${hex('sealed.seal')} AS seal
       FROM ${
         seats
           ? `unnest($2::text[], $3::int[], $4::int[]) AS seat("row", number, version)`
           : `(SELECT "row", number, version FROM seat WHERE show_id = $1 AND version > 0) AS seat`
       }
      ${seats ? `JOIN seat_transition AS step ON step.show_id = $1 AND (step."row", step.number, step.version) = (seat."row", seat.number, seat.version)` : ''}
       LEFT JOIN LATERAL (SELECT seal FROM seat_transition AS step
                           WHERE step.show_id = $1 AND step."row" = seat."row" AND step.number = seat.number
                             AND step.version <= seat.version AND step.seal IS NOT NULL
                           ORDER BY step.version DESC LIMIT 1) AS sealed ON true
      ORDER BY seat."row" COLLATE "C", seat.number`,
    [
      showId,
      ...(seats
        ? [seats.map(({ row }) => row), seats.map(({ number }) => number), seats.map(({ version }) => version)]
        : []),
    ],
  );
}

async function countUnsealed(manager: EntityManager, showId: number): Promise<Unsealed> {
  const rows = await manager.query<StepRow[]>(
    `SELECT step."row", step.number, ${STEP_COLUMNS} FROM seat_transition AS step ${UNSEALED_SALE_JOINS}
      WHERE step.show_id = $1 AND step.seal IS NULL ORDER BY step."row", step.number, step.version`,
    [showId],
  );
  const digest = new UnsealedDigest();
  for (const row of rows) digest.add(unsealedContent(row));
  return digest.finish();
}

async function clock(manager: EntityManager): Promise<number> {
  const [{ now_ms }] = await manager.query<[{ now_ms: number }]>(
    `SELECT ${milliseconds(`date_trunc('milliseconds', clock_timestamp())`)} AS now_ms`,
  );
  return now_ms;
}

/** Until the end of the transaction. */
async function lock(manager: EntityManager, name: string): Promise<void> {
  await manager.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`rowlock: ledger ${name}`]);
}
