import { DatabaseError } from 'pg';
import { QueryFailedError } from 'typeorm';
import { FailureKind, failureKind, isConnectionFailure, sqlState, violatedConstraint } from './pg-errors';

function postgres(code: string, constraint?: string): DatabaseError {
  return Object.assign(new DatabaseError('what PostgreSQL said', 20, 'error'), { code, constraint });
}

function system(code: string): Error {
  return Object.assign(new Error(`connect ${code}`), { code });
}

const wrapped = (error: Error) => new QueryFailedError('SELECT 1', [], error);

describe('what a failed statement means', () => {
  it.each<[string, string, FailureKind, boolean]>([
    ['40001', 'serialization_failure', 'conflict', false],
    ['40P01', 'deadlock_detected', 'conflict', false],
    ['23505', 'unique_violation', 'conflict', false],
    ['55P03', 'lock_not_available', 'busy', false],
    ['57014', 'query_canceled', 'busy', false],
    ['25P03', 'idle_in_transaction_session_timeout', 'busy', true],
    ['25P04', 'transaction_timeout', 'busy', true],
    ['25006', 'read_only_sql_transaction', 'busy', false],
    ['53100', 'disk_full', 'busy', false],
    ['53200', 'out_of_memory', 'busy', false],
    ['53300', 'too_many_connections', 'busy', false],
    ['57P01', 'admin_shutdown', 'busy', true],
    ['57P02', 'crash_shutdown', 'busy', true],
    ['57P03', 'cannot_connect_now', 'busy', true],
    ['08006', 'connection_failure', 'busy', true],
    ['08P01', 'protocol_violation', 'busy', true],
    ['25P02', 'in_failed_sql_transaction', 'defect', false],
    ['23503', 'foreign_key_violation', 'defect', false],
    ['23514', 'check_violation', 'defect', false],
    ['22P02', 'invalid_text_representation', 'defect', false],
    ['42601', 'syntax_error', 'defect', false],
    ['42P01', 'undefined_table', 'defect', false],
    ['XX000', 'internal_error', 'defect', false],
  ])('%s %s: %s', (code, _, kind, connectionIsGone) => {
    for (const error of [postgres(code), wrapped(postgres(code))]) {
      expect(failureKind(error)).toBe(kind);
      expect(isConnectionFailure(error)).toBe(connectionIsGone);
      expect(sqlState(error)).toBe(code);
    }
  });

  it.each([
    'ECONNREFUSED',
    'ECONNRESET',
    'EPIPE',
    'ETIMEDOUT',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'ENOTFOUND',
    'EAI_AGAIN',
    'ENOENT',
  ])('%s: busy, and the connection is gone', (code) => {
    for (const error of [system(code), wrapped(system(code))]) {
      expect(failureKind(error)).toBe('busy');
      expect(isConnectionFailure(error)).toBe(true);
    }
  });

  it.each([
    'Connection terminated',
    'Connection terminated unexpectedly',
    'Connection terminated due to connection timeout',
    'timeout exceeded when trying to connect',
    'Client has encountered a connection error and is not queryable',
    'Client was closed and is not queryable',
    'Query read timeout',
    'Cannot use a pool after calling end on the pool',
  ])('the driver says "%s": busy, and the connection is gone', (message) => {
    for (const error of [new Error(message), wrapped(new Error(message))]) {
      expect(failureKind(error)).toBe('busy');
      expect(isConnectionFailure(error)).toBe(true);
    }
  });

  it('of several addresses the first counts', () => {
    const error = new AggregateError([system('ECONNREFUSED'), system('EHOSTUNREACH')]);
    expect(sqlState(error)).toBe('ECONNREFUSED');
    expect(failureKind(error)).toBe('busy');
    expect(isConnectionFailure(error)).toBe(true);
  });

  it('a message is not taken for a failed connection because it speaks of one', () => {
    expect(failureKind(new Error('the row says: Connection terminated'))).toBe('defect');
    expect(failureKind(postgres('22P02'))).toBe('defect');
  });

  it.each([
    undefined,
    null,
    'ECONNRESET',
    42,
    {},
    { code: '40001' },
    new Error('x'),
    new TypeError('x'),
    Object.assign(new Error('x'), { code: 40001 }),
    new AggregateError([]),
  ])('%p: a defect', (error) => {
    expect(failureKind(error)).toBe('defect');
    expect(isConnectionFailure(error)).toBe(false);
    expect(sqlState(error)).toBeUndefined();
  });
});

describe('the violated constraint', () => {
  it('is named, wrapped or not', () => {
    expect(violatedConstraint(postgres('23505', 'user_username_key'))).toBe('user_username_key');
    expect(violatedConstraint(wrapped(postgres('23505', 'user_username_key')))).toBe('user_username_key');
  });

  it('is absent from other errors', () => {
    for (const error of [postgres('40001'), new Error('x'), undefined, 'x'])
      expect(violatedConstraint(error)).toBeUndefined();
  });
});
