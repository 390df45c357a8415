import { Client } from 'pg';
import type { DataSource } from 'typeorm';
import { openDataSource } from '../../proof/kit/database-server';

/** Migrated once by the global set-up, cloned by every test. Named after the run, as two runs may share a server. */
export function templateName(): string {
  return (process.env.TEST_TEMPLATE ??= `rowlock_template_${process.pid}`);
}

/** The same database as the role that a server runs as. On another's server the tests make no role. */
export function asAppRole(url: string): string {
  const role = process.env.TEST_APP_ROLE;
  return role === undefined ? url : url.replace(/(?<=:\/\/)[^@]*(?=@)/, role);
}

let count = 0;

export interface TestDatabase {
  readonly url: string;
  readonly dataSource: DataSource;
  drop(): Promise<void>;
}

/** A freshly migrated database for one test file. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const name = `rowlock_test_${process.pid}_${++count}`;
  // Test files that share a process count anew. A file that failed before its clean-up may have left this name behind.
  await dropDatabase(name);
  await onServer((server) => server.query(`CREATE DATABASE ${name} TEMPLATE ${templateName()}`));
  const url = urlOf(name);
  const dataSource = await openDataSource(url);
  return {
    url,
    dataSource,
    drop: async () => {
      await dataSource.destroy();
      await dropDatabase(name);
    },
  };
}

export async function dropDatabase(name: string): Promise<void> {
  await onServer((server) => server.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
}

/** Where a database of the test server is. */
export function urlOf(name: string): string {
  const url = new URL(process.env.TEST_SERVER_URL!);
  url.pathname = `/${name}`;
  return url.href;
}

export async function onServer<T>(run: (server: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: process.env.TEST_SERVER_URL });
  await client.connect();
  try {
    return await run(client);
  } finally {
    await client.end();
  }
}
