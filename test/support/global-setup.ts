import { DataSource } from 'typeorm';
import { parseDatabaseEnvironment } from '../../src/platform/config/app-config';
import { dataSourceOptions } from '../../src/platform/database/data-source-options';
import { startEmbeddedPostgres } from '../../src/platform/database/embedded-postgres';
import { migrate } from '../../src/platform/database/migrate';
import { schema } from '../../src/schema';
import { onServer, templateName, urlOf } from './database';

/**
 * Finds a PostgreSQL for the tests, the embedded one unless DATABASE_URL names another, and prepares one migrated template
 * that every test database is cloned from.
 */
export default async function globalSetup(): Promise<void> {
  if (process.env.DATABASE_URL) {
    process.env.TEST_SERVER_URL = process.env.DATABASE_URL;
  } else {
    const server = await startEmbeddedPostgres({ dataDir: '.rowlock/test-postgres' });
    process.env.TEST_SERVER_URL = server.url;
    (globalThis as { testPostgres?: typeof server }).testPostgres = server;
  }
  await onServer((server) => server.query(`CREATE DATABASE ${templateName()}`));
  const config = parseDatabaseEnvironment({ DATABASE_URL: urlOf(templateName()) });
  const dataSource = await new DataSource(dataSourceOptions(config, schema)).initialize();
  await migrate(dataSource);
  await dataSource.destroy();
}
