import 'reflect-metadata';
import { Controller, Get, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createFastifyAdapter } from '../platform/http/fastify-adapter';
import { Public, Unguarded } from '../platform/http/public';
import { ProblemFilter } from '../platform/problem/problem.filter';
import { AccessTokenService } from './access-token.service';
import { AuthGuard } from './auth.guard';
import { OwnKeys } from './own-keys';
import { OwnTokens } from './own-tokens';
import { Revocations } from './revocations';
import { CurrentHolder, newGuest, RequireRole } from './holder';
import type { Holder } from './holder';

const asked = (holder: Holder | undefined) => ({ holder: holder?.id ?? null });

@Controller('plain')
class Plain {
  @Get()
  plain(@CurrentHolder() holder: Holder): object {
    return asked(holder);
  }

  @Get('public')
  @Public()
  open(@CurrentHolder() holder: Holder | undefined): object {
    return asked(holder);
  }

  @Get('unguarded')
  @Unguarded()
  unguarded(@CurrentHolder() holder: Holder | undefined): object {
    return asked(holder);
  }

  @Get('admin')
  @RequireRole('admin')
  admin(@CurrentHolder() holder: Holder): object {
    return asked(holder);
  }
}

/** A required role on the route or its controller outweighs every exemption. */
@Public()
@Controller('open')
class Open {
  @Get()
  inherited(@CurrentHolder() holder: Holder | undefined): object {
    return asked(holder);
  }

  @Get('admin')
  @RequireRole('admin')
  admin(@CurrentHolder() holder: Holder): object {
    return asked(holder);
  }
}

@RequireRole('admin')
@Controller('locked')
class Locked {
  @Get('public')
  @Public()
  open(@CurrentHolder() holder: Holder): object {
    return asked(holder);
  }

  @Get('unguarded')
  @Unguarded()
  unguarded(@CurrentHolder() holder: Holder): object {
    return asked(holder);
  }
}

const auth = {
  jwtSecret: 'a-secret-for-tests-of-32-characters-or-more',
  jwtPreviousSecrets: [],
  bareHolderIds: false,
  tokenTtlSeconds: 60,
  refreshTtlDays: 30,
  guestRefreshTtlDays: 90,
  maxSessionsPerUser: 20,
};
const tokens = new AccessTokenService({ auth }, new Revocations());

@Module({
  controllers: [Plain, Open, Locked],
  providers: [
    { provide: AccessTokenService, useValue: tokens },
    { provide: APP_GUARD, useClass: AuthGuard },
    { provide: APP_FILTER, useClass: ProblemFilter },
  ],
})
class Api {}

describe('AuthGuard', () => {
  const guest = newGuest();
  const admin = { id: 'user:7b2f8c3e-0000-4000-8000-000000000000', kind: 'user', role: 'admin' } as const;
  let app: NestFastifyApplication;
  let sent: Record<string, string | undefined>;

  beforeAll(async () => {
    app = await NestFactory.create<NestFastifyApplication>(
      Api,
      createFastifyAdapter({ bodyLimitBytes: 1_024, trustProxyHops: 0 }),
      { logger: false },
    );
    await app.init();
    const guestToken = await tokens.issue(guest);
    sent = {
      none: undefined,
      guest: `Bearer ${guestToken}`,
      'guest, lower case': `bearer   ${guestToken}`,
      admin: `Bearer ${await tokens.issue(admin)}`,
      invalid: 'Bearer x.y.z',
      expired: `Bearer ${await new OwnTokens(new OwnKeys(auth.jwtSecret, []), -10).issue(guest)}`,
      empty: '',
      'scheme only': 'Bearer',
      'scheme and a space': 'Bearer ',
      'another scheme': `Basic ${guestToken}`,
      'token only': guestToken,
      'two tokens': `Bearer ${guestToken} ${guestToken}`,
      list: `Bearer ${guestToken}, Bearer ${guestToken}`,
    };
  });

  afterAll(() => app.close());

  const malformed = [
    'invalid',
    'empty',
    'scheme only',
    'scheme and a space',
    'another scheme',
    'token only',
    'two tokens',
    'list',
  ];
  type Expected = 'guest' | 'admin' | 'nobody' | 'UNAUTHENTICATED' | 'TOKEN_EXPIRED' | 'FORBIDDEN';
  const needsToken: [string, Expected][] = [
    ['none', 'UNAUTHENTICATED'],
    ...malformed.map((each): [string, Expected] => [each, 'UNAUTHENTICATED']),
    ['expired', 'TOKEN_EXPIRED'],
  ];
  const adminOnly: [string, Expected][] = [...needsToken, ['guest', 'FORBIDDEN'], ['admin', 'admin']];
  const optional: [string, Expected][] = [
    ['none', 'nobody'],
    ['guest', 'guest'],
    ['guest, lower case', 'guest'],
    ...malformed
      .filter((each) => each !== 'another scheme')
      .map((each): [string, Expected] => [each, 'UNAUTHENTICATED']),
    // As of a proxy in front of a test system.
    ['another scheme', 'nobody'],
    ['expired', 'TOKEN_EXPIRED'],
  ];
  const routes: [string, [string, Expected][]][] = [
    ['/plain', [...needsToken, ['guest', 'guest'], ['guest, lower case', 'guest'], ['admin', 'admin']]],
    ['/plain/public', optional],
    [
      '/plain/unguarded',
      ['none', 'guest', 'expired', ...malformed].map((each): [string, Expected] => [each, 'nobody']),
    ],
    ['/plain/admin', adminOnly],
    ['/open', optional],
    ['/open/admin', adminOnly],
    ['/locked/public', adminOnly],
    ['/locked/unguarded', adminOnly],
  ];
  const cases = routes.flatMap(([path, answers]) => answers.map(([token, expected]) => ({ path, token, expected })));

  it.each(cases)('$path with $token: $expected', async ({ path, token, expected }) => {
    const authorization = sent[token];
    const response = await app.inject({
      method: 'GET',
      url: path,
      headers: authorization === undefined ? {} : { authorization },
    });
    const { code, holder } = response.json<{ code?: string; holder?: string | null }>();
    const holders = { [guest.id]: 'guest', [admin.id]: 'admin', null: 'nobody' } as const;
    expect(code ?? holders[String(holder) as keyof typeof holders]).toBe(expected);
    expect(response.statusCode).toBe(
      { UNAUTHENTICATED: 401, TOKEN_EXPIRED: 401, FORBIDDEN: 403 }[expected as string] ?? 200,
    );
  });
});
