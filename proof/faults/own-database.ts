import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, QueryResultRow } from 'pg';
import { EmbeddedPostgres, startEmbeddedPostgres } from '../../src/embedded-postgres/embedded-postgres';
import { until } from '../kit/until';

const CONNECT_TIMEOUT_MS = 2_000;
const END_TIMEOUT_MS = 30_000;

/** What a server ends on: without its last checkpoint, or without a chance to do anything at all. */
export type Crash = 'immediate stop' | 'kill -9';
const SIGNALS: Readonly<Record<Crash, NodeJS.Signals>> = { 'immediate stop': 'SIGQUIT', 'kill -9': 'SIGKILL' };

/** A PostgreSQL of our own that may be killed, and that waits for the disk as in production. */
export class OwnDatabase {
  private databases = 0;
  private restarting: Promise<EmbeddedPostgres> | undefined;

  private constructor(
    private readonly dataDir: string,
    private readonly port: number,
    private embedded: EmbeddedPostgres,
    private pid: number,
  ) {}

  /** @param port where it is found again after each crash */
  static async start(port: number): Promise<OwnDatabase> {
    const dataDir = await mkdtemp(join(tmpdir(), 'rowlock-faults-'));
    try {
      const embedded = await startEmbeddedPostgres({ dataDir, port });
      return new OwnDatabase(dataDir, port, embedded, await postmasterOf(embedded.url));
    } catch (error) {
      await rm(dataDir, { recursive: true, force: true });
      throw error;
    }
  }

  /** Makes an empty database. Returns its URL. */
  async create(): Promise<string> {
    const url = new URL(this.embedded.url);
    url.pathname = `/faults_${++this.databases}`;
    await query(this.embedded.url, `CREATE DATABASE faults_${this.databases}`);
    return url.href;
  }

  /** Ends the whole server, and waits until it is gone. */
  async crash(how: Crash): Promise<void> {
    process.kill(this.pid, SIGNALS[how]);
    await until(() => !isAlive(this.pid), END_TIMEOUT_MS);
  }

  /** Kills one session, and waits until PostgreSQL has therefore ended all others. */
  async killBackend(pid: number): Promise<void> {
    const witness = new Client({ connectionString: this.embedded.url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
    let isEnded = false;
    witness.on('error', () => undefined);
    witness.on('end', () => (isEnded = true));
    await witness.connect();
    process.kill(pid, 'SIGKILL');
    await until(() => isEnded, END_TIMEOUT_MS);
  }

  /** Starts it again. @throws when another program has its port by now */
  async restart(): Promise<void> {
    this.restarting = startEmbeddedPostgres({ dataDir: this.dataDir, port: this.port });
    this.embedded = await this.restarting;
    if (this.embedded.port !== this.port) throw new Error(`Port ${this.port} was taken while PostgreSQL was away`);
    this.pid = await postmasterOf(this.embedded.url);
  }

  async stop(): Promise<void> {
    await (await this.restarting?.catch(() => undefined))?.stop();
    await this.embedded.stop();
    await rm(this.dataDir, { recursive: true, force: true });
  }
}

/** One query on a connection of its own. @throws what the driver throws */
export async function query<Row extends QueryResultRow>(
  url: string,
  sql: string,
  values: unknown[] = [],
): Promise<Row[]> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  client.on('error', () => undefined); // A server that is killed meanwhile; the query's own error tells.
  try {
    await client.connect();
    return (await client.query<Row>(sql, values)).rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Waits until the server accepts connections. Returns when that was, by the process's monotonic clock. */
export async function untilReady(url: string, timeoutMs: number): Promise<number> {
  await until(
    () =>
      query(url, 'SELECT').then(
        () => true,
        () => false,
      ),
    timeoutMs,
  );
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
