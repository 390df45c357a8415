import { Logger } from '@nestjs/common';
import type { DataSource } from 'typeorm';

const logger = new Logger('Database');

/** Conditions of the database that are not ours to change, each with what it puts at risk. */
const DANGERS: readonly { readonly holds: string; readonly warning: string }[] = [
  {
    holds: '(SELECT rolsuper FROM pg_roles WHERE rolname = current_user)',
    warning:
      'The server runs as a superuser, who can run programs on the database server. Set DATABASE_MIGRATION_URL to this role, and DATABASE_URL to another that migrating makes and gives its few rights.',
  },
  {
    holds: `current_setting('synchronous_commit') = 'off'`,
    warning: 'synchronous_commit is off: a crash of the database loses the holds and bookings of its last moments.',
  },
  {
    holds: `current_setting('fsync') = 'off'`,
    warning: 'fsync is off: a crash of the database server can destroy the database.',
  },
];

/** Logs what is wrong with the database that this server is about to use. */
export async function warnOfDangers(dataSource: DataSource): Promise<void> {
  const [answers] = await dataSource.query<boolean[][]>(
    `SELECT ${DANGERS.map(({ holds }, index) => `${holds} AS "${index}"`).join(', ')}`,
  );
  DANGERS.forEach(({ warning }, index) => answers?.[index] === true && logger.warn(warning));
}
