import {
  applyDecorators,
  CanActivate,
  ExecutionContext,
  Global,
  Inject,
  Injectable,
  Module,
  SetMetadata,
  UseGuards,
} from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Counter } from 'prom-client';
import { APP_CONFIG } from '../config/app-config';
import type { AppConfig } from '../config/app-config';
import { Metrics } from '../metrics/metrics';
import { Problem } from '../problem/problem';
import { clientAddress } from './client-address';
import { FixedWindows } from './fixed-windows';

const WINDOW_MS = 60_000;
/** A /48 of IPv6 is a customer of a provider, and may ask as often as ten others. */
const WIDE_GROUP_FACTOR = 10;

/** Reads by their cost, each with the setting that says how many there may be. */
const PER_MINUTE = { light: 'readsPerMinute', heavy: 'heavyReadsPerMinute' } as const satisfies Record<
  string,
  keyof AppConfig['rateLimits']
>;
export type ReadCost = keyof typeof PER_MINUTE;

const COST = Symbol('READ_COST');

/** Limits how often one address may ask. `heavy` is a read of many seats: a seat map, or shows with their counts. */
export const LimitReads = (cost: ReadCost): MethodDecorator =>
  applyDecorators(SetMetadata(COST, cost), UseGuards(ReadLimitGuard));

/**
 * Counts the reads of each address. This machine itself is not limited: somebody at their own laptop, or everybody behind a
 * proxy that is set up wrongly.
 */
@Injectable()
export class ReadLimits {
  /** A bounded table for each cost. */
  private readonly windows: Readonly<Record<ReadCost, FixedWindows>> = {
    light: new FixedWindows(),
    heavy: new FixedWindows(),
  };
  private readonly refused: Counter<'cost'>;

  constructor(
    @Inject(APP_CONFIG) private readonly config: Pick<AppConfig, 'rateLimits'>,
    { registry }: Metrics,
  ) {
    this.refused = new Counter({
      name: 'rowlock_reads_refused_total',
      help: 'Reads beyond the limit of their address',
      labelNames: ['cost'],
      registers: [registry],
    });
  }

  /** @throws Problem RATE_LIMITED */
  count(ip: string, cost: ReadCost): void {
    const { enabled, [PER_MINUTE[cost]]: perMinute } = this.config.rateLimits;
    const { group, wideGroup, isLoopback } = clientAddress(ip);
    if (!enabled || isLoopback) return;
    this.countOf(group, cost, perMinute);
    if (wideGroup !== undefined) this.countOf(wideGroup, cost, WIDE_GROUP_FACTOR * perMinute);
  }

  private countOf(addresses: string, cost: ReadCost, limit: number): void {
    const { isBlocked, timeToBlockExpire } = this.windows[cost].hit(addresses, WINDOW_MS, limit);
    if (!isBlocked) return;
    this.refused.inc({ cost });
    throw new Problem('RATE_LIMITED', {
      detail: `No more than ${limit} such reads a minute from one address.`,
      retryAfterSeconds: timeToBlockExpire,
    });
  }
}

@Injectable()
export class ReadLimitGuard implements CanActivate {
  constructor(private readonly limits: ReadLimits) {}

  canActivate(context: ExecutionContext): true {
    const cost = Reflect.getMetadata(COST, context.getHandler()) as ReadCost;
    this.limits.count(context.switchToHttp().getRequest<FastifyRequest>().ip, cost);
    return true;
  }
}

/** All routes count in the same tables. */
@Global()
@Module({ providers: [ReadLimits], exports: [ReadLimits] })
export class ReadLimitModule {}
