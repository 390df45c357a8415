import { Injectable } from '@nestjs/common';
import { Counter, Gauge, Histogram } from 'prom-client';
import { Metrics } from '../platform/metrics/metrics';
import type { SeatCommandOutcome } from './seat-command';

const BUCKETS_COMMANDS = [1, 2, 4, 8, 16, 32, 64, 128, 256];

/** How well commands combine, and what becomes of them. */
@Injectable()
export class SeatMetrics {
  private readonly commands: Counter<'command' | 'outcome'>;
  private readonly refused: Counter<'command' | 'code' | 'limit_of'>;
  private readonly perTransaction: Histogram;
  private readonly waiting: Gauge;

  constructor({ registry }: Metrics) {
    const registers = [registry];
    this.commands = new Counter({
      name: 'rowlock_seat_commands_total',
      help: 'Seat commands by what became of them',
      labelNames: ['command', 'outcome'],
      registers,
    });
    this.refused = new Counter({
      name: 'rowlock_seat_commands_refused_total',
      help: 'Refused seat commands by their reason; limit_of says whose seats a limit counts together',
      labelNames: ['command', 'code', 'limit_of'],
      registers,
    });
    this.perTransaction = new Histogram({
      name: 'rowlock_commands_per_transaction',
      help: 'Seat commands that shared a transaction',
      buckets: BUCKETS_COMMANDS,
      registers,
    });
    this.waiting = new Gauge({
      name: 'rowlock_commands_waiting',
      help: 'Seat commands waiting for their transaction',
      registers,
    });
  }

  transaction(commands: number, waiting: number): void {
    this.perTransaction.observe(commands);
    this.waiting.set(waiting);
  }

  answered(command: string, outcome: SeatCommandOutcome): void {
    this.outcome(command, outcome.kind);
    if (outcome.kind !== 'refused') return;
    this.refused.inc({ command, code: outcome.code, limit_of: outcome.limit?.of ?? '' });
  }

  outcome(command: string, outcome: string): void {
    this.commands.inc({ command, outcome });
  }
}
