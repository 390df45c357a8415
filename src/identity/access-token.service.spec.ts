import { createHash, createHmac, randomUUID } from 'node:crypto';
import { createServer, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Logger } from '@nestjs/common';
import { CompactSign, CryptoKey, decodeProtectedHeader, exportJWK, exportSPKI, generateKeyPair, SignJWT } from 'jose';
import type { AppConfig } from '../platform/config/app-config';
import { Problem } from '../platform/problem/problem';
import { AccessTokenService } from './access-token.service';
import { newGuest } from './holder';
import { OwnTokens } from './own-tokens';
import { Revocations } from './revocations';
import { CLOCK_TOLERANCE_SECONDS } from './verified-tokens';

const SECRET = 'the-current-secret-with-32-characters-or-more';
const FORMER_SECRET = 'a-former-secret-with-32-characters-or-more!!';
const OTHER_SECRET = 'some-other-secret-with-32-characters-or-more';
const ISSUER = 'https://idp.example';
const AUDIENCE = 'rowlock-api';
const SESSIONS = { refreshTtlDays: 30, guestRefreshTtlDays: 90, maxSessionsPerUser: 20 };
const EXPIRY = { expiresAtMs: expect.any(Number) };
/** Of the ids of the provider's people. */
const PREFIX = `external:${createHash('sha256').update(ISSUER).digest('base64url').slice(0, 16)}:`;
const USER = { id: `user:${randomUUID()}`, kind: 'user' } as const;

beforeAll(() => Logger.overrideLogger(false));

function service(settings: Partial<AppConfig['auth']> = {}): AccessTokenService {
  const auth = {
    jwtSecret: SECRET,
    jwtPreviousSecrets: [FORMER_SECRET],
    tokenTtlSeconds: 3_600,
    bareHolderIds: false,
    ...SESSIONS,
    ...settings,
  };
  return new AccessTokenService({ auth }, new Revocations());
}

async function codeOf(verification: Promise<unknown>): Promise<string> {
  return verification.then(
    () => 'accepted',
    (error: unknown) => (error instanceof Problem ? error.code : String(error)),
  );
}

/** A token put together by hand, with any header; signed with HMAC unless there is no secret. */
function forge(header: object, payload: object, secret?: string | Buffer, hash = 'sha256'): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const content = `${part(header)}.${part(payload)}`;
  return `${content}.${secret ? createHmac(hash, secret).update(content).digest('base64url') : ''}`;
}

function withSignatureOf(signed: string, token: string): string {
  return token + signed.split('.')[2];
}

/** As long as the headers of a request may be together, in a token. */
const LONG = 'x'.repeat(11_000);
const inSeconds = (seconds: number) => Math.floor(Date.now() / 1_000) + seconds;
const claims = { iss: 'rowlock', sub: USER.id, kind: 'user', iat: inSeconds(0), exp: inSeconds(3_600) };

describe('own tokens', () => {
  let kid: string;
  let formerKid: string;

  beforeAll(async () => {
    kid = decodeProtectedHeader(await service().issue(USER)).kid!;
    formerKid = decodeProtectedHeader(await service({ jwtSecret: FORMER_SECRET }).issue(USER)).kid!;
  });

  const session = { sessionId: randomUUID(), tokenVersion: 3, formerly: newGuest().id };
  it.each([newGuest(), USER, { ...USER, role: 'admin' } as const, { ...USER, ...session }])(
    'say whose they are: %o',
    async (holder) => {
      await expect(
        service()
          .issue(holder)
          .then((token) => service().verify(token)),
      ).resolves.toEqual({ ...holder, ...EXPIRY });
    },
  );

  it('of a former secret are accepted, and signed with the current one only', async () => {
    const former = await service({ jwtSecret: FORMER_SECRET }).issue(USER);
    await expect(service().verify(former)).resolves.toEqual({ ...USER, ...EXPIRY });
    expect(await codeOf(service({ jwtPreviousSecrets: [] }).verify(former))).toBe('UNAUTHENTICATED');
    expect(formerKid).not.toBe(kid);
  });

  it('forged by hand are accepted when they are right, so that the refusals below are refused for their one fault', async () => {
    expect(await codeOf(service().verify(forge({ alg: 'HS256', kid }, claims, SECRET)))).toBe('accepted');
    expect(await codeOf(service().verify(forge({ alg: 'HS256', kid: formerKid }, claims, FORMER_SECRET)))).toBe(
      'accepted',
    );
  });

  const refused: [string, () => string][] = [
    ['alg none', () => forge({ alg: 'none', kid }, claims)],
    ['alg None', () => forge({ alg: 'None', kid }, claims)],
    ['alg none with a signature', () => forge({ alg: 'none', kid }, claims, SECRET)],
    ['HS256 claimed, no signature', () => forge({ alg: 'HS256', kid }, claims)],
    ['HS512 with the right secret', () => forge({ alg: 'HS512', kid }, claims, SECRET, 'sha512')],
    ['another secret', () => forge({ alg: 'HS256', kid }, claims, OTHER_SECRET)],
    ['a former secret under the current key id', () => forge({ alg: 'HS256', kid }, claims, FORMER_SECRET)],
    ['an unknown key id', () => forge({ alg: 'HS256', kid: 'x' }, claims, SECRET)],
    ['a key id of every object', () => forge({ alg: 'HS256', kid: 'constructor' }, claims, SECRET)],
    ['no key id', () => forge({ alg: 'HS256' }, claims, SECRET)],
    ['an unknown critical extension', () => forge({ alg: 'HS256', kid, crit: ['x'], x: 1 }, claims, SECRET)],
    ['an unencoded payload', () => forge({ alg: 'HS256', kid, crit: ['b64'], b64: false }, claims, SECRET)],
    ['not valid yet', () => forge({ alg: 'HS256', kid }, { ...claims, nbf: inSeconds(8) }, SECRET)],
    ['no expiry', () => forge({ alg: 'HS256', kid }, { ...claims, exp: undefined }, SECRET)],
    ['an expiry in words', () => forge({ alg: 'HS256', kid }, { ...claims, exp: 'never' }, SECRET)],
    ['another issuer', () => forge({ alg: 'HS256', kid }, { ...claims, iss: 'somebody' }, SECRET)],
    ['no issuer', () => forge({ alg: 'HS256', kid }, { ...claims, iss: undefined }, SECRET)],
    ['a list of issuers', () => forge({ alg: 'HS256', kid }, { ...claims, iss: ['rowlock'] }, SECRET)],
    ['no subject', () => forge({ alg: 'HS256', kid }, { ...claims, sub: undefined }, SECRET)],
    ['a number as subject', () => forge({ alg: 'HS256', kid }, { ...claims, sub: 1 }, SECRET)],
    [
      'a subject of an external holder',
      () => forge({ alg: 'HS256', kid }, { ...claims, sub: 'external:x', kind: 'external' }, SECRET),
    ],
    ['a kind that does not fit the subject', () => forge({ alg: 'HS256', kid }, { ...claims, kind: 'guest' }, SECRET)],
    ['a payload that is a list', () => forge({ alg: 'HS256', kid }, [claims], SECRET)],
    ['the external issuer, when there is none', () => forge({ alg: 'HS256', kid }, { ...claims, iss: ISSUER }, SECRET)],
    [
      'a changed payload',
      () =>
        withSignatureOf(
          forge({ alg: 'HS256', kid }, claims, SECRET),
          forge({ alg: 'HS256', kid }, { ...claims, role: 'admin' }),
        ),
    ],
    ['nothing', () => ''],
    ['a word', () => 'garbage'],
    ['dots', () => '..'],
    ['many dots', () => '.'.repeat(8_000)],
    ['five parts', () => 'e30.e30.e30.e30.e30'],
    ['empty objects', () => 'e30.e30.e30'],
    ['no JSON', () => `${Buffer.from('x').toString('base64url')}.${Buffer.from('y').toString('base64url')}.z`],
    ['JSON null', () => `${Buffer.from('null').toString('base64url')}.${Buffer.from('null').toString('base64url')}.z`],
    ['no base64', () => '\u0000.ÿ.💥'],
    ['a list of one as subject', () => forge({ alg: 'HS256', kid }, { ...claims, sub: [USER.id] }, SECRET)],
    ['16 KiB of anything', () => 'x'.repeat(16_384)],
    ['16 KiB and another secret', () => forge({ alg: 'HS256', kid }, { ...claims, padding: LONG }, OTHER_SECRET)],
  ];

  it.each(refused)('are refused with %s', async (_, token) => {
    expect(await codeOf(service({ jwtPreviousSecrets: [FORMER_SECRET] }).verify(token()))).toBe('UNAUTHENTICATED');
  });

  it('of which the time is over are told from others, from that second on', async () => {
    const expired = forge({ alg: 'HS256', kid }, { ...claims, exp: inSeconds(-5) }, SECRET);
    expect(await codeOf(service().verify(expired))).toBe('TOKEN_EXPIRED');
    const forged = forge({ alg: 'HS256', kid }, { ...claims, exp: inSeconds(-5) }, OTHER_SECRET);
    expect(await codeOf(service().verify(forged))).toBe('UNAUTHENTICATED');
  });

  it('are never remembered beyond their expiry', async () => {
    const now = Date.now();
    jest.useFakeTimers({ now, doNotFake: ['nextTick', 'setImmediate', 'setTimeout', 'setInterval', 'queueMicrotask'] });
    try {
      const tokens = service({ tokenTtlSeconds: 60 });
      const token = await tokens.issue(USER);
      const expiresAtMs = (Math.floor(now / 1_000) + 60 + CLOCK_TOLERANCE_SECONDS) * 1_000;
      expect(await codeOf(tokens.verify(token))).toBe('accepted');
      jest.setSystemTime(expiresAtMs - 1);
      expect(await codeOf(tokens.verify(token))).toBe('accepted');
      jest.setSystemTime(expiresAtMs);
      await expect(tokens.verify(token)).rejects.toMatchObject({
        code: 'TOKEN_EXPIRED',
        message: 'The access token has expired.',
      });
    } finally {
      jest.useRealTimers();
    }
  });

  it('are accepted while the clocks of two instances differ by some seconds', async () => {
    for (const differing of [{ exp: inSeconds(-2) }, { nbf: inSeconds(2) }, { iat: inSeconds(2) }]) {
      expect(await codeOf(service().verify(forge({ alg: 'HS256', kid }, { ...claims, ...differing }, SECRET)))).toBe(
        'accepted',
      );
    }
  });

  it('are verified once, as long as they are remembered', async () => {
    const verify = jest.spyOn(OwnTokens.prototype, 'verify');
    const tokens = service();
    const [one, another] = [await tokens.issue(USER), await tokens.issue(newGuest())];
    for (const token of [one, one, another, one]) await tokens.verify(token);
    expect(verify).toHaveBeenCalledTimes(2);
    verify.mockRestore();
  });
});

const LOGOUT = 'http://schemas.openid.net/event/backchannel-logout';

describe('tokens of an identity provider', () => {
  let server: Server;
  let provider: { privateKey: CryptoKey; publicKey: CryptoKey };
  let stranger: CryptoKey;
  let answer: () => { status: number; body: unknown };
  let requests = 0;
  let keySet: unknown;
  let url: string;

  beforeAll(async () => {
    provider = await generateKeyPair('RS256', { extractable: true });
    stranger = (await generateKeyPair('RS256')).privateKey;
    keySet = { keys: [{ ...(await exportJWK(provider.publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' }] };
    server = createServer((_, response) => {
      requests++;
      const { status, body } = answer();
      response
        .writeHead(status, { 'content-type': 'application/json' })
        .end(typeof body === 'string' ? body : JSON.stringify(body));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
  });

  beforeEach(() => {
    requests = 0;
    answer = () => ({ status: 200, body: keySet });
  });

  afterAll(() => new Promise((resolve) => server.close(resolve)));

  const external = (settings: Partial<AppConfig['auth']> = {}) =>
    service({ jwksUrl: url, issuer: ISSUER, audience: AUDIENCE, ...settings });

  const right = { iss: ISSUER, aud: AUDIENCE, sub: 'ada', exp: inSeconds(3_600) };
  const sign = (payload: object, { key = provider.privateKey, kid = 'k1', alg = 'RS256' } = {}) =>
    new SignJWT({ ...payload }).setProtectedHeader({ alg, kid }).sign(key);
  /** With any header, and claims of any type. */
  const signAny = (payload: object, header: object = {}) =>
    new CompactSign(Buffer.from(JSON.stringify(payload)))
      .setProtectedHeader({ alg: 'RS256', kid: 'k1', ...header })
      .sign(provider.privateKey);

  it('are accepted, with a subject of their own', async () => {
    const tokens = external();
    await expect(tokens.verify(await sign(right))).resolves.toEqual({
      id: `${PREFIX}ada`,
      kind: 'external',
      ...EXPIRY,
    });
    await expect(tokens.verify(await sign({ ...right, sub: USER.id, kind: 'user' }))).resolves.toEqual({
      id: `${PREFIX}${USER.id}`,
      kind: 'external',
      ...EXPIRY,
    });
    await expect(tokens.verify(await tokens.issue(USER))).resolves.toEqual({ ...USER, ...EXPIRY });
    expect(requests).toBe(1);
  });

  const refused: [string, () => Promise<string> | string][] = [
    ['another key', () => sign(right, { key: stranger })],
    ['an unknown key id', () => sign(right, { kid: 'k2' })],
    ['another audience', () => sign({ ...right, aud: 'somebody-else' })],
    ['no audience', () => sign({ ...right, aud: undefined })],
    ['another issuer', () => sign({ ...right, iss: 'https://evil.example' })],
    ['our issuer', () => sign({ ...right, iss: 'rowlock', sub: USER.id, kind: 'user' })],
    [
      'our issuer, our audience and an own key id',
      async () => sign({ ...right, iss: 'rowlock' }, { kid: decodeProtectedHeader(await service().issue(USER)).kid! }),
    ],
    ['no expiry', () => sign({ ...right, exp: undefined })],
    ['not valid yet', () => sign({ ...right, nbf: inSeconds(8) })],
    ['no subject', () => sign({ ...right, sub: undefined })],
    ['an object as subject', () => signAny({ ...right, sub: { id: 1 } })],
    ['a list of one as subject', () => signAny({ ...right, sub: ['ada'] })],
    ['a list as subject', () => signAny({ ...right, sub: ['ada', 'eve'] })],
    ['a number as subject', () => signAny({ ...right, sub: 1e21 })],
    ['a word of JSON as subject', () => signAny({ ...right, sub: true })],
    ['null as subject', () => signAny({ ...right, sub: null })],
    ['a logout token', () => signAny({ ...right, events: { [LOGOUT]: {} } }, { typ: 'logout+jwt' })],
    ['a logout token that says JWT', () => signAny({ ...right, events: { [LOGOUT]: {} } }, { typ: 'JWT' })],
    ['another security event', () => signAny(right, { typ: 'secevent+jwt' })],
    ['a proof of possession', () => signAny(right, { typ: 'dpop+jwt' })],
    ['a number as type', () => signAny(right, { typ: 1 })],
    ['an ID token, by the hash of its access token', () => sign({ ...right, at_hash: 'x' })],
    ['an ID token, by the hash of its code', () => sign({ ...right, c_hash: 'x' })],
    ['an ID token, by its nonce', () => sign({ ...right, nonce: 'x' })],
    ['an ID token of Cognito', () => sign({ ...right, token_use: 'id' })],
    ['an ID token of Keycloak', () => sign({ ...right, typ: 'ID' })],
    ['a refresh token of Keycloak', () => sign({ ...right, typ: 'Refresh', scope: 'openid' })],
    ['an empty subject', () => sign({ ...right, sub: '' })],
    ['a subject of 256 characters', () => sign({ ...right, sub: 'x'.repeat(256) })],
    ['a NUL in the subject', () => sign({ ...right, sub: 'a\u0000b' })],
    ['a line feed in the subject', () => sign({ ...right, sub: 'a\nb' })],
    ['a C1 control in the subject', () => sign({ ...right, sub: 'a\u0085b' })],
    ['half a character in the subject', () => sign({ ...right, sub: 'a\ud800b' })],
    ['alg none', () => forge({ alg: 'none', kid: 'k1' }, right)],
    // Key confusion: the public key as the secret of an HMAC.
    [
      'HS256 with the public key as PEM',
      async () => forge({ alg: 'HS256', kid: 'k1' }, right, await exportSPKI(provider.publicKey)),
    ],
    [
      'HS256 with the public key as JWK',
      async () => forge({ alg: 'HS256', kid: 'k1' }, right, JSON.stringify(await exportJWK(provider.publicKey))),
    ],
    [
      'HS256 with our secret',
      async () => forge({ alg: 'HS256', kid: decodeProtectedHeader(await service().issue(USER)).kid }, right, SECRET),
    ],
    // A header can bring a key, or the address of one. Both must be ignored.
    [
      'a key in the header',
      async () =>
        new SignJWT(right)
          .setProtectedHeader({ alg: 'RS256', kid: 'k1', jwk: await exportJWK(provider.publicKey) })
          .sign(stranger),
    ],
    [
      'a key set in the header',
      () => new SignJWT(right).setProtectedHeader({ alg: 'RS256', kid: 'k9', jku: url }).sign(stranger),
    ],
  ];

  it.each(refused)('are refused with %s', async (_, token) => {
    expect(await codeOf(external().verify(await token()))).toBe('UNAUTHENTICATED');
  });

  it('are told apart when their time is over', async () => {
    expect(await codeOf(external().verify(await sign({ ...right, exp: inSeconds(-5) })))).toBe('TOKEN_EXPIRED');
  });

  it.each([
    ['none', {}, {}],
    ['JWT', { typ: 'JWT' }, {}],
    ['at+jwt', { typ: 'at+jwt' }, {}],
    ['at+jwt with a nonce', { typ: 'application/AT+JWT' }, { nonce: 'x' }],
    ['none, with a nonce and a scope, as of Keycloak', {}, { nonce: 'x', scope: 'openid', typ: 'Bearer' }],
  ])('are accepted with the type %s', async (_, header, extra) => {
    expect(await codeOf(external().verify(await signAny({ ...right, ...extra }, header)))).toBe('accepted');
  });

  it('are accepted while the clocks differ by some seconds', async () => {
    for (const differing of [{ nbf: inSeconds(1) }, { iat: inSeconds(2) }, { exp: inSeconds(-2) }]) {
      expect(await codeOf(external().verify(await sign({ ...right, ...differing })))).toBe('accepted');
    }
  });

  it('are accepted as long as the headers of a request may be', async () => {
    const token = await sign({ ...right, groups: LONG });
    expect(token.length).toBeGreaterThan(14_000);
    expect(await codeOf(external().verify(token))).toBe('accepted');
  });

  const roles: [string, object, string | undefined, boolean][] = [
    ['a claim that nobody named', { role: 'admin', roles: ['admin'] }, undefined, false],
    ['the named claim', { role: 'admin' }, 'role', true],
    ['another claim', { role: 'admin' }, 'roles', false],
    ['a list', { roles: ['user', 'admin'] }, 'roles', true],
    ['a list without it', { roles: ['administrator'] }, 'roles', false],
    ['a longer word', { roles: 'admin user' }, 'roles', false],
    ['a path', { realm_access: { roles: ['admin'] } }, 'realm_access.roles', true],
    ['a path that ends early', { realm_access: 'admin' }, 'realm_access.roles', false],
    ['a name with dots', { 'https://shop.example/roles': ['admin'] }, 'https://shop.example/roles', true],
    ['what every object has', {}, 'constructor.name', false],
  ];

  it.each(roles)('take roles from the claim that the settings name: %s', async (_, claims, rolesClaim, isAdmin) => {
    const { role } = await external({ rolesClaim }).verify(await sign({ ...right, ...claims }));
    expect(role === 'admin').toBe(isAdmin);
  });

  it('name holders by issuer and subject, so that no two are one', async () => {
    const idOf = async (issuer: string, sub: string, settings: Partial<AppConfig['auth']> = {}) =>
      (await external({ issuer, ...settings }).verify(await sign({ ...right, iss: issuer, sub }))).id;
    const issuers = [ISSUER, 'https://other.example', `${ISSUER}/`];
    const ids = await Promise.all(
      issuers.flatMap((issuer) => ['ada', 'ADA', `${PREFIX}ada`, ':ada', 'ada:'].map((sub) => idOf(issuer, sub))),
    );
    expect(new Set(ids).size).toBe(issuers.length * 5);
    expect((await idOf(`https://${'x'.repeat(500)}.example`, 'y'.repeat(255))).length).toBe(9 + 16 + 1 + 255);
    expect(await idOf(ISSUER, 'ada', { bareHolderIds: true })).toBe('external:ada');
  });

  it('are accepted with a subject of 255 characters in any script', async () => {
    await expect(external().verify(await sign({ ...right, sub: 'ż'.repeat(255) }))).resolves.toMatchObject({
      kind: 'external',
    });
  });

  const outages: [string, () => { status: number; body: unknown }][] = [
    ['fails', () => ({ status: 500, body: {} })],
    ['moved', () => ({ status: 302, body: {} })],
    ['answers with no JSON', () => ({ status: 200, body: '<html>' })],
    ['answers with no key set', () => ({ status: 200, body: { error: 'x' } })],
  ];

  /** The clock of the machine, moved by hand. */
  async function withClock(work: (advance: (ms: number) => void) => Promise<void>): Promise<void> {
    const now = Date.now();
    let passedMs = 0;
    jest.useFakeTimers({ now, doNotFake: ['nextTick', 'setImmediate', 'setTimeout', 'setInterval', 'queueMicrotask'] });
    try {
      await work((ms) => jest.setSystemTime(now + (passedMs += ms)));
    } finally {
      jest.useRealTimers();
    }
  }

  it.each(outages)(
    'are BUSY, neither refused nor an error, while the provider %s; own tokens go on',
    async (_, outage) =>
      withClock(async (advance) => {
        answer = outage;
        const tokens = external();
        const token = await sign(right);
        expect(await codeOf(tokens.verify(token))).toBe('BUSY');
        expect(await codeOf(tokens.verify(await tokens.issue(USER)))).toBe('accepted');
        answer = () => ({ status: 200, body: keySet });
        advance(1_000);
        expect(await codeOf(tokens.verify(token))).toBe('accepted');
      }),
  );

  it('are accepted for a day while the provider is away, and its people are BUSY afterwards', () =>
    withClock(async (advance) => {
      const tokens = external();
      const token = await sign({ ...right, exp: inSeconds(100_000) });
      expect(await codeOf(tokens.verify(token))).toBe('accepted');
      answer = outages[0]![1];
      advance(600_000);
      expect(await codeOf(tokens.verify(token))).toBe('accepted');
      expect(await codeOf(tokens.verify(await sign({ ...right, sub: 'eve' })))).toBe('accepted');
      // Nobody can tell whether the provider has this key now.
      expect(await codeOf(tokens.verify(await sign(right, { kid: 'k2' })))).toBe('BUSY');
      advance(24 * 3_600_000 - 600_001);
      expect(await codeOf(tokens.verify(token))).toBe('accepted');
      advance(1);
      expect(await codeOf(tokens.verify(await sign({ ...right, exp: inSeconds(3_600) })))).toBe('BUSY');
    }));

  it('make us ask a provider that is away every thirty seconds, and log the outage once and its end', () =>
    withClock(async (advance) => {
      const lines: string[] = [];
      const logged = [
        jest.spyOn(Logger.prototype, 'error').mockImplementation((line) => void lines.push(String(line))),
        jest.spyOn(Logger.prototype, 'warn').mockImplementation((line) => void lines.push(String(line))),
      ];
      const tokens = external();
      expect(await codeOf(tokens.verify(await sign(right)))).toBe('accepted');
      answer = outages[0]![1];
      advance(600_000);
      for (let second = 0; second < 120; second++) {
        await codeOf(tokens.verify(await sign({ ...right, sub: `person ${second}` })));
        await codeOf(tokens.verify(await sign(right, { kid: `made-up-${second}` })));
        advance(1_000);
      }
      expect(requests).toBe(1 + 4);
      answer = () => ({ status: 200, body: keySet });
      advance(30_000);
      expect(await codeOf(tokens.verify(await sign({ ...right, sub: 'eve' })))).toBe('accepted');
      expect(lines).toEqual([
        expect.stringMatching(/^The identity provider's keys can't be had; those known are trusted until .+Z: .+/),
        "The identity provider's keys can be had again, after 150 s.",
      ]);
      for (const spy of logged) spy.mockRestore();
    }));

  it('are BUSY when nobody listens there', async () => {
    const tokens = service({ jwksUrl: 'http://127.0.0.1:9/keys', issuer: ISSUER, audience: AUDIENCE });
    expect(await codeOf(tokens.verify(await sign(right)))).toBe('BUSY');
  });

  it('do not make us ask the provider again for every key it does not have', async () => {
    const tokens = external();
    for (let i = 0; i < 10; i++) await codeOf(tokens.verify(await sign(right, { kid: `made-up-${i}` })));
    expect(requests).toBeLessThanOrEqual(2);
  });

  it('are looked at anew after ten minutes, so that a withdrawn key goes out of use', async () => {
    const now = Date.now();
    jest.useFakeTimers({ now, doNotFake: ['nextTick', 'setImmediate', 'setTimeout', 'setInterval', 'queueMicrotask'] });
    try {
      const tokens = external();
      const token = await sign(right);
      expect(await codeOf(tokens.verify(token))).toBe('accepted');
      answer = () => ({ status: 200, body: { keys: [] } });
      expect(await codeOf(tokens.verify(token))).toBe('accepted');
      jest.setSystemTime(now + 600_001);
      expect(await codeOf(tokens.verify(token))).toBe('UNAUTHENTICATED');
    } finally {
      jest.useRealTimers();
    }
  });
});
