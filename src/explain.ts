import { EmbeddedPostgresError } from './embedded-postgres/embedded-postgres';
import { KeptSecretError } from './embedded-postgres/kept-secret';
import { InvalidEnvironmentError } from './platform/config/app-config';
import { isConnectionFailure, sqlState } from './platform/database/pg-errors';

const UNDEFINED_TABLE = '42P01';

/** A sentence about a failure of a program that the person at the terminal can mend; any other error as it is. */
export function explain(error: unknown): unknown {
  const { code, port } = Object(error) as { code?: unknown; port?: unknown };
  if (code === 'EADDRINUSE')
    return `Port ${String(port)} is in use: set PORT to another one, or to 0 for any free one.`;
  if (error instanceof InvalidEnvironmentError || error instanceof KeptSecretError) return error.message;
  if (error instanceof EmbeddedPostgresError)
    return `${error.message}\nTo use a PostgreSQL of your own instead, set DATABASE_URL.`;
  if (isConnectionFailure(error)) return `The database can't be reached: ${String(error)}`;
  if (sqlState(error) === UNDEFINED_TABLE)
    return `${String(error)}\nThe schema is not there or is not current: npm run migrate.`;
  return error;
}
