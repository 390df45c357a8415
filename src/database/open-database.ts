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
  config: Pick<AppConfig, 'DATABASE_URL' | 'EMBEDDED_DATABASE' | 'EMBEDDED_DATABASE_DIR'>,
  log: (line: string) => void,
): Promise<Database> {
  if (config.EMBEDDED_DATABASE) return startEmbeddedPostgres({ dataDir: config.EMBEDDED_DATABASE_DIR, log });
  if (config.DATABASE_URL) return { url: config.DATABASE_URL, stop: async () => undefined };
  throw new Error('DATABASE_URL is required (or set EMBEDDED_DATABASE=true)');
}
