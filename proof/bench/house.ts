import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import type { DataSource } from 'typeorm';
import { VerificationReport, verifyLedger } from '../../src/ledger/ledger-verifier';
import { newGuest } from '../../src/identity/holder';
import { OwnTokens } from '../../src/identity/own-tokens';
import { startEmbeddedPostgres } from '../../src/embedded-postgres/embedded-postgres';
import { onMaintenanceConnection } from '../../src/platform/database/maintenance';
import { rectangularLayout } from '../../src/shows/show-creation';
import { openDataSource } from '../checkers/ledger-rows';
import { prepare } from '../kit/own-server';
import { TOKEN_SECRET } from './server';

/** Seats per show and shows of the usual house. */
export interface HouseSize {
  readonly shows: number;
  readonly rows: number;
  readonly seatsPerRow: number;
}

/** A PostgreSQL on which databases are made for the measures: the embedded one, or that of DATABASE_URL. */
export interface DatabaseServer {
  readonly version: string;
  readonly fsync: string;
  /** Makes a database with shows on sale. Nothing that was on the server before is touched. */
  open(size: HouseSize): Promise<House>;
  stop(): Promise<void>;
}

/** Someone who can ask for seats. */
export interface Guest {
  readonly id: string;
  readonly token: string;
}

const TOKEN_TTL_SECONDS = 86_400;

/** @throws EmbeddedPostgresError; whatever keeps the database of DATABASE_URL from being reached */
export async function openDatabaseServer(log: (line: string) => void): Promise<DatabaseServer> {
  const given = process.env.DATABASE_URL;
  const dataDir = given ? undefined : await mkdtemp(join(tmpdir(), 'rowlock-bench-'));
  const embedded = dataDir === undefined ? undefined : await startEmbeddedPostgres({ dataDir, log });
  const admin = new Client({ connectionString: embedded?.url ?? given });
  await admin.connect();
  const { rows } = await admin.query("SELECT version(), current_setting('fsync') AS fsync");
  let count = 0;
  return {
    ...(rows[0] as { version: string; fsync: string }),
    open: async (size) => {
      const name = `rowlock_bench_${process.pid}_${++count}`;
      await admin.query(`CREATE DATABASE ${name}`);
      const url = new URL(embedded?.url ?? given!);
      url.pathname = `/${name}`;
      return House.build(url.href, size, () => admin.query(`DROP DATABASE ${name} WITH (FORCE)`));
    },
    stop: async () => {
      await admin.end();
      await embedded?.stop();
      if (dataDir !== undefined) await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** A database with shows, all seats of which are free after {@link reset}. */
export class House {
  private readonly tokens = new OwnTokens(TOKEN_SECRET, [], TOKEN_TTL_SECONDS);

  private constructor(
    readonly databaseUrl: string,
    readonly dataSource: DataSource,
    readonly size: HouseSize,
    readonly showIds: readonly number[],
    private readonly drop: () => Promise<unknown>,
  ) {}

  static async build(databaseUrl: string, size: HouseSize, drop: () => Promise<unknown>): Promise<House> {
    const dataSource = await openDataSource(databaseUrl);
    const [showIds] = await prepare(dataSource, [size]);
    const house = new House(databaseUrl, dataSource, size, showIds!, drop);
    await house.settle();
    return house;
  }

  /** Names of a show's rows. */
  get rows(): string[] {
    return rectangularLayout(this.size.rows, this.size.seatsPerRow).map(({ row }) => row);
  }

  /** Makes every seat free and forgets what was before. */
  async reset(): Promise<void> {
    await onMaintenanceConnection(this.dataSource, async (runner) => {
      await runner.query('TRUNCATE seat, seat_transition, booking, booking_seat, idempotency_record');
      await runner.query(
        `INSERT INTO seat (show_id, "row", number, price)
         SELECT show.id, layout."row", number, show.price
           FROM show JOIN screen ON screen.id = show.screen_id
          CROSS JOIN jsonb_to_recordset(screen.layout) AS layout("row" text, seats integer)
          CROSS JOIN generate_series(1, layout.seats) AS number
          ORDER BY show.id, layout."row" COLLATE "C", number`,
      );
    });
    await this.settle();
  }

  /** So that no round pays for what the one before it left to do. */
  async settle(): Promise<void> {
    await onMaintenanceConnection(this.dataSource, async (runner) => {
      await runner.query('VACUUM ANALYZE');
      await runner.query('CHECKPOINT').catch(() => undefined); // not everybody may
    });
  }

  /** The ledger replay: a benchmark with a violation has no result. @throws when there is one */
  async verify(): Promise<VerificationReport> {
    const report = await verifyLedger(this.dataSource);
    if (report.violations > 0)
      throw new Error(`The ledger does not agree: ${JSON.stringify(report.listed.slice(0, 3))}`);
    return report;
  }

  async guests(count: number): Promise<Guest[]> {
    return Promise.all(
      Array.from({ length: count }, async () => {
        const guest = newGuest();
        return { id: guest.id, token: await this.tokens.issue(guest) };
      }),
    );
  }

  async close(): Promise<void> {
    await this.dataSource.destroy();
    await this.drop();
  }
}
