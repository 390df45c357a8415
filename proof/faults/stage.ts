import { once } from 'node:events';
import { createServer } from 'node:net';
import { block, Blocker } from '../kit/blocker';
import { createDatabase, query } from '../kit/database-server';
import { House, HouseSize, prepareHouse } from '../kit/house';
import { HttpClient } from '../kit/http-client';
import { Proxy, startProxy } from '../kit/proxy';
import { ServerProcess, startServer } from '../kit/server-process';
import { Stage } from '../kit/stage';
import { Instances } from './instances';
import type { OwnDatabase } from './own-database';

/** The servers log nothing: their failures are made here on purpose. */
const APP_SETTINGS = { LOG_LEVEL: 'fatal', HOLD_TTL_SECONDS: '2', SWEEP_INTERVAL_SECONDS: '1' };

/** The servers and connections of one scenario. */
export class FaultStage extends Stage {
  constructor(readonly database: OwnDatabase) {
    super();
  }

  /** A database of the scenario's own, with shows. */
  async house(plan: readonly HouseSize[]): Promise<House> {
    return prepareHouse(await createDatabase(this, this.database.url), plan);
  }

  /** A server of production, of which several may stand side by side. */
  async app(
    databaseUrl: string,
    settings: Record<string, string> = {},
    nodeOptions: readonly string[] = [],
  ): Promise<ServerProcess> {
    const PORT = String(await freePort());
    return startServer(this, { ...APP_SETTINGS, PORT, ...settings, DATABASE_URL: databaseUrl }, { nodeOptions });
  }

  client(url: string): HttpClient {
    const client = new HttpClient(url);
    this.defer(() => client.close());
    return client;
  }

  /** Apps, as a client sees them that knows their addresses. */
  instances(urls: readonly string[]): Instances {
    return new Instances(urls.map((url) => this.client(url)));
  }

  proxy(databaseUrl: string): Promise<Proxy> {
    return this.put(
      () => startProxy(databaseUrl),
      (proxy) => proxy.close(),
    );
  }

  block(databaseUrl: string, sql: string): Promise<Blocker> {
    return this.put(
      () => block(databaseUrl, sql),
      (blocker) => blocker.release(),
    );
  }
}

/** The application's sessions in its database. */
export async function sessionsOf(databaseUrl: string): Promise<{ pids: readonly number[]; busy: number }> {
  const [row] = await query<{ pids: number[]; busy: number }>(
    databaseUrl,
    `SELECT coalesce(array_agg(pid), '{}') AS pids, count(*) FILTER (WHERE state <> 'idle')::int AS busy
       FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'rowlock%'`,
  );
  return row!;
}

/**
 * Below the ports that outgoing connections take: a server that was killed must find its own free when it comes back, and
 * no connection attempt may meet itself in its absence.
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
