import type { Duplex } from 'node:stream';
import type { PoolClient, QueryResult, QueryResultRow } from 'pg';
import type { DataSource } from 'typeorm';
import { arrayLiteral, isPlainArray } from './array-literal';
import { isConnectionFailure } from './pg-errors';
import { ignore, Lease, lease, statementName } from './prepared';

/** The connection broke after COMMIT was sent: whether the transaction took place can't be known here. */
export class CommitUnknownError extends Error {
  constructor(options: { cause: unknown }) {
    super('The outcome of a commit is unknown', options);
    this.name = 'CommitUnknownError';
  }
}

/** PostgreSQL answers COMMIT with ROLLBACK, and no error, when the transaction had failed before. */
const COMMITTED = 'COMMIT';

/**
 * Runs work in a transaction and commits it, unless the work has abandoned it.
 *
 * @throws CommitUnknownError when the outcome of the commit is not known; any other error means that nothing was changed
 */
export async function inPipelinedTransaction<T>(
  dataSource: DataSource,
  work: (transaction: PipelinedTransaction) => Promise<T>,
): Promise<T> {
  const transaction = await PipelinedTransaction.begin(dataSource);
  try {
    const result = await work(transaction);
    if (!transaction.isAbandoned) await transaction.commit();
    return result;
  } catch (error) {
    await transaction.rollback(error);
    throw error;
  }
}

/**
 * A transaction whose statements are sent without waiting for the answers to the ones before (`pg`'s pipeline mode), so
 * that a whole stage of it costs one round trip. The server runs them in order all the same.
 *
 * Sending is immediate and in order of the calls; every promise must be awaited through {@link stage} or {@link commit},
 * which report the statement that failed first, not the "transaction is aborted" of those behind it.
 */
export class PipelinedTransaction {
  private readonly sent: Promise<unknown>[] = [];
  private finished = false;
  private abandoned = false;
  private collecting = false;
  private readonly client: PoolClient;

  private constructor(private readonly lease: Lease) {
    this.client = lease.client;
    // The database may have another default. Under READ COMMITTED a statement behind the locks reads what is committed then.
    void this.send('BEGIN ISOLATION LEVEL READ COMMITTED', []);
  }

  /** Takes a connection of TypeORM's pool; BEGIN travels with the first statement. */
  static async begin(dataSource: DataSource): Promise<PipelinedTransaction> {
    return new PipelinedTransaction(await lease(dataSource));
  }

  /** Sends a statement. @param text see {@link statementName} */
  send<Row extends QueryResultRow>(text: string, values: unknown[]): Promise<QueryResult<Row>> {
    this.writeTogether();
    const written = values.map((value) => (isPlainArray(value) ? arrayLiteral(value) : value));
    const result = this.client.query<Row>({ name: statementName(text), text, values: written });
    // Its failure is reported by stage() or commit(); without this it would count as unhandled until then.
    result.catch(ignore);
    this.sent.push(result);
    return result;
  }

  /**
   * Waits for everything sent so far, in one round trip, and returns what was read with it.
   *
   * @throws the error of the statement that failed first
   */
  async stage<Reads extends readonly unknown[]>(
    reads: Reads,
  ): Promise<{ -readonly [I in keyof Reads]: Awaited<Reads[I]> }> {
    const read = Promise.all(reads);
    read.catch(ignore);
    const settled = await Promise.allSettled(this.sent.splice(0));
    const failed = settled.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
    return read;
  }

  /**
   * Sends COMMIT behind the statements sent so far and waits for all of them.
   *
   * @throws CommitUnknownError when the connection broke on the way; any other error means: rolled back
   */
  async commit(): Promise<void> {
    const commit = this.send('COMMIT', []);
    let brokenBy: unknown;
    try {
      const [{ command }] = await this.stage([commit]);
      if (command !== COMMITTED) throw new Error(`COMMIT was answered by ${command}`);
    } catch (error) {
      if (!isConnectionFailure(error)) throw error;
      brokenBy = error;
      throw new CommitUnknownError({ cause: error });
    } finally {
      this.giveBack(brokenBy);
    }
  }

  get isAbandoned(): boolean {
    return this.abandoned;
  }

  /**
   * Ends a transaction that has nothing to write, and hands its result on. Nobody waits for the ROLLBACK: all that was read
   * is committed already.
   */
  abandon<T>(result: T): T {
    this.abandoned = true;
    void this.rollback(undefined);
    return result;
  }

  /** Rolls back, unless the transaction has ended, and gives the connection back. Never throws. */
  async rollback(cause: unknown): Promise<void> {
    if (this.finished) return;
    if (isConnectionFailure(cause)) return this.giveBack(cause);
    const brokenBy = await this.send('ROLLBACK', []).then(
      () => undefined,
      (error: unknown) => error,
    );
    this.giveBack(brokenBy);
  }

  /** Collects the statements of this turn of the event loop into one write: a system call for a stage, not for a statement. */
  private writeTogether(): void {
    if (this.collecting) return;
    this.collecting = true;
    const { stream } = (this.client as unknown as { connection: { stream: Duplex } }).connection;
    stream.cork();
    process.nextTick(() => {
      this.collecting = false;
      stream.uncork();
    });
  }

  /** A broken connection leaves the pool. */
  private giveBack(brokenBy: unknown): void {
    if (this.finished) return;
    this.finished = true;
    this.lease.giveBack(brokenBy);
  }
}
