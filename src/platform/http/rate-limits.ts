import { applyDecorators, ExecutionContext, Inject, Injectable, SetMetadata, UseGuards } from '@nestjs/common';
import type { CanActivate } from '@nestjs/common';
import { ThrottlerGuard, ThrottlerModule } from '@nestjs/throttler';
import type { ThrottlerLimitDetail, ThrottlerModuleOptions } from '@nestjs/throttler';
import { APP_CONFIG } from '../config/app-config';
import type { AppConfig } from '../config/app-config';
import { Problem } from '../problem/problem';
import { clientAddress, NETWORK_FACTOR } from './client-address';
import { FixedWindows } from './fixed-windows';
import { TokenBuckets } from './token-buckets';

const WINDOW_MS = 60_000;

/** The parts of a request that rules look at. Guards run before validation, so nothing is known of the body. */
interface LimitedRequest {
  ip: string;
  body?: unknown;
  holder?: { id: string };
}

interface Rule {
  readonly name: string;
  /** The setting that says how many requests a minute. */
  readonly perMinute: Extract<keyof AppConfig['rateLimits'], `${string}PerMinute`>;
  /** Requests of the same subject are counted together; a request without one is not counted. */
  readonly subject: (request: LimitedRequest) => string | undefined;
}

const RULE = Symbol('RATE_LIMIT_RULE');

/** Login attempts for one user name, however it is written, from one address. */
export const LimitLogin = () =>
  limit({
    name: 'login',
    perMinute: 'loginPerMinute',
    subject: (request) => {
      const username = (request.body as { username?: unknown } | null | undefined)?.username;
      // Without a name it is no attempt, and validation refuses it.
      return typeof username === 'string' ? `${addressOf(request)} ${username.toLowerCase().slice(0, 64)}` : undefined;
    },
  });

/** Registrations from one address. */
export const LimitRegister = () => limit({ name: 'register', perMinute: 'registerPerMinute', subject: addressOf });

/** Guest tokens for one address, and for the network around it. */
export const LimitGuest = () => UseGuards(GuestLimitGuard);

/** Seat commands of one holder, all kinds together. */
export const LimitCommands = () =>
  limit({ name: 'commands', perMinute: 'commandsPerMinute', subject: ({ holder }) => holder?.id });

/** A guard of the route, so it runs after the global ones: by then the holder is known. */
function limit(rule: Rule): MethodDecorator & ClassDecorator {
  return applyDecorators(SetMetadata(RULE, rule), UseGuards(RateLimitGuard));
}

/** Refuses requests beyond the rule of their route with RATE_LIMITED. */
@Injectable()
export class RateLimitGuard extends ThrottlerGuard {
  protected override throwThrottlingException(_context: ExecutionContext, limit: ThrottlerLimitDetail): Promise<void> {
    throw new Problem('RATE_LIMITED', {
      detail: `No more than ${limit.limit} such requests a minute.`,
      retryAfterSeconds: limit.timeToBlockExpire,
    });
  }
}

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
    this.networks = new TokenBuckets(NETWORK_FACTOR * guestBurst, NETWORK_FACTOR * guestPerMinute);
  }

  canActivate(context: ExecutionContext): true {
    const { group, wideGroup, isLoopback } = clientAddress(context.switchToHttp().getRequest<LimitedRequest>().ip);
    if (isLoopback || !this.config.rateLimits.enabled) return true;
    const counted = [[this.addresses, group] as const, ...(wideGroup ? [[this.networks, wideGroup] as const] : [])];
    const waitMs = Math.max(...counted.map(([buckets, key]) => buckets.waitMs(key)));
    if (waitMs > 0) {
      const { guestBurst, guestPerMinute } = this.config.rateLimits;
      throw new Problem('RATE_LIMITED', {
        detail: `No more than ${guestPerMinute} guests a minute from one address, after ${guestBurst} at once.`,
        retryAfterSeconds: Math.ceil(waitMs / 1_000),
      });
    }
    for (const [buckets, key] of counted) buckets.take(key);
    return true;
  }
}

export const RateLimitModule = ThrottlerModule.forRootAsync({
  inject: [APP_CONFIG],
  useFactory: ({ rateLimits }: AppConfig): ThrottlerModuleOptions => ({
    storage: new FixedWindows(),
    setHeaders: false,
    skipIf: (context) => !rateLimits.enabled || subjectOf(context) === undefined,
    throttlers: [{ ttl: WINDOW_MS, limit: (context) => rateLimits[ruleOf(context).perMinute] }],
    getTracker: (_request, context) => subjectOf(context)!,
    generateKey: (context, subject) => `${ruleOf(context).name} ${subject}`,
  }),
});

function ruleOf(context: ExecutionContext): Rule {
  return Reflect.getMetadata(RULE, context.getHandler()) as Rule;
}

function subjectOf(context: ExecutionContext): string | undefined {
  return ruleOf(context).subject(context.switchToHttp().getRequest<LimitedRequest>());
}

function addressOf({ ip }: LimitedRequest): string {
  return clientAddress(ip).group;
}
