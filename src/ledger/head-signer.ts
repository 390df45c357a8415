import { Inject, Injectable, Logger, OnApplicationBootstrap } from '@nestjs/common';
import { Counter } from 'prom-client';
import { DataSource, EntityManager } from 'typeorm';
import { APP_CONFIG } from '../platform/config/app-config';
import type { AppConfig } from '../platform/config/app-config';
import { onMaintenanceConnection } from '../platform/database/maintenance';
import { milliseconds } from '../platform/instant';
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
import { hex, STEP_COLUMNS, StepRow, UNSEALED_SALE_JOINS, unsealedContent } from './ledger-rows';
import { readHeads, readOpening, SealedHead, writeHeads, writeOpening } from './stored-heads';

const HOUR_MS = 3_600_000;
/** Of one transaction, or those of a single show. */
const BATCH_SEATS_MAX = 5_000;
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
    await this.signPending(stopping);
  }

  private async signPending(stopping?: AbortSignal): Promise<void> {
    let failure: unknown;
    const batches = await this.batches([...this.pending]);
    // Shows that could not be signed together are put behind, one by one: none must keep the others waiting.
    for (const batch of batches) {
      if (stopping?.aborted) return;
      try {
        await this.sign(batch);
        for (const id of batch) this.pending.delete(id);
      } catch (error) {
        // What fails by itself is tried again in the next round.
        if (batch.length > 1) batches.push(...batch.map((id) => [id]));
        else failure = error;
      }
    }
    if (failure !== undefined) throw failure;
  }

  /** Shows that go together: a transaction for each of thousands would take the server's time from its clients. */
  private async batches(showIds: readonly number[]): Promise<number[][]> {
    if (showIds.length === 0) return [];
    const shows = await this.longQuery<{ show_id: number; seats: number }>(
      `SELECT asked.show_id, (SELECT count(*)::int FROM seat WHERE seat.show_id = asked.show_id AND version > 0) AS seats
         FROM unnest($1::int[]) AS asked(show_id) ORDER BY show_id`,
      [showIds],
    );
    const batches: number[][] = [];
    let room = 0;
    for (const { show_id: id, seats } of shows) {
      const [batch] = room >= seats ? batches.slice(-1) : [];
      if (batch) batch.push(id);
      else batches.push([id]);
      room = (batch ? room : BATCH_SEATS_MAX) - seats;
    }
    return batches;
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
      if (stopping?.aborted || !(await this.sign([id], { countsUnsealed: true }))) return;
    }
    await this.dataSource.transaction(async (manager) => {
      const now = await readOpening(manager, 'FOR UPDATE');
      if (now) await writeOpening(manager, this.seals, { ...now, isClosed: true });
    });
  }

  /** Signs the heads of shows, in the order of their ids, and returns whether it did or need not. */
  private async sign(showIds: readonly number[], { countsUnsealed = false } = {}): Promise<boolean> {
    const faults = await this.dataSource.transaction(async (manager) => {
      await lock(manager, ...showIds.map((id) => `head ${id}`));
      const before = await readHeads(manager, showIds);
      const tips = await readTips(manager, showIds);
      const needsCount = (id: number) => countsUnsealed && !before.get(id)?.unsealed;
      const isBehind = (id: number) => stepsOf(tips.get(id)) !== (before.get(id)?.steps ?? 0);
      const due = showIds.filter((id) => needsCount(id) || isBehind(id));
      const faults = await this.faultsOf(
        manager,
        due.flatMap((id) => before.get(id) ?? []),
      );
      const isNew = (id: number) => !before.has(id);
      if (!(await this.countHeads(manager, due.filter(isNew).length)))
        for (const id of due.filter(isNew)) faults.set(id, 'heads are missing');
      const sound = due.filter((id) => !faults.has(id));
      const signedAtMs = await clock(manager);
      const heads: LedgerHead[] = [];
      for (const showId of sound) {
        const unsealed = needsCount(showId)
          ? await countUnsealed(manager, showId)
          : (before.get(showId)?.unsealed ?? null);
        heads.push({ showId, signedAtMs, ...builtOf(tips.get(showId)), unsealed });
      }
      await writeHeads(manager, this.seals, heads);
      this.signed.inc(heads.length);
      return faults;
    });
    for (const [showId, fault] of faults) {
      this.refused.inc();
      if (!this.known.has(showId))
        this.logger.error(`The head of show ${showId} was not signed: ${fault}. See npm run verify.`);
      this.known.add(showId);
    }
    return faults.size === 0;
  }

  /** Why the ledgers of some shows can't be signed: they are not what they were, and more. */
  private async faultsOf(manager: EntityManager, before: readonly SealedHead[]): Promise<Map<number, string>> {
    const faults = new Map<number, string>();
    const tips = await readTipsOf(manager, before);
    for (const head of before) {
      const { showId, root, seal } = head;
      if (this.seals.check(seal, headContent(head)) !== 'right') faults.set(showId, 'the head before has a wrong seal');
      else if (builtOf(tips.get(showId)).root !== root)
        faults.set(showId, 'the ledger no longer has all that the head before says');
    }
    return faults;
  }

  /** Counts so many more heads, unless some of those counted are gone. */
  private async countHeads(manager: EntityManager, more: number): Promise<boolean> {
    if (more === 0) return true;
    const opening = await readOpening(manager, 'FOR UPDATE');
    const [{ heads }] = await manager.query<[{ heads: number }]>('SELECT count(*)::int AS heads FROM ledger_head');
    if (!opening || this.seals.check(opening.seal, openingContent(opening)) !== 'right' || heads !== opening.heads)
      return false;
    await writeOpening(manager, this.seals, { ...opening, heads: heads + more });
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
  private longQuery<Row>(sql: string, parameters: unknown[] = []): Promise<Row[]> {
    return onMaintenanceConnection(this.dataSource, (runner) => runner.manager.query<Row[]>(sql, parameters));
  }
}

type ShowTips = ReadonlyMap<number, readonly SeatTip[]>;

function stepsOf(tips: readonly SeatTip[] = []): number {
  return tips.reduce((sum, { version }) => sum + version, 0);
}

function builtOf(tips: readonly SeatTip[] = []) {
  const built = new HeadBuilder();
  for (const tip of tips) built.add(tip);
  return built.finish();
}

/** The seats of shows up to the versions that they have. */
function readTips(manager: EntityManager, showIds: readonly number[]): Promise<ShowTips> {
  return tipsOf(
    manager,
    '(SELECT show_id, "row", number, version FROM seat WHERE show_id = ANY($1::int[]) AND version > 0) AS seat',
    [showIds],
  );
}

/** The seats of shows up to the versions that heads give them. A step that is gone is left out. */
function readTipsOf(manager: EntityManager, heads: readonly SealedHead[]): Promise<ShowTips> {
  const seats = heads.flatMap((head) => headSeats(head).map((seat) => ({ ...seat, showId: head.showId })));
  return tipsOf(
    manager,
    `unnest($1::int[], $2::text[], $3::int[], $4::int[]) AS seat(show_id, "row", number, version)
       JOIN seat_transition AS step USING (show_id, "row", number, version)`,
    [
      seats.map(({ showId }) => showId),
      seats.map(({ row }) => row),
      seats.map(({ number }) => number),
      seats.map(({ version }) => version),
    ],
  );
}

/** By show, and there by row and number. @param seats show_id, row, number and version of `seat`, for the FROM clause */
async function tipsOf(manager: EntityManager, seats: string, parameters: unknown[]): Promise<ShowTips> {
  const rows = await manager.query<(SeatTip & { show_id: number })[]>(
    `SELECT seat.show_id, seat."row", seat.number, seat.version, ${hex('sealed.seal')} AS seal
       FROM ${seats}
       LEFT JOIN LATERAL (SELECT seal FROM seat_transition AS step
                           WHERE step.show_id = seat.show_id AND step."row" = seat."row" AND step.number = seat.number
                             AND step.version <= seat.version AND step.seal IS NOT NULL
                           ORDER BY step.version DESC LIMIT 1) AS sealed ON true
      ORDER BY seat.show_id, seat."row" COLLATE "C", seat.number`,
    parameters,
  );
  const tips = new Map<number, SeatTip[]>();
  for (const row of rows) {
    const ofShow = tips.get(row.show_id);
    if (ofShow) ofShow.push(row);
    else tips.set(row.show_id, [row]);
  }
  return tips;
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

/** Until the end of the transaction. Everybody takes several in one order. */
async function lock(manager: EntityManager, ...names: string[]): Promise<void> {
  await manager.query(
    'SELECT count(pg_advisory_xact_lock(hashtextextended(name, 0))) FROM unnest($1::text[]) AS name',
    [names.map((name) => `rowlock: ledger ${name}`)],
  );
}
