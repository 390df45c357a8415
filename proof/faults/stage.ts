import { once } from 'node:events';
import { createServer } from 'node:net';
import { Client } from 'pg';
import { BenchServer, startServer } from '../bench/server';
import { openDataSource } from '../checkers/ledger-rows';
import { prepare, ShowPlan } from '../kit/own-server';
import { Proxy, startProxy } from '../kit/proxy';
import { until } from '../kit/until';
import { Instances } from './instances';
import { OwnDatabase, query } from './own-database';

/** A server of production, of which several may stand side by side. */
export interface App extends BenchServer {
  readonly url: string;
}

/** A database of one's own, with shows. */
export interface House {
  readonly url: string;
  /** For each part of the plan. */
  readonly showIds: readonly (readonly number[])[];
}

/** Somebody else's session that stands in the way. */
export interface Blocker {
  release(): Promise<void>;
}

/** Kept quiet: what goes wrong here goes wrong on purpose. */
const APP_SETTINGS = { LOG_LEVEL: 'fatal', HOLD_TTL_SECONDS: '2', SWEEP_INTERVAL_SECONDS: '1' };

/** What one scenario has standing, and takes down when it is over. */
export class Stage {
  private readonly closers: (() => Promise<unknown>)[] = [];
  private closing: Promise<void> | undefined;

  constructor(readonly database: OwnDatabase) {}

  async house(plan: ShowPlan): Promise<House> {
    const url = await this.database.create();
    const dataSource = await openDataSource(url);
    return { url, showIds: await prepare(dataSource, plan).finally(() => dataSource.destroy()) };
  }

  async app(
    databaseUrl: string,
    settings: Record<string, string> = {},
    nodeOptions: readonly string[] = [],
  ): Promise<App> {
    const port = String(await freePort());
    if (this.closing) throw new Error('The scenario is over');
    const starting = startServer({ ...APP_SETTINGS, PORT: port, ...settings, DATABASE_URL: databaseUrl }, nodeOptions);
    // Whoever is interrupted meanwhile must not leave it behind.
    this.closers.push(() =>
      starting.then(
        (started) => started.stop(),
        () => undefined,
      ),
    );
    const server = await starting;
    return { ...server, url: `http://127.0.0.1:${server.port}` };
  }

  /** Apps, as a client sees them that knows their addresses. */
  instances(urls: readonly string[]): Instances {
    const instances = new Instances(urls);
    this.defer(() => instances.close());
    return instances;
  }

  async proxy(databaseUrl: string): Promise<Proxy> {
    const proxy = await startProxy(databaseUrl);
    this.defer(() => proxy.close());
    return proxy;
  }

  /** A session that has run this in a transaction, and keeps it open. */
  async block(databaseUrl: string, sql: string): Promise<Blocker> {
    const client = new Client({ connectionString: databaseUrl });
    client.on('error', () => undefined);
    this.defer(() => client.end().catch(() => undefined));
    await client.connect();
    await client.query('BEGIN');
    await client.query(sql);
    return { release: () => client.query('COMMIT').then(() => client.end()) };
  }

  /** To be closed when the scenario is over, however it ends. */
  defer(close: () => Promise<unknown> | void): void {
    this.closers.push(async () => close());
  }

  /** What was put up last comes down first. May be called again. */
  close(): Promise<void> {
    this.closing ??= (async () => {
      for (let close = this.closers.pop(); close; close = this.closers.pop())
        await close().catch((error: unknown) => console.error(error));
    })();
    return this.closing;
  }
}

/** The application's sessions in its database. */
export async function sessionsOf(
  databaseUrl: string,
): Promise<{ pids: readonly number[]; busy: number; waiting: number }> {
  const [row] = await query<{ pids: number[]; busy: number; waiting: number }>(
    databaseUrl,
    `SELECT coalesce(array_agg(pid), '{}') AS pids, count(*) FILTER (WHERE state <> 'idle')::int AS busy,
            count(*) FILTER (WHERE cardinality(pg_blocking_pids(pid)) > 0)::int AS waiting
       FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'rowlock%'`,
  );
  return row!;
}

/** Waits until so many sessions of the application wait for a lock. */
export function untilWaiting(databaseUrl: string, count: number, timeoutMs = 5_000): Promise<void> {
  return until(async () => (await sessionsOf(databaseUrl)).waiting >= count, timeoutMs);
}

/**
 * Below the ports that outgoing connections take: whoever is killed must find its own free when it comes back, and nobody
 * may connect to itself in its absence.
 */
const FIRST_PORT = 20_000 + (process.pid % 8_000);
let ports = 0;

export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + ports++;
    const probe = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      probe.once('error', () => resolve(false));
      probe.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!isFree) continue;
    probe.close();
    await once(probe, 'close');
    return port;
  }
}
