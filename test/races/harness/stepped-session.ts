import { Client } from 'pg';
import type { Pool, PoolClient, QueryConfig } from 'pg';
import { DataSource } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { BookingRows } from '../../../src/bookings/booking-rows';
import { parseDatabaseEnvironment } from '../../../src/platform/config/app-config';
import { dataSourceOptions } from '../../../src/platform/database/data-source-options';
import { sqlState, violatedConstraint } from '../../../src/platform/database/pg-errors';
import { Metrics } from '../../../src/platform/metrics/metrics';
import { Seals } from '../../../src/platform/seals';
import { schema } from '../../../src/database/schema';
import type { SeatCommandAnswer } from '../../../src/seats/seat-command';
import { SeatCommandQueue } from '../../../src/seats/seat-command-queue';
import { SeatMetrics } from '../../../src/seats/seat-metrics';
import { SeatStateMachine } from '../../../src/seats/seat-state-machine';

/**
 * Into how many steps a transaction is cut. The statements and their order are the product's own; what it sends in one
 * go is held back here, and let through step by step.
 *
 * - 4: BEGIN and the statement behind it, which locks; the other reads; the writes; COMMIT or ROLLBACK
 * - 3: BEGIN, the lock and the other reads; the writes; COMMIT or ROLLBACK
 */
export type StepCount = 3 | 4;

/** The end of a command. */
export type Ending = { readonly answer: SeatCommandAnswer } | { readonly error: unknown };

interface Statement {
  readonly text: string;
  /** The step it belongs to, counted over all transactions of the command. */
  readonly step: number;
  readonly send: () => void;
}

/** The SQLSTATE of the statements behind a failed one. */
const IN_FAILED_TRANSACTION = '25P02';

/** The method before which the gate stands. */
const query = Client.prototype.query as (this: PoolClient, statement: QueryConfig) => Promise<unknown>;

const SEALS = new Seals(['the secret of the ledger in these tests']);

/** A connection while a transaction has it. */
interface Lease {
  /** How many steps the transactions before it had. */
  readonly stepsBefore: number;
  statements: number;
  hasWritten: boolean;
  isLost: boolean;
}

/**
 * An instance of the app as far as seats are concerned: the queue of commands, the state machine and a pool of
 * connections, whose statements reach the database only as far as they are allowed to. Runs one command at a time.
 */
export class SteppedSession {
  readonly queue: SeatCommandQueue;
  readonly machine: SeatStateMachine;
  /** How the command ended, once it has. */
  ending: Ending | undefined;
  /** Whether it was answered while its writes were not yet committed. */
  answeredEarly = false;
  /** How many connections were given back in the middle of a transaction, since the session was opened. */
  leftOpen = 0;
  /** Statements that failed, as SQLSTATE and constraint, since the session was opened. */
  readonly failures: string[] = [];
  /** Shows with a commit of unknown outcome, as far as its listener heard, since the session was opened. */
  readonly uncertainShowIds: number[] = [];
  /** All backends that it ever had, as one that lost its connection may keep its locks for a while. */
  readonly processIds = new Set<number>();
  /** Counts statements, answers and connections between here and the database. */
  events = 0;

  private readonly pool: Pool;
  private readonly leases = new Map<PoolClient, Lease>();
  private readonly held: Statement[] = [];
  private readonly inFlight: Statement[] = [];
  private isRunning = false;
  private allowedSteps = 0;
  private transactions = 0;
  private listeners: (() => void)[] = [];

  static async open(
    databaseUrl: string,
    stepCount: StepCount,
    settings: Record<string, string> = {},
  ): Promise<SteppedSession> {
    // The same few holders use a key in each of thousands of orders.
    const manyKeys = { IDEMPOTENCY_MAX_KEYS_PER_HOLDER: '1000000' };
    const config = parseDatabaseEnvironment({ ...manyKeys, ...settings, DATABASE_URL: databaseUrl });
    const dataSource = await new DataSource(dataSourceOptions(config, schema)).initialize();
    return new SteppedSession(dataSource, stepCount, config);
  }

  private constructor(
    private readonly dataSource: DataSource,
    private readonly stepCount: StepCount,
    config: ReturnType<typeof parseDatabaseEnvironment>,
  ) {
    const uncertain = (showIds: readonly number[]) => void this.uncertainShowIds.push(...showIds);
    const changes = { committed: () => undefined, uncertain };
    this.machine = new SeatStateMachine(dataSource, new BookingRows(), [changes], config, SEALS);
    this.queue = new SeatCommandQueue(this.machine, new SeatMetrics(new Metrics()), config);
    this.pool = (dataSource.driver as PostgresDriver).master as Pool;
    this.pool.on('acquire', (client) => this.lease(client));
    this.pool.on('release', (error, client) => this.endLease(client, error !== undefined));
  }

  /** Starts a command. Nothing of it reaches the database until {@link allow} says so. */
  start(run: (session: SteppedSession) => Promise<SeatCommandAnswer>): void {
    this.allowedSteps = 0;
    this.transactions = 0;
    this.isRunning = true;
    this.ending = undefined;
    this.answeredEarly = false;
    const end = (ending: Ending) => {
      this.happens();
      this.isRunning = false;
      this.ending = ending;
      this.answeredEarly = 'answer' in ending && [...this.leases.values()].some((lease) => lease.hasWritten);
    };
    run(this).then(
      (answer) => end({ answer }),
      (error: unknown) => end({ error }),
    );
  }

  /** Lets the statements of the first so many steps through. The later ones wait for their turn. */
  allow(steps: number): void {
    this.allowedSteps = steps;
    while (this.held.length > 0 && this.held[0]!.step < steps) this.held.shift()!.send();
  }

  /**
   * Loses its connections, with the statements that were not let through yet, and allows everything that it does
   * thereupon. The sockets are closed here, unless `terminate` has PostgreSQL end the backend.
   */
  async lose(terminate?: (processId: number) => Promise<void>): Promise<void> {
    const clients = [...this.leases.keys()];
    const ended = clients.map((client) => new Promise<void>((resolve) => client.once('end', resolve)));
    for (const [client, lease] of this.leases) {
      lease.isLost = true;
      if (terminate) await terminate(processIdOf(client));
      else streamOf(client).destroy();
    }
    await Promise.all(ended);
    this.allow(Infinity);
  }

  /** Whether no command is under way, and every connection is given back. */
  get isFinished(): boolean {
    return !this.isRunning && this.leases.size === 0;
  }

  /** Whether nothing more will happen before more steps are allowed. */
  get isAtRest(): boolean {
    return this.inFlight.length === 0 && (this.held.length > 0 || this.isFinished);
  }

  /** The statement that the database is at, if any. */
  get current(): string | undefined {
    return this.inFlight[0]?.text;
  }

  /** The backend of the transaction that is under way, if any. */
  get processId(): number | undefined {
    const client = [...this.leases.keys()].at(-1);
    return client && processIdOf(client);
  }

  /** Resolves when something happens between here and the database. */
  happened(): Promise<void> {
    return new Promise((resolve) => this.listeners.push(resolve));
  }

  /** Also in the middle of a command, which is given up. */
  async close(): Promise<void> {
    await this.lose();
    await this.dataSource.destroy();
  }

  private happens(): void {
    this.events++;
    for (const listener of this.listeners.splice(0)) listener();
  }

  private lease(client: PoolClient): void {
    this.processIds.add(processIdOf(client));
    this.leases.set(client, {
      stepsBefore: this.transactions++ * this.stepCount,
      statements: 0,
      hasWritten: false,
      isLost: false,
    });
    client.query = ((statement: QueryConfig) => this.enter(client, statement)) as PoolClient['query'];
  }

  private endLease(client: PoolClient, isBroken: boolean): void {
    this.happens();
    const lease = this.leases.get(client)!;
    if (!isBroken && !lease.isLost && client.getTransactionStatus() !== 'I') this.leftOpen++;
    this.leases.delete(client);
    // This uncovers the prototype's method.
    delete (client as Partial<PoolClient>).query;
  }

  private enter(client: PoolClient, config: QueryConfig): Promise<unknown> {
    const { text } = config;
    const step = this.stepOf(text, this.leases.get(client)!);
    this.happens();
    return new Promise((resolve, reject) => {
      const send = () => {
        this.inFlight.push(statement);
        query
          .call(client, config)
          .catch((error: unknown) => {
            const state = sqlState(error) ?? String(error);
            if (state !== IN_FAILED_TRANSACTION)
              this.failures.push([state, violatedConstraint(error)].filter(Boolean).join(' '));
            throw error;
          })
          .finally(() => {
            this.happens();
            this.inFlight.splice(this.inFlight.indexOf(statement), 1);
          })
          .then(resolve, reject);
      };
      const statement: Statement = { text, step, send };
      if (step < this.allowedSteps) send();
      else this.held.push(statement);
    });
  }

  private stepOf(text: string, lease: Lease): number {
    const isFirst = lease.statements++ < 2;
    if (/^(INSERT|UPDATE|WITH stored)/.test(text)) lease.hasWritten = true;
    const { stepsBefore } = lease;
    if (/^(COMMIT|ROLLBACK)/.test(text)) return stepsBefore + this.stepCount - 1;
    if (lease.hasWritten) return stepsBefore + this.stepCount - 2;
    return stepsBefore + (isFirst || this.stepCount === 3 ? 0 : 1);
  }
}

function streamOf(client: PoolClient): { destroy(): void } {
  return (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream;
}

function processIdOf(client: PoolClient): number {
  return (client as unknown as { processID: number }).processID;
}
