import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, QueryResultRow } from 'pg';
import { DataSource } from 'typeorm';
import { schema } from '../../src/database/schema';
import { EmbeddedPostgres, startEmbeddedPostgres } from '../../src/embedded-postgres/embedded-postgres';
import { parseDatabaseEnvironment } from '../../src/platform/config/app-config';
import { dataSourceOptions } from '../../src/platform/database/data-source-options';
import type { Stage } from './stage';

const CONNECT_TIMEOUT_MS = 2_000;

/** A PostgreSQL of the program's own, which waits for the disk as in production. It is deleted with the stage. */
export async function startOwnPostgres(
  stage: Stage,
  options: { log?: (line: string) => void; port?: number } = {},
): Promise<{ embedded: EmbeddedPostgres; dataDir: string }> {
  const dataDir = await stage.put(
    () => mkdtemp(join(tmpdir(), 'rowlock-proof-')),
    (directory) => rm(directory, { recursive: true, force: true }),
  );
  const embedded = await stage.put(
    () => startEmbeddedPostgres({ dataDir, ...options }),
    (server) => server.stop(),
  );
  return { embedded, dataDir };
}

/** The URL of the database that DATABASE_URL names, or of one on a PostgreSQL of the program's own. */
export async function databaseUrl(stage: Stage, log: (line: string) => void): Promise<string> {
  return process.env.DATABASE_URL || (await startOwnPostgres(stage, { log })).embedded.url;
}

let databases = 0;

/** Makes an empty database beside another, and drops it with the stage. Returns its URL. */
export async function createDatabase(stage: Stage, besideUrl: string): Promise<string> {
  const name = `rowlock_proof_${process.pid}_${++databases}`;
  const url = new URL(besideUrl);
  url.pathname = `/${name}`;
  await stage.put(
    () => query(besideUrl, `CREATE DATABASE ${name}`),
    () => query(besideUrl, `DROP DATABASE ${name} WITH (FORCE)`),
  );
  return url.href;
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

/** Connects to a server's database. The caller closes it. */
export function openDataSource(url: string): Promise<DataSource> {
  const settings = parseDatabaseEnvironment({ ...process.env, EMBEDDED_DATABASE: 'false', DATABASE_URL: url });
  return new DataSource(dataSourceOptions(settings, schema)).initialize();
}
