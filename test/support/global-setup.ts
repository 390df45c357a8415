import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../../src/embedded-postgres/embedded-postgres';
import { parseDatabaseEnvironment } from '../../src/platform/config/app-config';
import { migrateDatabase } from '../../src/platform/database/migrate';
import { schema } from '../../src/database/schema';
import { asAppRole, onServer, templateName, urlOf } from './database';

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
    process.env.TEST_APP_ROLE = `rowlock_test_app:${randomUUID()}`;
    const stop = async () => {
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    };
    (globalThis as { stopTestPostgres?: typeof stop }).stopTestPostgres = stop;
  }
  await onServer((server) => server.query(`CREATE DATABASE ${templateName()}`));
  const url = urlOf(templateName());
  const env = { EMBEDDED_DATABASE: 'false', DATABASE_URL: asAppRole(url), DATABASE_MIGRATION_URL: url };
  await migrateDatabase(parseDatabaseEnvironment(env), schema);
}
