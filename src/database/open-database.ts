import { DataSource } from 'typeorm';
import { startEmbeddedPostgres } from '../embedded-postgres/embedded-postgres';
import type { AppConfig } from '../platform/config/app-config';
import { DatabaseConfig, dataSourceOptions } from '../platform/database/data-source-options';
import { ensureEmbeddedRoles } from './embedded-roles';
import { schema } from './schema';

/**
 * Makes sure that there is a database: the embedded one where the settings ask for it, or the one of DATABASE_URL as it is.
 *
 * @param log takes lines for the person at the terminal
 * @returns the settings that reach it, and the function that stops it if this process started it
 * @throws EmbeddedPostgresError if the embedded one can't run on this machine
 */
export async function openDatabase<Config extends DatabaseConfig>(
  config: Config,
  log: (line: string) => void,
): Promise<{ config: Config; stop: () => Promise<void> }> {
  const { database } = config;
  if (!database.embedded) return { config, stop: async () => undefined };
  const { url, stop } = await startEmbeddedPostgres({ dataDir: database.embeddedDir, name: 'rowlock', log });
  try {
    const urls = await ensureEmbeddedRoles(url);
    return { config: { ...config, database: { ...database, ...urls } satisfies AppConfig['database'] }, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Runs work on connections that are closed behind it. */
export async function withDataSource<T>(
  config: DatabaseConfig,
  work: (dataSource: DataSource) => Promise<T>,
): Promise<T> {
  const dataSource = await new DataSource(dataSourceOptions(config, schema)).initialize();
  try {
    return await work(dataSource);
  } finally {
    await dataSource.destroy();
  }
}
