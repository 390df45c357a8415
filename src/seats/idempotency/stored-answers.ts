import type { PipelinedTransaction } from '../../platform/database/pipelined-transaction';
import type { FixedWindows } from '../../platform/http/fixed-windows';
import { Seals, sealValue } from '../../platform/seals';
import { COMMON_REFUSALS } from '../commands/refusal';
import type { SeatCommand, SeatCommandAnswer, SeatCommandOutcome, StoredOutcome, TooManyKeys } from '../seat-command';
import { timestamp } from '../seat-rows';
import { slotAt } from './partitions';
import { readOutcome, WrittenOutcome, writtenOutcome } from './written-outcome';

/** How stored answers are kept. */
export interface KeyRules {
  readonly ttlHours: number;
  /** Most keys of one holder that this process stores answers under. */
  readonly maxKeysPerHolder: number;
}

/**
 * Retries by key. A record is read behind the locks and written with the effect, in one transaction: there is no moment at
 * which one exists without the other. A key belongs to its holder and show. The primary key settles two first requests that
 * share no row: the second waits for the first, fails, starts again and finds the other's answer.
 */
export class StoredAnswers {
  private readonly known = new Map<string, StoredAnswer>();
  private readonly added: StoredAnswer[] = [];

  private constructor(
    records: readonly StoredAnswer[],
    private readonly rules: KeyRules,
    private readonly keyCounts: FixedWindows,
  ) {
    for (const record of records) this.known.set(keyOf(record), record);
  }

  /** Sends the look-up of the stored answers to those commands that carry a key. */
  static async send(
    transaction: PipelinedTransaction,
    commands: readonly SeatCommand[],
    rules: KeyRules,
    keyCounts: FixedWindows,
  ): Promise<StoredAnswers> {
    const keyed = commands.filter(isKeyed);
    if (keyed.length === 0) return new StoredAnswers([], rules, keyCounts);
    // Version 0.1 knew no show here and left 0: such a record is this command's if it stands for the very same request.
    const { rows } = await transaction.send<StoredAnswer>(
      `SELECT asked.show_id AS "showId", record.holder_id AS "holderId", record.key, fingerprint, outcome
         FROM unnest($1::int[], $2::text[], $3::text[], $4::bytea[]) AS asked(show_id, holder_id, key, request)
         JOIN idempotency_record AS record
           ON record.show_id IN (asked.show_id, 0) AND record.holder_id = asked.holder_id AND record.key = asked.key
        WHERE (record.show_id > 0 OR fingerprint = request)
          AND created_at >= statement_timestamp() - make_interval(hours => $5)
        ORDER BY record.show_id`,
      [...keyColumns(keyed.map(keyOfCommand)), keyed.map(({ idempotency }) => idempotency.fingerprint), rules.ttlHours],
    );
    return new StoredAnswers(rows, rules, keyCounts);
  }

  /**
   * The answer to a keyed command that is not to be decided: the stored one, or that the key belongs to another request, or
   * that the holder has used too many.
   */
  replay(command: SeatCommand): SeatCommandAnswer | undefined {
    if (!isKeyed(command)) return undefined;
    const stored = this.known.get(keyOf(keyOfCommand(command)));
    if (!stored) {
      const tooMany = this.tooMany(command);
      return tooMany && { outcome: tooMany, replayed: false };
    }
    return stored.fingerprint.equals(command.idempotency.fingerprint)
      ? { outcome: readOutcome(stored.outcome, command.seats), replayed: true }
      : { outcome: { kind: 'key-reused' }, replayed: false };
  }

  /** Keeps the first answer to a keyed command, for those that follow in this transaction and after it. */
  keep(command: SeatCommand, outcome: SeatCommandOutcome): void {
    if (!isKeyed(command) || !isStored(outcome)) return;
    const { fingerprint } = command.idempotency;
    const answer = { ...keyOfCommand(command), fingerprint, outcome: writtenOutcome(outcome, command.seats) };
    this.known.set(keyOf(answer), answer);
    this.added.push(answer);
  }

  get hasNew(): boolean {
    return this.added.length > 0;
  }

  /**
   * Sends the new answers. In the order of their keys, as everywhere: transactions that wait for each other's keys in two
   * orders would be a deadlock. It waits for every transaction that stores one of the keys at the same time, and then fails
   * if any of them did: the commands start again together, and find what was stored.
   */
  write(transaction: PipelinedTransaction, nowMs: number, seals: Seals): void {
    if (!this.hasNew) return;
    const sorted = this.added
      .map((answer) => ({ ...answer, outcome: JSON.stringify(answer.outcome), order: keyOf(answer) }))
      .sort((a, b) => (a.order < b.order ? -1 : 1));
    void transaction.send(
      `WITH stored AS (
         INSERT INTO idempotency_record AS record (show_id, holder_id, key, slot, fingerprint, outcome, seal, created_at)
         SELECT asked.show_id, asked.holder_id, asked.key, $7, asked.fingerprint, asked.outcome, asked.seal, $8
           FROM unnest($1::int[], $2::text[], $3::text[], $4::bytea[], $5::json[], $6::bytea[])
             AS asked(show_id, holder_id, key, fingerprint, outcome, seal)
         ON CONFLICT (show_id, holder_id, key, slot) DO UPDATE
            SET fingerprint = excluded.fingerprint, outcome = excluded.outcome, seal = excluded.seal,
                created_at = excluded.created_at
          WHERE record.created_at < excluded.created_at - make_interval(hours => $9)
         RETURNING 1)
       SELECT 1 / (count(*) = $10)::int FROM stored`,
      [
        ...keyColumns(sorted),
        sorted.map(({ fingerprint }) => fingerprint),
        sorted.map(({ outcome }) => outcome),
        sorted.map(({ showId, holderId, key, fingerprint, outcome }) =>
          sealValue(seals.seal(['answer', showId, holderId, key, fingerprint.toString('hex'), outcome, nowMs])),
        ),
        slotAt(nowMs, this.rules.ttlHours),
        timestamp(nowMs),
        this.rules.ttlHours,
        sorted.length,
      ],
    );
  }

  /** Counts the new answers, once they are committed. */
  count(): void {
    const spanMs = this.rules.ttlHours * HOUR_MS;
    for (const { holderId } of this.added) this.keyCounts.hit(holderId, spanMs, this.rules.maxKeysPerHolder);
  }

  /** Whether the holder has used as many keys as are kept, those of this transaction included. */
  private tooMany({ holderId, isExempt }: KeyedCommand): TooManyKeys | undefined {
    if (isExempt) return undefined;
    const max = this.rules.maxKeysPerHolder;
    const { hits, secondsLeft } = this.keyCounts.current(holderId);
    if (hits + this.added.length < max) return undefined;
    const added = this.added.filter((answer) => answer.holderId === holderId).length;
    if (hits + added < max) return undefined;
    return { kind: 'too-many-keys', max, retryAfterSeconds: secondsLeft || this.rules.ttlHours * SECONDS_PER_HOUR };
  }
}

const HOUR_MS = 3_600_000;
const SECONDS_PER_HOUR = 3_600;

interface Key {
  readonly showId: number;
  readonly holderId: string;
  readonly key: string;
}

interface StoredAnswer extends Key {
  readonly fingerprint: Buffer;
  readonly outcome: WrittenOutcome;
}

type KeyedCommand = SeatCommand & { holderId: string; idempotency: NonNullable<SeatCommand['idempotency']> };

function isKeyed(command: SeatCommand): command is KeyedCommand {
  return command.idempotency !== undefined && command.holderId !== null;
}

function isStored(outcome: SeatCommandOutcome): outcome is StoredOutcome {
  switch (outcome.kind) {
    case 'slots-taken':
    case 'key-reused':
    case 'set-aside':
    case 'too-many-keys':
      return false;
    case 'refused':
      // What does not exist takes no room, and may exist when the request is repeated.
      return !(COMMON_REFUSALS as readonly string[]).includes(outcome.code);
    default:
      return true;
  }
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
