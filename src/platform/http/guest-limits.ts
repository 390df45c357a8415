import { CanActivate, ExecutionContext, Inject, Injectable, UseGuards } from '@nestjs/common';
import { APP_CONFIG } from '../config/app-config';
import type { AppConfig } from '../config/app-config';
import { Problem } from '../problem/problem';
import { clientAddress, WIDE_FACTOR } from './client-address';
import { TokenBuckets } from './token-buckets';

/** Guest tokens for one address, and for the network around it. */
export const LimitGuest = () => UseGuards(GuestLimitGuard);

/**
 * Refuses guest tokens beyond a burst and a rate. Many people can share an address, and come at once when an on-sale begins;
 * a program that makes holders up comes on and on. This machine's own address is not counted: where a proxy is set up
 * wrongly, it is everybody's.
 */
@Injectable()
export class GuestLimitGuard implements CanActivate {
  private readonly addresses: TokenBuckets;
  private readonly networks: TokenBuckets;

  constructor(@Inject(APP_CONFIG) private readonly config: Pick<AppConfig, 'rateLimits'>) {
    const { guestBurst, guestPerMinute } = config.rateLimits;
    this.addresses = new TokenBuckets(guestBurst, guestPerMinute);
    this.networks = new TokenBuckets(WIDE_FACTOR * guestBurst, WIDE_FACTOR * guestPerMinute);
  }

  canActivate(context: ExecutionContext): true {
    const { group, wideGroup, isLoopback } = clientAddress(context.switchToHttp().getRequest<{ ip: string }>().ip);
    const { enabled, guestBurst, guestPerMinute } = this.config.rateLimits;
    if (isLoopback || !enabled) return true;
    const counted = [[this.addresses, group] as const, ...(wideGroup ? [[this.networks, wideGroup] as const] : [])];
    const waitMs = Math.max(...counted.map(([buckets, key]) => buckets.waitMs(key)));
    if (waitMs > 0) {
      const extras = {
        detail: `No more than ${guestPerMinute} guests a minute from one address, after ${guestBurst} at once.`,
        retryAfterSeconds: Math.ceil(waitMs / 1_000),
      };
      throw new Problem('RATE_LIMITED', extras, { reason: 'guest' });
    }
    for (const [buckets, key] of counted) buckets.take(key);
    return true;
  }
}
