import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDataSource } from '../../proof/kit/database-server';
import { startEmbeddedPostgres } from '../../src/embedded-postgres/embedded-postgres';
import { migrate } from '../../src/platform/database/migrate';
import { onServer, templateName, urlOf } from './database';

/**
 * Finds a PostgreSQL for the tests, the embedded one unless DATABASE_URL names another, and prepares one migrated
 * template that every test database is cloned from.
 */
export default async function globalSetup(): Promise<void> {
  if (process.env.DATABASE_URL) {
    process.env.TEST_SERVER_URL = process.env.DATABASE_URL;
  } else {
    // A power failure may lose test data. As PostgreSQL does not wait for the disk, the tests take half the time.
    const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };
    // Each run has a server of its own, as two runs in one checkout would stop each other's.
    const dataDir = await mkdtemp(join(tmpdir(), 'rowlock-test-'));
    const server = await startEmbeddedPostgres({ dataDir, settings });
    process.env.TEST_SERVER_URL = server.url;
    const stop = async () => {
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    };
    (globalThis as { stopTestPostgres?: typeof stop }).stopTestPostgres = stop;
  }
  await onServer((server) => server.query(`CREATE DATABASE ${templateName()}`));
  const dataSource = await openDataSource(urlOf(templateName()));
  await migrate(dataSource);
  await dataSource.destroy();
}
