import { Inject, Injectable } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import { CommandDataSource } from '../platform/database/pools';
import { APP_CONFIG } from '../platform/config/app-config';
import type { AppConfig } from '../platform/config/app-config';
import { Seals } from '../platform/seals';
import { CommitUnknownError, inPipelinedTransaction } from '../platform/database/pipelined-transaction';
import { FixedWindows } from '../platform/http/fixed-windows';
import type { SeatCommand, SeatCommandAnswer } from './seat-command';
import { SEAT_LISTENERS, SeatListener } from './seat-listener';
import { SeatLock } from './seat-lock';
import { namedSeats, SeatRules, SeatScene } from './seat-scene';
import { seatKey } from './seat-transitions';
import { TransactionWriter } from './transaction-writer';

/**
 * The only writer of a seat's status: lock, clock, decide, write, commit. Takes any number of commands into one transaction
 * and decides them in order, each seeing the effect of those before it. See README.md beside this file.
 */
@Injectable()
export class SeatStateMachine {
  /** TypeORM's `pessimistic_write`, in one statement and one order. */
  private readonly lock: SeatLock;
  private readonly rules: SeatRules;
  /** The keys under which answers of each holder were stored, by this process. */
  private readonly keyCounts = new FixedWindows();

  constructor(
    @Inject(CommandDataSource) private readonly dataSource: DataSource,
    private readonly writer: TransactionWriter,
    @Inject(SEAT_LISTENERS) private readonly listeners: readonly SeatListener[],
    @Inject(APP_CONFIG)
    config: Pick<AppConfig, 'holds' | 'idempotency'> & { rateLimits: Pick<AppConfig['rateLimits'], 'enabled'> },
    private readonly seals: Seals,
  ) {
    this.lock = new SeatLock(dataSource);
    const { holds, idempotency, rateLimits } = config;
    const maxKeysPerHolder = rateLimits.enabled ? idempotency.maxKeysPerHolder : Infinity;
    this.rules = { holds, idempotency: { ...idempotency, maxKeysPerHolder } };
  }

  /**
   * Runs the commands as one transaction and returns their answers, in order, once it is committed. A refusal is an answer.
   *
   * @throws CommitUnknownError when the commit's outcome is unknown; any other error means that nothing was changed
   */
  async execute(commands: readonly SeatCommand[]): Promise<SeatCommandAnswer[]> {
    try {
      const { scene, answers, changed } = await inPipelinedTransaction(this.dataSource, async (transaction) => {
        // FOR UPDATE, and behind the locks the clock and all else that deciding needs.
        const scene = await SeatScene.read(
          transaction,
          this.lock,
          commands,
          this.writer,
          this.rules,
          this.keyCounts,
          this.seals,
        );
        // By the table, in `commands/`.
        const answers = commands.map((command) => scene.decide(command));
        if (scene.isUnchanged) return transaction.abandon({ scene, answers, changed: [] });
        return { scene, answers, changed: scene.write(transaction) };
      });
      // Nothing below may throw. The queue treats an exception as a failed transaction and would run these committed
      // commands again.
      scene.committed();
      if (changed.length > 0) for (const listener of this.listeners) listener.committed(changed);
      return answers;
    } catch (error) {
      if (error instanceof CommitUnknownError) {
        for (const listener of this.listeners) listener.uncertain(commands.map(({ showId }) => showId));
      }
      throw error;
    }
  }

  /** Which of the commands name a seat that another transaction has locked right now. Changes nothing. */
  findStuck(commands: readonly SeatCommand[]): Promise<Set<SeatCommand>> {
    return inPipelinedTransaction(this.dataSource, async (transaction) => {
      const [locked] = await transaction.stage([this.lock.sendFindLocked(transaction, namedSeats(commands))] as const);
      const isStuck = ({ showId, seats }: SeatCommand) => seats.some((seat) => locked.has(seatKey(showId, seat)));
      return transaction.abandon(new Set(commands.filter(isStuck)));
    });
  }
}
