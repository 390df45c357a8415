import {
  applyDecorators,
  ExecutionContext,
  Global,
  Inject,
  Injectable,
  Module,
  SetMetadata,
  UseGuards,
} from '@nestjs/common';
import { ThrottlerGuard, ThrottlerModule } from '@nestjs/throttler';
import type { ThrottlerLimitDetail, ThrottlerModuleOptions, ThrottlerStorage } from '@nestjs/throttler';
import { APP_CONFIG } from '../config/app-config';
import type { AppConfig } from '../config/app-config';
import { Problem } from '../problem/problem';
import { clientAddress, WIDE_FACTOR } from './client-address';
import { FixedWindows, Hit } from './fixed-windows';

const WINDOW_MS = 60_000;

/** Requests that are counted together. */
export interface Rule {
  readonly name: string;
  /** The requests in words, behind their number: `10 such requests`. */
  readonly counts: string;
  /** The setting that says how many a minute. */
  readonly perMinute: Extract<keyof AppConfig['rateLimits'], `${string}PerMinute`>;
}

/** Login attempts for one user name, however it is written, from one address. */
export const LOGINS_OF_NAME: Rule = {
  name: 'login',
  counts: 'login attempts at one user name from one address',
  perMinute: 'loginPerMinute',
};

/** Login attempts from one address, whatever the names. */
export const LOGINS_OF_ADDRESS: Rule = {
  name: 'login-address',
  counts: 'login attempts from one address',
  perMinute: 'loginAddressPerMinute',
};

/** Registrations from one address. */
export const REGISTRATIONS: Rule = {
  name: 'register',
  counts: 'registrations from one address',
  perMinute: 'registerPerMinute',
};

/** The parts of a request that a guard looks at. Guards run before validation, so nothing is known of the body. */
interface LimitedRequest {
  ip: string;
  holder?: { id: string };
}

/** A rule for all requests of a route, valid or not. Requests of the same subject are counted together. */
interface RouteRule extends Rule {
  readonly subject: (request: LimitedRequest) => string | undefined;
}

const RULE = Symbol('RATE_LIMIT_RULE');

/** Refreshed tokens for one address. */
export const LimitRefresh = () =>
  limit({
    name: 'refresh',
    counts: 'refreshed tokens for one address',
    perMinute: 'refreshPerMinute',
    subject: ({ ip }) => clientAddress(ip).group,
  });

/** What a user confirms by the password. Somebody with a stolen access token must not get to guess it. */
export const LimitPassword = () =>
  limit({
    name: 'password',
    counts: 'confirmations by the password of one user',
    perMinute: 'passwordPerMinute',
    subject: ({ holder }) => holder?.id,
  });

/** Seat commands of one holder, all kinds together. */
export const LimitCommands = () =>
  limit({
    name: 'commands',
    counts: 'seat commands of one holder',
    perMinute: 'commandsPerMinute',
    subject: ({ holder }) => holder?.id,
  });

/** A guard of the route, so it runs after the global ones: by then the holder is known. */
function limit(rule: RouteRule): MethodDecorator & ClassDecorator {
  return applyDecorators(SetMetadata(RULE, rule), UseGuards(RateLimitGuard));
}

/** Refuses requests beyond the rule of their route with RATE_LIMITED. */
@Injectable()
export class RateLimitGuard extends ThrottlerGuard {
  protected override throwThrottlingException(
    context: ExecutionContext,
    { limit, timeToBlockExpire }: ThrottlerLimitDetail,
  ): Promise<void> {
    const { name, counts } = ruleOf(context);
    throw rateLimited(name, `${limit} ${counts}`, timeToBlockExpire);
  }
}

/**
 * The counts of all rules. Each rule has a table of its own: a client that makes up ever new subjects for one rule makes it
 * forget counts of that rule alone.
 */
@Injectable()
export class RateLimits implements ThrottlerStorage {
  readonly isEnabled: boolean;
  private readonly tables = new Map<string, FixedWindows>();

  constructor(@Inject(APP_CONFIG) private readonly config: Pick<AppConfig, 'rateLimits'>) {
    this.isEnabled = config.rateLimits.enabled;
  }

  /**
   * Counts a request that is known to be valid, for a rule that no guard can keep.
   *
   * @throws Problem RATE_LIMITED
   */
  count(rule: Rule, subject: string): void {
    this.countUpTo(this.config.rateLimits[rule.perMinute], rule.counts, rule.name, subject);
  }

  /**
   * Counts it for the address that it came from. The wider network comes first: beyond its limit none of its many addresses
   * can fill the table.
   *
   * @throws Problem RATE_LIMITED
   */
  countAddress(rule: Rule, ip: string): void {
    const { group, wideGroup } = clientAddress(ip);
    const perMinute = this.config.rateLimits[rule.perMinute];
    if (wideGroup !== undefined) {
      const counts = rule.counts.replace('address', 'network');
      this.countUpTo(perMinute * WIDE_FACTOR, counts, `${rule.name}-wide`, wideGroup);
    }
    this.countUpTo(perMinute, rule.counts, rule.name, group);
  }

  /** Counts for a guard. */
  async increment(key: string, windowMs: number, limit: number): Promise<Hit> {
    const [, table, subject] = /^(\S+) (.*)$/s.exec(key)!;
    return this.table(table!).hit(subject!, windowMs, limit);
  }

  private countUpTo(perMinute: number, counts: string, table: string, subject: string): void {
    if (!this.isEnabled) return;
    const { isBlocked, timeToBlockExpire } = this.table(table).hit(subject, WINDOW_MS, perMinute);
    if (isBlocked) throw rateLimited(table, `${perMinute} ${counts}`, timeToBlockExpire);
  }

  private table(name: string): FixedWindows {
    let table = this.tables.get(name);
    if (!table) this.tables.set(name, (table = new FixedWindows()));
    return table;
  }
}

function rateLimited(rule: string, limit: string, retryAfterSeconds: number): Problem {
  const extras = { detail: `No more than ${limit} a minute.`, retryAfterSeconds };
  return new Problem('RATE_LIMITED', extras, { reason: rule });
}

@Module({ providers: [RateLimits], exports: [RateLimits] })
class RateLimitTables {}

@Global()
@Module({
  imports: [
    ThrottlerModule.forRootAsync({
      imports: [RateLimitTables],
      inject: [APP_CONFIG, RateLimits],
      useFactory: ({ rateLimits }: AppConfig, storage: RateLimits): ThrottlerModuleOptions => ({
        storage,
        setHeaders: false,
        skipIf: (context) => !rateLimits.enabled || subjectOf(context) === undefined,
        throttlers: [{ ttl: WINDOW_MS, limit: (context) => rateLimits[ruleOf(context).perMinute] }],
        getTracker: (_request, context) => subjectOf(context)!,
        generateKey: (context, subject) => `${ruleOf(context).name} ${subject}`,
      }),
    }),
    RateLimitTables,
  ],
  exports: [RateLimitTables],
})
export class RateLimitModule {}

function ruleOf(context: ExecutionContext): RouteRule {
  return Reflect.getMetadata(RULE, context.getHandler()) as RouteRule;
}

function subjectOf(context: ExecutionContext): string | undefined {
  return ruleOf(context).subject(context.switchToHttp().getRequest<LimitedRequest>());
}
