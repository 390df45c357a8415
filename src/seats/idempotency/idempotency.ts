import { createHash } from 'node:crypto';
import type { PipelinedTransaction } from '../../platform/database/pipelined-transaction';
import type { SeatCommand, StoredOutcome } from '../seat-command';
import { compareSeats, SeatCommandName, SeatRef } from '../seat-transitions';
import { timestamp } from '../seat-rows';

/**
 * Retries by key. A record is read behind the locks and written with the effect, in one transaction: there is no moment at
 * which one exists without the other. Keys belong to their holder. The primary key settles two first requests that share
 * no row: one of them fails, starts again and finds the other's answer.
 */

/** What a key stands for: the command, the show and the set of seats, in whatever order they were named. */
export function fingerprint(name: SeatCommandName, showId: number, seats: readonly SeatRef[]): Buffer {
  const canonical = JSON.stringify([
    name,
    showId,
    [...seats].sort(compareSeats).map(({ row, number }) => [row, number]),
  ]);
  return createHash('sha256').update(canonical).digest();
}

export interface KnownAnswer {
  readonly fingerprint: Buffer;
  readonly outcome: StoredOutcome;
}

export function idempotencyKey(holderId: string, key: string): string {
  return `${holderId} ${key}`;
}

type KeyedCommand = SeatCommand & { holderId: string; idempotency: NonNullable<SeatCommand['idempotency']> };

export function isKeyed(command: SeatCommand): command is KeyedCommand {
  return command.idempotency !== undefined && command.holderId !== null;
}

export interface StoredAnswer extends KnownAnswer {
  readonly holderId: string;
  readonly key: string;
  /** Past its time: it counts as forgotten, whether or not it has been cleaned up. */
  readonly expired: boolean;
}

/** Sends the look-up of the stored answers to keyed commands. */
export async function sendKnownAnswers(
  transaction: PipelinedTransaction,
  commands: readonly KeyedCommand[],
  ttlHours: number,
): Promise<StoredAnswer[]> {
  const { rows } = await transaction.send<StoredAnswer>(
    `SELECT holder_id AS "holderId", key, fingerprint, outcome,
            created_at < statement_timestamp() - make_interval(hours => $3) AS expired
       FROM idempotency_record
      WHERE (holder_id, key) IN (SELECT * FROM unnest($1::text[], $2::text[]))`,
    [commands.map((command) => command.holderId), commands.map((command) => command.idempotency.key), ttlHours],
  );
  return rows;
}

/** Sends the removal of stored answers, to make room for new ones under the same keys. */
export function sendForget(transaction: PipelinedTransaction, answers: readonly StoredAnswer[]): void {
  void transaction.send(
    'DELETE FROM idempotency_record WHERE (holder_id, key) IN (SELECT * FROM unnest($1::text[], $2::text[]))',
    [answers.map((answer) => answer.holderId), answers.map((answer) => answer.key)],
  );
}

export interface NewAnswer extends KnownAnswer {
  readonly holderId: string;
  readonly key: string;
}

/** Sends one INSERT for all first answers. */
export function sendNewAnswers(transaction: PipelinedTransaction, answers: readonly NewAnswer[], nowMs: number): void {
  void transaction.send(
    `INSERT INTO idempotency_record (holder_id, key, fingerprint, outcome, created_at)
     SELECT *, $5::timestamptz FROM unnest($1::text[], $2::text[], $3::bytea[], $4::json[])`,
    [
      answers.map((answer) => answer.holderId),
      answers.map((answer) => answer.key),
      answers.map((answer) => answer.fingerprint),
      answers.map((answer) => JSON.stringify(answer.outcome)),
      timestamp(nowMs),
    ],
  );
}
