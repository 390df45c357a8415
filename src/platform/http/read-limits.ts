import { applyDecorators, CanActivate, ExecutionContext, Injectable, SetMetadata, UseGuards } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { clientAddress } from './client-address';
import { RateLimits, Rule } from './rate-limits';

/** Reads by their cost. */
const READS = {
  light: { name: 'reads', counts: 'such reads from one address', perMinute: 'readsPerMinute' },
  heavy: { name: 'heavy-reads', counts: 'such reads from one address', perMinute: 'heavyReadsPerMinute' },
} as const satisfies Record<string, Rule>;
export type ReadCost = keyof typeof READS;

const COST = Symbol('READ_COST');

/** Limits how often one address may ask. `heavy` is a read of many seats: a seat map, or shows with their counts. */
export const LimitReads = (cost: ReadCost): MethodDecorator =>
  applyDecorators(SetMetadata(COST, cost), UseGuards(ReadLimitGuard));

/**
 * Counts the reads of each address. This machine itself is not limited: somebody at their own laptop, or everybody behind a
 * proxy that is set up wrongly.
 */
@Injectable()
export class ReadLimitGuard implements CanActivate {
  constructor(private readonly limits: RateLimits) {}

  /** @throws Problem RATE_LIMITED */
  canActivate(context: ExecutionContext): true {
    const { ip } = context.switchToHttp().getRequest<FastifyRequest>();
    const cost = Reflect.getMetadata(COST, context.getHandler()) as ReadCost;
    if (!clientAddress(ip).isLoopback) this.limits.countAddress(READS[cost], ip);
    return true;
  }
}
