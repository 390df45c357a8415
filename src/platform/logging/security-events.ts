import { Inject, Injectable, Logger, OnModuleDestroy } from '@nestjs/common';
import { Counter } from 'prom-client';
import type { ProblemCode } from '../../problem-catalogue';
import { APP_CONFIG } from '../config/app-config';
import type { AppConfig } from '../config/app-config';
import { Metrics } from '../metrics/metrics';

const WINDOW_MS = 60_000;
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

interface Window {
  told: number;
  leftOut: number;
  readonly timer: NodeJS.Timeout;
}

/**
 * Counts security events, and logs the first of each kind in a minute and how many more there were: neither does an attack
 * go unseen, nor does it fill the log.
 */
@Injectable()
export class SecurityEvents implements OnModuleDestroy {
  private readonly logger = new Logger('Security');
  private readonly counter: Counter<'kind' | 'reason'>;
  private readonly windows = new Map<string, Window>();
  private readonly perMinute: number;

  constructor({ registry }: Metrics, @Inject(APP_CONFIG) { log }: Pick<AppConfig, 'log'>) {
    this.perMinute = log.securityEventsPerMinute;
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
    const window = this.windowOf(name);
    if (window.told < this.perMinute) {
      window.told++;
      this.logger.warn(name, particulars);
    } else {
      window.leftOut++;
    }
  }

  onModuleDestroy(): void {
    for (const name of this.windows.keys()) this.end(name);
  }

  private windowOf(name: string): Window {
    let window = this.windows.get(name);
    if (!window) {
      window = { told: 0, leftOut: 0, timer: setTimeout(() => this.end(name), WINDOW_MS).unref() };
      this.windows.set(name, window);
    }
    return window;
  }

  private end(name: string): void {
    const { leftOut, timer } = this.windows.get(name)!;
    clearTimeout(timer);
    this.windows.delete(name);
    if (leftOut > 0) this.logger.warn(`${name}: ${leftOut} more within a minute`);
  }
}
