import { Inject, Injectable, Logger, OnModuleDestroy } from '@nestjs/common';
import { Counter } from 'prom-client';
import type { ProblemCode } from '../../problem-catalogue';
import { APP_CONFIG } from '../config/app-config';
import type { AppConfig } from '../config/app-config';
import { Metrics } from '../metrics/metrics';
import { SampledLog } from './sampled-log';

/** Each tab of an honest client meets this now and then. */
const USUAL_REASON = 'expired';

/** A refusal that may be a part of an attack. It has no secret in it, and nothing that a client typed. */
export interface SecurityEvent {
  readonly kind: ProblemCode;
  /** One of few words. */
  readonly reason: string;
  /** The group of addresses that limits count by. */
  readonly address: string;
  readonly holder?: string | undefined;
  /** A mark of what the client asked for, by which lines about the same thing are found. */
  readonly subject?: string | undefined;
  readonly method: string;
  /** As it is declared, so without what a client wrote into the path or behind it. */
  readonly route: string;
  readonly requestId: string;
}

/** Counts security events, and logs a sample of them. */
@Injectable()
export class SecurityEvents implements OnModuleDestroy {
  private readonly counter: Counter<'kind' | 'reason'>;
  private readonly log: SampledLog;

  constructor({ registry }: Metrics, @Inject(APP_CONFIG) { log }: Pick<AppConfig, 'log'>) {
    this.log = new SampledLog(new Logger('Security'), log.securityEventsPerMinute);
    this.counter = new Counter({
      name: 'rowlock_security_events_total',
      help: 'Refused logins, tokens and roles, and requests beyond a limit',
      labelNames: ['kind', 'reason'],
      registers: [registry],
    });
  }

  tell({ kind, reason, ...particulars }: SecurityEvent): void {
    this.counter.inc({ kind, reason });
    if (reason === USUAL_REASON) return;
    const name = reason === '' ? kind : `${kind} (${reason})`;
    this.log.warn(name, name, particulars);
  }

  onModuleDestroy(): void {
    this.log.end();
  }
}
