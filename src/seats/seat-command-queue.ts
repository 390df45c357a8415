import { Inject, Injectable, Logger } from '@nestjs/common';
import { APP_CONFIG } from '../platform/config/app-config';
import type { AppConfig } from '../platform/config/app-config';
import { failureKind, isConnectionFailure, isTimeout, sqlState } from '../platform/database/pg-errors';
import { CommitUnknownError } from '../platform/database/pipelined-transaction';
import { Problem } from '../platform/problem/problem';
import { DEADLINE_GUARD_FAILED } from './deadline-guard';
import { FairQueue } from './fair-queue';
import { lapseCommand, SeatCommand, SeatCommandAnswer } from './seat-command';
import { SeatMetrics } from './seat-metrics';
import { SeatStateMachine } from './seat-state-machine';

/**
 * Combining: commands that arrive while a transaction is in flight wait in memory and go together in the next one. There
 * is no timer: an idle lane starts at once, so a single command has the latency of one transaction, and under load the
 * transactions grow by themselves. This is speed only. What keeps seats from being sold twice are the row locks, so any
 * number of processes may do the same against one database, and a limit of one command a transaction changes no answer.
 *
 * A lane runs one transaction at a time, and a show always goes to the same lane: lanes of one process never wait for each
 * other's rows.
 */
@Injectable()
export class SeatCommandQueue {
  private readonly logger = new Logger(SeatCommandQueue.name);
  private readonly lanes: Lane[];
  private waiting = 0;

  constructor(
    private readonly stateMachine: SeatStateMachine,
    private readonly metrics: SeatMetrics,
    @Inject(APP_CONFIG)
    private readonly config: Pick<AppConfig, 'combining' | 'queue' | 'commands'>,
  ) {
    this.lanes = Array.from({ length: config.combining.lanes }, () => new Lane(config.combining));
  }

  /** The most seats that one command may name. */
  get maxSeats(): number {
    return this.config.commands.maxSeats;
  }

  /** Commands that wait for their transaction now. */
  get length(): number {
    return this.waiting;
  }

  /**
   * Runs a command in the next transaction of its lane. A hold whose places are taken by lapsed holds is decided again once
   * those are expired.
   *
   * @throws Problem BUSY when the queue is full, a time limit is reached, the database is away, or the outcome of the
   * commit is unknown; any other error is a defect. After BUSY the same command may be sent again.
   */
  async submit(command: SeatCommand): Promise<SeatCommandAnswer> {
    for (let round = 0; round <= MAX_TIDY_ROUNDS; round++) {
      const answer = await this.enqueue(command);
      if (answer.outcome.kind !== 'slots-taken') return answer;
      const { lapsed } = answer.outcome;
      if (lapsed.length > 0) await this.enqueue(lapseCommand(command.showId, lapsed));
    }
    throw busy("The holder's holds keep changing; nothing was changed.");
  }

  private enqueue(command: SeatCommand): Promise<SeatCommandAnswer> {
    if (this.waiting >= this.config.queue.maxCommands)
      return Promise.reject(busy('The queue of seat commands is full.'));
    return new Promise<SeatCommandAnswer>((resolve, reject) => {
      const deadlineMs = performance.now() + this.config.queue.timeoutMs;
      this.waiting++;
      this.push({ command, resolve, reject, deadlineMs });
    });
  }

  private push(entry: Entry): void {
    const lane = this.lanes[entry.command.showId % this.lanes.length]!;
    lane.push(entry);
    if (!lane.isRunning) void this.run(lane);
  }

  /** Works until the lane is empty. Never throws: every failure goes to the commands it befell. */
  private async run(lane: Lane): Promise<void> {
    lane.isRunning = true;
    while (!lane.isEmpty) {
      const batch = lane.take();
      this.waiting -= batch.length;
      await this.attempt(this.inTime(batch));
    }
    lane.isRunning = false;
  }

  private async attempt(batch: readonly Entry[], attempt = 1): Promise<void> {
    if (batch.length === 0) return;
    try {
      const answers = await this.stateMachine.execute(batch.map((entry) => entry.command));
      this.metrics.transaction(batch.length, this.waiting);
      batch.forEach((entry, index) => {
        const answer = answers[index]!;
        this.metrics.answered(entry.command.name, answer.outcome);
        if (answer.outcome.kind === 'set-aside') this.setAside(entry, answer.outcome.waitMs);
        else entry.resolve(answer);
      });
    } catch (error) {
      const kind = failureKind(error);
      if (error instanceof CommitUnknownError) {
        // It may have taken place. The client's retry finds out, by state or by key.
        this.giveUp(batch, busy('The outcome is not known; send the same request again.'));
      } else if (isConnectionFailure(error)) {
        // Nothing was committed. A session that was ended is replaced; where none can be had, one attempt is all the time
        // there is: going through the commands one by one would keep the last of them waiting for minutes.
        if (attempt < MAX_ATTEMPTS && !isTimeout(error)) await this.attempt(this.inTime(batch), attempt + 1);
        else this.giveUpBusy(batch, error);
      } else if (kind === 'conflict' && attempt < MAX_ATTEMPTS) {
        // A fresh start sees the rows that were in the way. One command with many conflicts must not break up all batches.
        await this.attempt(batch, attempt + 1);
      } else if (batch.length > 1) {
        await this.separate(batch, error);
      } else if (kind === 'defect') {
        this.giveUp(batch, error);
      } else {
        this.giveUpBusy(batch, error);
      }
    }
  }

  /** One bad command or one stuck row must not fail its neighbours: each command gets a transaction of its own. */
  private async separate(batch: readonly Entry[], error: unknown): Promise<void> {
    let rest = batch;
    if (sqlState(error) === LOCK_NOT_AVAILABLE) {
      // The commands that want the stuck rows have waited their time. The others would wait for those rows again beside them.
      const stuck = await this.stateMachine.findStuck(batch.map((entry) => entry.command)).catch(() => new Set());
      const wantsStuck = batch.filter((entry) => stuck.has(entry.command));
      this.giveUp(wantsStuck, busy('The seat is being changed by somebody else; nothing was changed.'));
      rest = batch.filter((entry) => !stuck.has(entry.command));
    }
    for (const entry of rest) await this.attempt(this.inTime([entry]));
  }

  /** Has the command decided again once the hold in its way has lapsed. The time until then is no waiting for a turn. */
  private setAside(entry: Entry, waitMs: number): void {
    this.waiting++;
    setTimeout(() => this.push({ ...entry, deadlineMs: entry.deadlineMs + waitMs }), waitMs);
  }

  private giveUpBusy(entries: readonly Entry[], error: unknown): void {
    const isTooClose = sqlState(error) === DEADLINE_GUARD_FAILED;
    const reason = isTooClose ? 'the commit would have come too close to the deadline of a hold' : String(error);
    this.logger.warn(`${entries.length} seat command(s) given up: ${reason}`);
    this.giveUp(entries, busy('A time limit was reached or the database is away; nothing was changed.'));
  }

  private giveUp(entries: readonly Entry[], reason: unknown): void {
    for (const entry of entries) {
      this.metrics.outcome(entry.command.name, reason instanceof Problem ? 'busy' : 'failed');
      entry.reject(reason);
    }
  }

  /** Those that have not waited too long; the others are told so. */
  private inTime(entries: readonly Entry[]): readonly Entry[] {
    const nowMs = performance.now();
    const late = entries.filter((entry) => nowMs > entry.deadlineMs);
    if (late.length === 0) return entries;
    this.giveUp(late, busy('The command waited too long for its turn; nothing was changed.'));
    return entries.filter((entry) => nowMs <= entry.deadlineMs);
  }
}

const MAX_ATTEMPTS = 3;
/** How often a hold is decided again after expiring the lapsed holds in its way. */
const MAX_TIDY_ROUNDS = 3;
const LOCK_NOT_AVAILABLE = '55P03';
const RETRY_AFTER_SECONDS = 1;

function busy(detail: string): Problem {
  return new Problem('BUSY', { detail, retryAfterSeconds: RETRY_AFTER_SECONDS });
}

interface Entry {
  readonly command: SeatCommand;
  readonly resolve: (answer: SeatCommandAnswer) => void;
  readonly reject: (error: unknown) => void;
  /** By this process's monotonic clock: it decides about waiting, never about holds. */
  readonly deadlineMs: number;
}

/** The commands of a lane that wait, and which of them go together. */
class Lane {
  isRunning = false;
  /** By show, or all together where a transaction may have commands of several. In the order of their turns. */
  private readonly groups = new Map<number, FairQueue<Entry>>();

  constructor(private readonly combining: AppConfig['combining']) {}

  get isEmpty(): boolean {
    return this.groups.size === 0;
  }

  push(entry: Entry): void {
    const { showId, holderId } = entry.command;
    const group = this.combining.acrossShows ? ALL_SHOWS : showId;
    let queue = this.groups.get(group);
    if (!queue) this.groups.set(group, (queue = new FairQueue()));
    queue.push(holderId ?? NOBODY, entry);
  }

  take(): Entry[] {
    const [group, queue] = this.groups.entries().next().value!;
    const batch = queue.take(this.combining.maxCommands, this.combining.maxPerHolder);
    // Behind the other shows.
    this.groups.delete(group);
    if (!queue.isEmpty) this.groups.set(group, queue);
    return batch;
  }
}

/** No show has this id. */
const ALL_SHOWS = 0;
/** The sweep has its turns like a holder. */
const NOBODY = '';
