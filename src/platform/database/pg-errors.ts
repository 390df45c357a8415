import { types } from 'node:util';

/**
 * The meaning of a failed statement for its caller, by SQLSTATE
 * (https://www.postgresql.org/docs/current/errcodes-appendix.html).
 */

export type FailureKind =
  /** The transaction did nothing; the same again from BEGIN may well succeed. */
  | 'conflict'
  /** A time limit was reached or the database is away; nothing was changed by the statement. */
  | 'busy'
  /** A defect. */
  | 'defect';

const CONFLICTS = new Set([
  '40001', // serialization_failure
  '40P01', // deadlock_detected
  '22012', // division_by_zero: statements that check something fail with it, as SQL has none that raises an error
  '23505', // unique_violation: another transaction was first; a fresh start sees its rows
]);

const BUSY = new Set([
  '55P03', // lock_not_available: lock_timeout
  '57014', // query_canceled: statement_timeout
  '25P03', // idle_in_transaction_session_timeout
  '25P04', // transaction_timeout
  '25006', // read_only_sql_transaction: a standby, during a failover
  '53000', // insufficient_resources
  '53100', // disk_full
  '53200', // out_of_memory
  '53300', // too_many_connections
  '57P01', // admin_shutdown
  '57P02', // crash_shutdown
  '57P03', // cannot_connect_now
  '57P05', // idle_session_timeout
]);

/** Errors of the network and of the driver that mean the same: no answer can be had from the database now. */
const CONNECTION_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT', // the socket file of a server that is not running
]);
// The driver gives these no code; a test provokes each of them against the locked version.
const CONNECTION_MESSAGES =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Client was closed|Query read timeout|Cannot use a pool after calling end|Driver not Connected)/;

export function failureKind(error: unknown): FailureKind {
  const code = sqlState(error);
  if (code !== undefined) {
    if (CONFLICTS.has(code)) return 'conflict';
    if (BUSY.has(code) || code.startsWith('08')) return 'busy';
  }
  return isConnectionFailure(error) ? 'busy' : 'defect';
}

/** Whether the connection is gone, or no answer came over it: it must not be used again. */
export function isConnectionFailure(error: unknown): boolean {
  const code = sqlState(error);
  if (
    code !== undefined &&
    (CONNECTION_CODES.has(code) || /^(08|57P)/.test(code) || code === '25P03' || code === '25P04')
  ) {
    return true;
  }
  return CONNECTION_MESSAGES.test(messageOf(error));
}

/** Whether the driver waited for an answer or a connection in vain: another try could wait as long again. */
export function isTimeout(error: unknown): boolean {
  return /^(Query read timeout|timeout exceeded|Connection terminated due to connection timeout)/.test(
    messageOf(error),
  );
}

/** The SQLSTATE, or the system error code, of a driver error, wrapped by TypeORM or not. */
export function sqlState(error: unknown): string | undefined {
  const { code } = driverError(error);
  return typeof code === 'string' ? code : undefined;
}

/** Name of the violated constraint or unique index, if any. */
export function violatedConstraint(error: unknown): string | undefined {
  const { constraint } = driverError(error);
  return typeof constraint === 'string' ? constraint : undefined;
}

function messageOf(error: unknown): string {
  const { message } = driverError(error);
  return typeof message === 'string' ? message : '';
}

/** Not by `instanceof`: where the code runs in a `vm`, errors of Node's own are of another realm. */
function driverError(error: unknown): { code?: unknown; message?: unknown; constraint?: unknown } {
  if (!types.isNativeError(error)) return {};
  const { driverError: wrapped, errors } = error as { driverError?: unknown; errors?: unknown };
  if (types.isNativeError(wrapped)) return driverError(wrapped);
  // A connection attempt to several addresses fails with one error an address.
  if (Array.isArray(errors) && errors.length > 0) return driverError(errors[0]);
  return error;
}
