import { Client } from 'pg';
import { EmbeddedPostgres, startEmbeddedPostgres } from '../../src/embedded-postgres/embedded-postgres';
import { query, startOwnPostgres } from '../kit/database-server';
import type { Stage } from '../kit/stage';
import { until } from '../kit/until';

const CONNECT_TIMEOUT_MS = 2_000;
const END_TIMEOUT_MS = 30_000;

/** Ways of a server to end: without its last checkpoint, or without a chance to do anything at all. */
export type Crash = 'immediate stop' | 'kill -9';
const SIGNALS: Readonly<Record<Crash, NodeJS.Signals>> = { 'immediate stop': 'SIGQUIT', 'kill -9': 'SIGKILL' };

/** A PostgreSQL of our own that may be killed, and that waits for the disk as in production. */
export class OwnDatabase {
  private constructor(
    private readonly stage: Stage,
    private readonly dataDir: string,
    private embedded: EmbeddedPostgres,
    private pid: number,
  ) {}

  /** @param port where it is found again after each crash */
  static async start(stage: Stage, port: number): Promise<OwnDatabase> {
    const { embedded, dataDir } = await startOwnPostgres(stage, { port });
    return new OwnDatabase(stage, dataDir, embedded, await postmasterOf(embedded.url));
  }

  get url(): string {
    return this.embedded.url;
  }

  /** Ends the whole server, and waits until it is gone. */
  async crash(how: Crash): Promise<void> {
    process.kill(this.pid, SIGNALS[how]);
    await until(() => !isAlive(this.pid), END_TIMEOUT_MS);
  }

  /** Kills one session, and waits until PostgreSQL has therefore ended all others. */
  async killBackend(pid: number): Promise<void> {
    const witness = new Client({ connectionString: this.url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
    let isEnded = false;
    witness.on('error', () => undefined);
    witness.on('end', () => (isEnded = true));
    await witness.connect();
    process.kill(pid, 'SIGKILL');
    await until(() => isEnded, END_TIMEOUT_MS);
  }

  /** Starts it again. @throws when another program has its port by now */
  async restart(): Promise<void> {
    const { port } = this.embedded;
    this.embedded = await this.stage.put(
      () => startEmbeddedPostgres({ dataDir: this.dataDir, port }),
      (server) => server.stop(),
    );
    if (this.embedded.port !== port) throw new Error(`Port ${port} was taken while PostgreSQL was away`);
    this.pid = await postmasterOf(this.url);
  }
}

/** Waits until the server accepts connections. Returns when that was, by the process's monotonic clock. */
export async function untilReady(url: string, timeoutMs: number): Promise<number> {
  const isReady = () =>
    query(url, 'SELECT').then(
      () => true,
      () => false,
    );
  await until(isReady, timeoutMs);
  return performance.now();
}

/** The server says itself which process it is. */
async function postmasterOf(url: string): Promise<number> {
  const [row] = await query<{ pid: number }>(
    url,
    `SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)::int AS pid`,
  );
  return row!.pid;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
