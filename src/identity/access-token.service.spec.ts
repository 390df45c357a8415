import { createHmac, randomUUID } from 'node:crypto';
import { createServer, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Logger } from '@nestjs/common';
import { CryptoKey, decodeProtectedHeader, exportJWK, exportSPKI, generateKeyPair, SignJWT } from 'jose';
import type { AppConfig } from '../platform/config/app-config';
import { Problem } from '../platform/problem/problem';
import { AccessTokenService } from './access-token.service';
import { newGuest } from './holder';
import { OwnTokens } from './own-tokens';
import { Revocations } from './revocations';

const SECRET = 'the-current-secret-with-32-characters-or-more';
const FORMER_SECRET = 'a-former-secret-with-32-characters-or-more!!';
const OTHER_SECRET = 'some-other-secret-with-32-characters-or-more';
const ISSUER = 'https://idp.example';
const AUDIENCE = 'rowlock-api';
const SESSIONS = { refreshTtlDays: 30, guestRefreshTtlDays: 90, maxSessionsPerUser: 20 };
const EXPIRY = { expiresAtMs: expect.any(Number) };
const USER = { id: `user:${randomUUID()}`, kind: 'user' } as const;

beforeAll(() => Logger.overrideLogger(false));

function service(settings: Partial<AppConfig['auth']> = {}): AccessTokenService {
  const auth = {
    jwtSecret: SECRET,
    jwtPreviousSecrets: [FORMER_SECRET],
    tokenTtlSeconds: 3_600,
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
    ['not valid yet', () => forge({ alg: 'HS256', kid }, { ...claims, nbf: inSeconds(5) }, SECRET)],
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
    ['more than anybody needs', () => forge({ alg: 'HS256', kid }, { ...claims, padding: 'x'.repeat(8_192) }, SECRET)],
  ];

  it.each(refused)('are refused with %s', async (_, token) => {
    expect(await codeOf(service({ jwtPreviousSecrets: [FORMER_SECRET] }).verify(token()))).toBe('UNAUTHENTICATED');
  });

  it('of which the time is over are told from others, from that second on', async () => {
    const expired = forge({ alg: 'HS256', kid }, { ...claims, exp: inSeconds(0) }, SECRET);
    expect(await codeOf(service().verify(expired))).toBe('TOKEN_EXPIRED');
    const forged = forge({ alg: 'HS256', kid }, { ...claims, exp: inSeconds(0) }, OTHER_SECRET);
    expect(await codeOf(service().verify(forged))).toBe('UNAUTHENTICATED');
  });

  it('are never remembered beyond their expiry', async () => {
    const now = Date.now();
    jest.useFakeTimers({ now, doNotFake: ['nextTick', 'setImmediate', 'setTimeout', 'setInterval', 'queueMicrotask'] });
    try {
      const tokens = service({ tokenTtlSeconds: 60 });
      const token = await tokens.issue(USER);
      const expiresAtMs = (Math.floor(now / 1_000) + 60) * 1_000;
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

  it('are verified once, as long as they are remembered', async () => {
    const verify = jest.spyOn(OwnTokens.prototype, 'verify');
    const tokens = service();
    const [one, another] = [await tokens.issue(USER), await tokens.issue(newGuest())];
    for (const token of [one, one, another, one]) await tokens.verify(token);
    expect(verify).toHaveBeenCalledTimes(2);
    verify.mockRestore();
  });
});

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

  const external = () => service({ jwksUrl: url, issuer: ISSUER, audience: AUDIENCE });

  const right = { iss: ISSUER, aud: AUDIENCE, sub: 'ada', exp: inSeconds(3_600) };
  const sign = (payload: object, { key = provider.privateKey, kid = 'k1', alg = 'RS256' } = {}) =>
    new SignJWT({ ...payload }).setProtectedHeader({ alg, kid }).sign(key);

  it('are accepted, with a subject of their own', async () => {
    const tokens = external();
    await expect(tokens.verify(await sign(right))).resolves.toEqual({
      id: 'external:ada',
      kind: 'external',
      ...EXPIRY,
    });
    await expect(tokens.verify(await sign({ ...right, sub: USER.id, kind: 'user', role: 'admin' }))).resolves.toEqual({
      id: `external:${USER.id}`,
      kind: 'external',
      role: 'admin',
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
    ['not valid yet', () => sign({ ...right, nbf: inSeconds(5) })],
    ['no subject', () => sign({ ...right, sub: undefined })],
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
    expect(await codeOf(external().verify(await sign({ ...right, exp: inSeconds(0) })))).toBe('TOKEN_EXPIRED');
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

  it.each(outages)(
    'are BUSY, neither refused nor an error, while the provider %s; own tokens go on',
    async (_, outage) => {
      answer = outage;
      const tokens = external();
      const token = await sign(right);
      expect(await codeOf(tokens.verify(token))).toBe('BUSY');
      expect(await codeOf(tokens.verify(await tokens.issue(USER)))).toBe('accepted');
      answer = () => ({ status: 200, body: keySet });
      expect(await codeOf(tokens.verify(token))).toBe('accepted');
    },
  );

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
