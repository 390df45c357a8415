import type { PipelinedTransaction } from '../../platform/database/pipelined-transaction';
import { Seals, sealValue } from '../../platform/seals';
import { COMMON_REFUSALS } from '../commands/refusal';
import type { SeatCommand, SeatCommandAnswer, SeatCommandOutcome, StoredOutcome } from '../seat-command';
import { timestamp } from '../seat-rows';

/**
 * Retries by key. A record is read behind the locks and written with the effect, in one transaction: there is no moment at
 * which one exists without the other. A key belongs to its holder and show. The primary key settles two first requests that
 * share no row: one of them fails, starts again and finds the other's answer.
 */
export class StoredAnswers {
  private readonly known = new Map<string, StoredAnswer>();
  private readonly expired: StoredAnswer[] = [];
  private readonly added: StoredAnswer[] = [];

  private constructor(records: readonly (StoredAnswer & { readonly expired: boolean })[]) {
    for (const record of records) {
      if (record.expired) this.expired.push(record);
      else this.known.set(keyOf(record), record);
    }
  }

  /** Sends the look-up of the stored answers to those commands that carry a key. */
  static async send(
    transaction: PipelinedTransaction,
    commands: readonly SeatCommand[],
    ttlHours: number,
  ): Promise<StoredAnswers> {
    const keyed = commands.filter(isKeyed);
    if (keyed.length === 0) return new StoredAnswers([]);
    // Version 0.1 knew no show here and left 0: such a record is this command's if it stands for the very same request.
    const { rows } = await transaction.send<StoredAnswer & { expired: boolean }>(
      `SELECT asked.show_id AS "showId", record.holder_id AS "holderId", record.key, fingerprint, outcome,
              created_at < statement_timestamp() - make_interval(hours => $5) AS expired
         FROM unnest($1::int[], $2::text[], $3::text[], $4::bytea[]) AS asked(show_id, holder_id, key, request)
         JOIN idempotency_record AS record
           ON record.show_id IN (asked.show_id, 0) AND record.holder_id = asked.holder_id AND record.key = asked.key
        WHERE record.show_id > 0 OR fingerprint = request
        ORDER BY record.show_id`,
      [...keyColumns(keyed.map(keyOfCommand)), keyed.map(({ idempotency }) => idempotency.fingerprint), ttlHours],
    );
    return new StoredAnswers(rows);
  }

  /** The answer to a command whose key is known: the stored one, or that the key belongs to another request. */
  replay(command: SeatCommand): SeatCommandAnswer | undefined {
    const stored = isKeyed(command) ? this.known.get(keyOf(keyOfCommand(command))) : undefined;
    if (!stored) return undefined;
    return stored.fingerprint.equals(command.idempotency!.fingerprint)
      ? { outcome: stored.outcome, replayed: true }
      : { outcome: { kind: 'key-reused' }, replayed: false };
  }

  /** Keeps the first answer to a keyed command, for those that follow in this transaction and after it. */
  keep(command: SeatCommand, outcome: SeatCommandOutcome): void {
    if (!isKeyed(command) || outcome.kind === 'slots-taken' || outcome.kind === 'key-reused') return;
    // What does not exist takes no room, and may exist when the request is repeated.
    if (outcome.kind === 'refused' && (COMMON_REFUSALS as readonly string[]).includes(outcome.code)) return;
    const answer = { ...keyOfCommand(command), fingerprint: command.idempotency.fingerprint, outcome };
    this.known.set(keyOf(answer), answer);
    this.added.push(answer);
  }

  get hasNew(): boolean {
    return this.added.length > 0;
  }

  /** Sends what makes room for the new answers, and the answers, sealed. */
  write(transaction: PipelinedTransaction, nowMs: number, seals: Seals): void {
    if (this.expired.length > 0) {
      void transaction.send(
        `DELETE FROM idempotency_record
          WHERE (show_id, holder_id, key) IN (SELECT * FROM unnest($1::int[], $2::text[], $3::text[]))`,
        keyColumns(this.expired),
      );
    }
    if (this.added.length > 0) {
      const rows = this.added.map(({ outcome, ...answer }) => ({ ...answer, outcome: JSON.stringify(outcome) }));
      void transaction.send(
        `INSERT INTO idempotency_record (show_id, holder_id, key, fingerprint, outcome, seal, created_at)
         SELECT *, $7::timestamptz FROM unnest($1::int[], $2::text[], $3::text[], $4::bytea[], $5::json[], $6::bytea[])`,
        [
          ...keyColumns(rows),
          rows.map(({ fingerprint }) => fingerprint),
          rows.map(({ outcome }) => outcome),
          rows.map(({ showId, holderId, key, fingerprint, outcome }) =>
            sealValue(seals.seal(['answer', showId, holderId, key, fingerprint.toString('hex'), outcome, nowMs])),
          ),
          timestamp(nowMs),
        ],
      );
    }
  }
}

interface Key {
  readonly showId: number;
  readonly holderId: string;
  readonly key: string;
}

interface StoredAnswer extends Key {
  readonly fingerprint: Buffer;
  readonly outcome: StoredOutcome;
}

type KeyedCommand = SeatCommand & { holderId: string; idempotency: NonNullable<SeatCommand['idempotency']> };

function isKeyed(command: SeatCommand): command is KeyedCommand {
  return command.idempotency !== undefined && command.holderId !== null;
}

function keyOfCommand({ showId, holderId, idempotency }: KeyedCommand): Key {
  return { showId, holderId, key: idempotency.key };
}

/** Identifies a record in a map. */
export function keyOf({ showId, holderId, key }: Key): string {
  return `${showId} ${holderId} ${key}`;
}

function keyColumns(keys: readonly Key[]): [showIds: number[], holderIds: string[], keys: string[]] {
  return [keys.map(({ showId }) => showId), keys.map(({ holderId }) => holderId), keys.map(({ key }) => key)];
}
