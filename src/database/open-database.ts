import type { AppConfig } from '../platform/config/app-config';
import { startEmbeddedPostgres } from '../embedded-postgres/embedded-postgres';

/** The database a process works with. */
export interface Database {
  readonly url: string;
  /** Stops it if this process started it. */
  stop(): Promise<void>;
}

/**
 * Makes sure that there is a database: the embedded one where the settings ask for it, the one of DATABASE_URL as it is
 * otherwise.
 *
 * @param log takes lines for the person at the terminal
 * @throws EmbeddedPostgresError if the embedded one can't run on this machine
 */
export async function openDatabase(
  { database }: Pick<AppConfig, 'database'>,
  log: (line: string) => void,
): Promise<Database> {
  if (database.embedded) return startEmbeddedPostgres({ dataDir: database.embeddedDir, name: 'rowlock', log });
  if (database.url) return { url: database.url, stop: async () => undefined };
  throw new Error('DATABASE_URL is required (or set EMBEDDED_DATABASE=true)');
}
