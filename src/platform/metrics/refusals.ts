import { Injectable, Logger } from '@nestjs/common';
import { Counter } from 'prom-client';
import { Metrics } from './metrics';

const LOG_INTERVAL_MS = 60_000;

/** The limits of the server itself that can turn a client away. */
export type RefusalReason =
  | 'connections'
  | 'connections_per_address'
  | 'requests_per_connection'
  | 'requests_per_address'
  | 'slow_reader'
  | 'open_files'
  | 'overload';

/**
 * Counts what the server turns away, and tells the log of each reason at most once a minute: a flood of clients must not
 * become a flood of lines.
 */
@Injectable()
export class Refusals {
  private readonly logger = new Logger(Refusals.name);
  private readonly counter: Counter<'reason'>;
  private readonly told = new Map<RefusalReason, { atMs: number; since: number }>();

  constructor({ registry }: Metrics) {
    this.counter = new Counter({
      name: 'rowlock_refusals_total',
      help: 'Requests refused and connections cut, by the limit that was reached',
      labelNames: ['reason'],
      registers: [registry],
    });
  }

  /** @param message which limit was reached, for operators */
  count(reason: RefusalReason, message: string): void {
    this.counter.inc({ reason });
    const nowMs = performance.now();
    const last = this.told.get(reason);
    if (last && nowMs - last.atMs < LOG_INTERVAL_MS) {
      last.since++;
      return;
    }
    const unsaid = last?.since ? ` (and ${last.since} times since the last such line)` : '';
    this.logger.warn(`${message}${unsaid}`);
    this.told.set(reason, { atMs: nowMs, since: 0 });
  }
}
