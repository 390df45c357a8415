import { startApp, TestApp } from '../support/app';
import { person, request } from '../support/client';
import { createShow } from '../support/house';

const TOKEN = 'a-token-for-the-metrics';

/** What an operator sees of an attack: lines in the log and a counter, without anything that a client typed. */
describe('security events', () => {
  let app: TestApp;
  let written: string[];

  beforeEach(async () => {
    written = [];
    jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
      written.push(String(text));
      return true;
    });
    app = await startApp({
      LOG_LEVEL: 'warn',
      RATE_LIMIT_ENABLED: 'true',
      RATE_LIMIT_LOGIN_PER_MINUTE: '2',
      RATE_LIMIT_COMMANDS_PER_MINUTE: '1',
      TRUST_PROXY_HOPS: '1',
      METRICS_TOKEN: TOKEN,
    });
  });
  afterEach(async () => {
    await app.close();
    jest.restoreAllMocks();
  });

  const lines = () =>
    written
      .filter((line) => line.includes('"Security"'))
      .map((line): Record<string, unknown> => {
        const { message, ...rest } = JSON.parse(line) as { message: string };
        return { message, ...rest };
      });
  const login = (username: string, password: string) =>
    request(app, 'POST', '/api/auth/login/', {
      body: { username, password },
      headers: { 'x-forwarded-for': '2001:db8:1:2:3::4' },
    });
  const counts = async () => {
    const { body } = await request(app, 'GET', '/metrics', { token: TOKEN });
    return (body as string).split('\n').filter((line) => line.startsWith('rowlock_security_events_total'));
  };

  it('are failed logins, by address and a mark of the name, and never what was typed', async () => {
    // Somebody who types the password into the field of the name.
    for (const name of ['my-secret-word', 'MY-SECRET-WORD', 'another-word']) await login(name, 'wrong-password');
    const told = lines();
    expect(told).toHaveLength(3);
    expect(JSON.stringify(told[0])).toMatch(/INVALID_CREDENTIALS \(password\).*"address":"2001:db8:1:2::\/64"/);
    const marks = written.join('').match(/"subject":"[\w-]{8}"/g)!;
    expect(marks[1]).toBe(marks[0]);
    expect(marks[2]).not.toBe(marks[0]);
    expect(written.join('')).not.toMatch(/secret-word|another-word|wrong-password/i);
    expect(await counts()).toEqual(['rowlock_security_events_total{kind="INVALID_CREDENTIALS",reason="password"} 3']);
  });

  it('are requests beyond a limit, with the rule, and the holder where there is one', async () => {
    for (let i = 0; i < 3; i++) await login('victim', 'wrong-password');
    const { token, id } = await person(app);
    for (let i = 0; i < 2; i++) await request(app, 'POST', '/api/seats/hold-batch/', { token, body: {} });
    const limited = lines().filter(({ message }) => String(message).startsWith('RATE_LIMITED'));
    expect(limited.map(({ message }) => message)).toEqual(['RATE_LIMITED (login)', 'RATE_LIMITED (commands)']);
    expect(JSON.stringify(limited[1])).toContain(id);
  });

  it('are tokens that are refused, with the reason, and not requests without one', async () => {
    const { token } = await person(app);
    const forged = `${token.slice(0, -4)}AAAA`;
    for (const sent of [forged, 'not-a-token', undefined]) {
      expect((await request(app, 'GET', '/api/auth/me/', { token: sent })).status).toBe(401);
    }
    await request(app, 'GET', '/metrics', { token: 'made-up' });
    await request(app, 'GET', '/metrics');
    expect(lines().map(({ message }) => message)).toEqual([
      'UNAUTHENTICATED (ERR_JWS_SIGNATURE_VERIFICATION_FAILED)',
      'UNAUTHENTICATED (ERR_JWT_INVALID)',
      'UNAUTHENTICATED (metrics-token)',
    ]);
    expect(written.join('')).not.toContain(token.split('.')[1]);
    expect(written.join('')).not.toContain('made-up');
  });

  it('are told ten times a minute a kind, and counted all', async () => {
    for (let i = 0; i < 25; i++) await request(app, 'GET', '/api/auth/me/', { token: 'x' });
    expect(lines()).toHaveLength(10);
    expect(await counts()).toEqual([expect.stringMatching(/ 25$/)]);
  });
});

/** An operator who reads of a refusal finds the setting by its reason. */
it('each limit that answers 429 is counted by a reason of its own', async () => {
  const ip = '203.0.113.9';
  const app = await startApp({
    LOG_LEVEL: 'error',
    RATE_LIMIT_ENABLED: 'true',
    RATE_LIMIT_GUEST_BURST: '1',
    RATE_LIMIT_GUEST_PER_MINUTE: '1',
    RATE_LIMIT_LOGIN_ADDRESS_PER_MINUTE: '1',
    RATE_LIMIT_REGISTER_PER_MINUTE: '1',
    RATE_LIMIT_REFRESH_PER_MINUTE: '1',
    RATE_LIMIT_READS_PER_MINUTE: '1',
    RATE_LIMIT_HEAVY_READS_PER_MINUTE: '1',
    RATE_LIMIT_COMMANDS_PER_MINUTE: '2',
    IDEMPOTENCY_MAX_KEYS_PER_HOLDER: '1',
    TRUST_PROXY_HOPS: '1',
    METRICS_TOKEN: TOKEN,
  });
  const showId = await createShow(app.dataSource);
  const { token } = await person(app);
  const twice: [method: string, path: string, body?: unknown][] = [
    ['POST', '/api/auth/guest/'],
    ['POST', '/api/auth/login/', { username: 'nobody', password: 'wrong-password' }],
    ['POST', '/api/auth/register/', { username: 'somebody', password: 'a long and rare password 7' }],
    ['POST', '/api/auth/refresh/', { refresh_token: 'none' }],
    ['GET', `/api/shows/${showId}/activity/`],
    ['GET', `/api/seats/?show_id=${showId}`],
  ];
  for (const [method, path, body] of twice)
    for (const _ of [1, 2]) await request(app, method, path, { body, headers: { 'x-forwarded-for': ip } });
  for (const number of [1, 2, 3]) {
    const body = { show_id: showId, seats: [{ row: 'A', number }] };
    await request(app, 'POST', '/api/seats/hold-batch/', { body, token, headers: { 'idempotency-key': `k${number}` } });
  }
  const { body } = await request(app, 'GET', '/metrics', { token: TOKEN });
  await app.close();

  const counted = [
    ...(body as string).matchAll(/^rowlock_security_events_total\{kind="RATE_LIMITED",reason="([^"]*)"\} (\d+)$/gm),
  ];
  expect(Object.fromEntries(counted.map(([, reason, count]) => [reason, Number(count)]))).toEqual({
    commands: 1,
    guest: 1,
    'heavy-reads': 1,
    'idempotency-keys': 1,
    'login-address': 1,
    reads: 1,
    refresh: 1,
    register: 1,
  });
});

describe('a proxy that the settings do not know of', () => {
  const warnings = async (TRUST_PROXY_HOPS: string) => {
    const written: string[] = [];
    jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
      written.push(String(text));
      return true;
    });
    const app = await startApp({ LOG_LEVEL: 'warn', TRUST_PROXY_HOPS });
    for (let i = 0; i < 3; i++) {
      await request(app, 'GET', '/health/live', { headers: { 'x-forwarded-for': '203.0.113.7' } });
    }
    await app.close();
    jest.restoreAllMocks();
    return written.filter((line) => line.includes('TRUST_PROXY_HOPS')).length;
  };

  it('is told once, and one that they know of is not', async () => {
    expect(await warnings('0')).toBe(1);
    expect(await warnings('1')).toBe(0);
  });
});
