import { Injectable, Logger, OnModuleDestroy } from '@nestjs/common';
import { Counter } from 'prom-client';
import { SampledLog } from '../logging/sampled-log';
import { Metrics } from './metrics';

const LINES_PER_MINUTE = 1;

/** The limits of the server itself that can turn a client away. */
export type RefusalReason =
  | 'connections'
  | 'connections_per_address'
  | 'requests_per_connection'
  | 'requests_per_address'
  | 'slow_reader'
  | 'open_files'
  | 'overload';

/** Counts what the server turns away, and tells the log of each reason once a minute. */
@Injectable()
export class Refusals implements OnModuleDestroy {
  private readonly log = new SampledLog(new Logger(Refusals.name), LINES_PER_MINUTE);
  private readonly counter: Counter<'reason'>;

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
    this.log.warn(reason, message);
  }

  onModuleDestroy(): void {
    this.log.end();
  }
}
