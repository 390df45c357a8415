import { PasswordHasher } from '../../src/identity/password-hasher';
import { UsersService } from '../../src/identity/users.service';
import { connect } from 'node:net';
import { startApp } from '../support/app';

type App = Awaited<ReturnType<typeof startApp>>;

interface Answer {
  status: number;
  headers: Headers;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests assert what is in it
  body: any;
}

async function send(
  app: App,
  method: string,
  path: string,
  options: { token?: string; json?: unknown; from?: string } = {},
): Promise<Answer> {
  const response = await fetch(app.url + path, {
    method,
    headers: {
      ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
      ...(options.json === undefined ? {} : { 'content-type': 'application/json' }),
      ...(options.from === undefined ? {} : { 'x-forwarded-for': options.from }),
    },
    body: options.json === undefined ? undefined : JSON.stringify(options.json),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : undefined };
}

const register = (app: App, username: unknown, password: unknown) =>
  send(app, 'POST', '/api/auth/register/', { json: { username, password } });
const login = (app: App, username: unknown, password: unknown) =>
  send(app, 'POST', '/api/auth/login/', { json: { username, password } });
const me = (app: App, token?: string) => send(app, 'GET', '/api/auth/me/', { token });

function countsOf(answers: Answer[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status, body } of answers) {
    const key = body?.code ? `${status} ${body.code}` : String(status);
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

const PASSWORD = 'correct horse battery staple';

describe('signing in', () => {
  let app: App;

  beforeAll(async () => {
    app = await startApp({ RATE_LIMIT_ENABLED: 'false', AUTH_TOKEN_TTL_SECONDS: '3600' });
  });

  afterAll(() => app.close());

  it('gives guests a token, each one of their own', async () => {
    const answer = await send(app, 'POST', '/api/auth/guest/');
    expect(answer.status).toBe(201);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.body).toEqual({
      access_token: expect.any(String),
      token_type: 'Bearer',
      expires_in: 3600,
      refresh_token: expect.any(String),
      refresh_expires_in: 90 * 86_400,
      holder: { id: expect.stringMatching(/^guest:[0-9a-f-]{36}$/), kind: 'guest' },
    });
    const other = await send(app, 'POST', '/api/auth/guest/');
    expect(other.body.holder.id).not.toBe(answer.body.holder.id);
    await expect(me(app, answer.body.access_token)).resolves.toMatchObject({
      status: 200,
      body: { holder: answer.body.holder },
    });
  });

  it('registers, logs in whatever the case of the name, and knows who that is', async () => {
    const registered = await register(app, 'Ada.Lovelace', PASSWORD);
    expect(registered.status).toBe(201);
    expect(registered.body).toEqual({
      access_token: expect.any(String),
      token_type: 'Bearer',
      expires_in: 3600,
      refresh_token: expect.any(String),
      refresh_expires_in: 30 * 86_400,
      holder: { id: expect.stringMatching(/^user:[0-9a-f-]{36}$/), kind: 'user' },
    });
    for (const username of ['Ada.Lovelace', 'ada.lovelace', 'ADA.LOVELACE']) {
      const loggedIn = await login(app, username, PASSWORD);
      expect(loggedIn).toMatchObject({ status: 200, body: { token_type: 'Bearer', holder: registered.body.holder } });
      await expect(me(app, loggedIn.body.access_token)).resolves.toMatchObject({
        status: 200,
        body: { holder: registered.body.holder },
      });
    }
  });

  it('keeps no password that could be read', async () => {
    await register(app, 'grace', PASSWORD);
    const rows: { password_hash: string }[] = await app.dataSource.query(
      `SELECT password_hash FROM "user" WHERE username = 'grace'`,
    );
    expect(rows).toEqual([{ password_hash: expect.stringMatching(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/) }]);
  });

  it('lets exactly one of many take a name at the same moment', async () => {
    const names = Array.from({ length: 20 }, (_, i) => (i % 2 ? 'Contested' : 'contested'));
    const answers = await Promise.all(names.map((name) => register(app, name, PASSWORD)));
    expect(countsOf(answers)).toEqual({ '201': 1, '409 USERNAME_TAKEN': 19 });
    const rows = await app.dataSource.query(`SELECT username FROM "user" WHERE username ILIKE 'contested'`);
    expect(rows).toEqual([{ username: 'contested' }]);
  });

  it('does not tell an unknown user from a wrong password, by anything it says', async () => {
    await register(app, 'known-user', PASSWORD);
    const wrong = await login(app, 'known-user', 'wrong password');
    const unknown = await login(app, 'unknown-user', 'wrong password');
    expect(countsOf([wrong, unknown])).toEqual({ '401 INVALID_CREDENTIALS': 2 });
    const comparable = ({ headers, body }: Answer) => {
      const names = [...headers.keys()].filter((name) => !['date', 'x-request-id'].includes(name));
      return { headers: names.map((name) => [name, headers.get(name)]), body: { ...body, instance: '' } };
    };
    expect(comparable(unknown)).toEqual(comparable(wrong));
  });

  it('does not tell them apart by how long it takes either: a password is checked for both', async () => {
    await register(app, 'timed-user', PASSWORD);
    const verify = jest.spyOn(app.app.get(PasswordHasher), 'verify');
    try {
      await login(app, 'timed-user', 'wrong password');
      await login(app, 'nobody-there', 'wrong password');
      expect(verify.mock.calls).toEqual([
        [expect.stringMatching(/^\$argon2id\$/), 'wrong password', '127.0.0.1'],
        [undefined, 'wrong password', '127.0.0.1'],
      ]);
    } finally {
      verify.mockRestore();
    }
  });

  const badCredentials: [string, unknown, string[]][] = [
    ['nothing', {}, ['username', 'password', 'password', 'password']],
    ['null', null, ['']],
    ['a list', [{ username: 'abc', password: PASSWORD }], ['']],
    ['a short name', { username: 'ab', password: PASSWORD }, ['username']],
    ['a long name', { username: 'a'.repeat(65), password: PASSWORD }, ['username']],
    ['a name with a NUL', { username: 'abc\u0000', password: PASSWORD }, ['username']],
    ['a name with a line feed', { username: 'abc\n', password: PASSWORD }, ['username']],
    ['a name in another script', { username: 'ада', password: PASSWORD }, ['username']],
    ['a name that is only lower-cased into range', { username: '\u212aelvin', password: PASSWORD }, ['username']],
    ['a name in an object', { username: { $ne: 1 }, password: PASSWORD }, ['username']],
    ['a short password', { username: 'abc', password: '1234567' }, ['password']],
    ['a long password', { username: 'abc', password: 'x'.repeat(129) }, ['password']],
    ['a password in a list', { username: 'abc', password: [PASSWORD] }, ['password', 'password', 'password']],
    ['a role', { username: 'abc', password: PASSWORD, role: 'admin' }, ['role']],
    ['a constructor', { username: 'abc', password: PASSWORD, constructor: 1 }, ['constructor']],
  ];

  it.each(badCredentials)('refuses %s, wherever it is sent', async (_, json, paths) => {
    for (const path of ['/api/auth/register/', '/api/auth/login/']) {
      const { status, body } = await send(app, 'POST', path, { json });
      expect({
        status,
        code: body.code,
        paths: body.errors?.map((error: { path: string }) => error.path).sort(),
      }).toEqual({ status: 400, code: 'VALIDATION_FAILED', paths: [...paths].sort() });
    }
  });

  it('refuses a new password that is guessed first, and lets those log in that have one', async () => {
    const { status, body } = await register(app, 'newcomer', 'Password1!');
    expect([status, body.code, body.errors]).toEqual([
      400,
      'VALIDATION_FAILED',
      [{ path: 'password', message: expect.stringContaining('guessed first') }],
    ]);
    await app.app.get(UsersService).register('of-version-0-1', 'Password1!');
    await expect(login(app, 'of-version-0-1', 'Password1!')).resolves.toMatchObject({ status: 200 });
  });

  it('takes any characters as a password', async () => {
    for (const [i, password] of [
      '\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007',
      '💥🌵🎲🪐🧭🦜🎻🫖',
      "'; DROP TABLE x --",
      '   a  b   ',
    ].entries()) {
      await expect(register(app, `odd-password-${i}`, password)).resolves.toMatchObject({ status: 201 });
      await expect(login(app, `odd-password-${i}`, password)).resolves.toMatchObject({ status: 200 });
      await expect(login(app, `odd-password-${i}`, `${password}x`)).resolves.toMatchObject({ status: 401 });
    }
  });

  it.each([
    ['nothing', ''],
    ['a letter', 'x'],
    ['three letters', 'x.y.z'],
    ["a client's mistake", 'undefined'],
    ['a very long one', 'e30.'.repeat(3_000)],
  ])('does not accept %s as a token', async (_, token) => {
    const { status, headers, body } = await me(app, token);
    expect({ status, code: body.code }).toEqual({ status: 401, code: 'UNAUTHENTICATED' });
    expect(headers.get('www-authenticate')).toBe('Bearer');
  });

  it('gives a new token to who still sends an old one', async () => {
    for (const token of ['expired', 'x.y.z']) {
      await expect(send(app, 'POST', '/api/auth/guest/', { token })).resolves.toMatchObject({ status: 201 });
    }
  });
});

describe('request limits', () => {
  const LIMITS = {
    RATE_LIMIT_ENABLED: 'true',
    RATE_LIMIT_LOGIN_PER_MINUTE: '5',
    RATE_LIMIT_LOGIN_ADDRESS_PER_MINUTE: '25',
    TRUST_PROXY_HOPS: '1',
    RATE_LIMIT_REGISTER_PER_MINUTE: '6',
    RATE_LIMIT_GUEST_PER_MINUTE: '1',
    RATE_LIMIT_GUEST_BURST: '7',
    RATE_LIMIT_COMMANDS_PER_MINUTE: '4',
  };
  let app: App;
  let startedMs: number;

  beforeEach(async () => {
    startedMs = performance.now();
    app = await startApp(LIMITS);
  });

  afterEach(() => app.close());

  /** Each 429 names the rest of a minute that has begun since the start, in whole seconds. */
  function expectRetryAfter(answers: Answer[]): void {
    const leastSeconds = Math.max(1, Math.floor(60 - (performance.now() - startedMs) / 1_000));
    for (const { headers } of answers.filter(({ status }) => status === 429)) {
      const seconds = Number(headers.get('retry-after'));
      expect(Number.isInteger(seconds) && seconds >= leastSeconds && seconds <= 60).toBe(true);
    }
  }

  it('let so many attempts at one name through and no more, right or wrong, however the name is written', async () => {
    await register(app, 'victim', PASSWORD);
    const names = ['victim', 'VICTIM', 'Victim', 'vICTIM'];
    const attempts = await Promise.all(
      Array.from({ length: 20 }, (_, i) => login(app, names[i % 4], `guess number ${i}`)),
    );
    expect(countsOf(attempts)).toEqual({ '401 INVALID_CREDENTIALS': 5, '429 RATE_LIMITED': 15 });
    expectRetryAfter(attempts);
    // Or else the limit would tell which guess was right.
    expect(countsOf([await login(app, 'victim', PASSWORD)])).toEqual({ '429 RATE_LIMITED': 1 });
    // No other name is locked out.
    await register(app, 'bystander', PASSWORD);
    expect(countsOf([await login(app, 'bystander', PASSWORD)])).toEqual({ '200': 1 });
  });

  it('do not count what is no attempt', async () => {
    for (const path of ['/api/auth/login/', '/api/auth/register/']) {
      const malformed = await Promise.all(
        Array.from({ length: 30 }, () => send(app, 'POST', path, { json: { username: 'ada', password: 'short' } })),
      );
      expect(countsOf(malformed)).toEqual({ '400 VALIDATION_FAILED': 30 });
    }
    expect(countsOf([await register(app, 'ada', PASSWORD), await login(app, 'ada', PASSWORD)])).toEqual({
      '200': 1,
      '201': 1,
    });
  });

  const loginFrom = (from: string, username: string, password = 'Password1!') =>
    send(app, 'POST', '/api/auth/login/', { from, json: { username, password } });

  it('let one address try no more than so many names, and leave others alone', async () => {
    const attempts = await Promise.all(Array.from({ length: 30 }, (_, i) => loginFrom('203.0.113.7', `person${i}`)));
    expect(countsOf(attempts)).toEqual({ '401 INVALID_CREDENTIALS': 25, '429 RATE_LIMITED': 5 });
    expectRetryAfter(attempts);
    const { body } = attempts.find(({ status }) => status === 429)!;
    expect(body.detail).toBe('No more than 25 login attempts from one address a minute.');
    expect(countsOf([await loginFrom('203.0.113.8', 'person1')])).toEqual({ '401 INVALID_CREDENTIALS': 1 });
  });

  it('take an address for one, whatever port a proxy writes behind it', async () => {
    const attempts = await Promise.all(
      Array.from({ length: 12 }, (_, i) => loginFrom(`203.0.113.7:${50_000 + i}`, 'victim')),
    );
    expect(countsOf(attempts)).toEqual({ '401 INVALID_CREDENTIALS': 5, '429 RATE_LIMITED': 7 });
  });

  it('hold back, and never refuse, the right password while many addresses guess at the name', async () => {
    await register(app, 'victim', PASSWORD);
    await loginFrom('198.51.100.1', 'victim', PASSWORD);
    const guesses = await Promise.all(
      Array.from({ length: 8 }, (_, i) => loginFrom(`203.0.113.${i}`, 'victim', `guess number ${i}`)),
    );
    expect(countsOf(guesses)).toEqual({ '401 INVALID_CREDENTIALS': 8 });
    const timed = async (from: string) => {
      const sentMs = performance.now();
      const { status } = await loginFrom(from, 'victim', PASSWORD);
      return { status, tookMs: performance.now() - sentMs };
    };
    // The ninth attempt waits for two seconds, but not from an address that has logged in before.
    const [known, stranger] = await Promise.all([timed('198.51.100.1'), timed('198.51.100.2')]);
    expect([known.status, stranger.status]).toEqual([200, 200]);
    expect(stranger.tookMs).toBeGreaterThan(2_000);
    expect(known.tookMs).toBeLessThan(2_000);
  });

  it('apply to registrations from one address', async () => {
    const registrations = await Promise.all(Array.from({ length: 8 }, (_, i) => register(app, `crowd-${i}`, PASSWORD)));
    expect(countsOf(registrations)).toEqual({ '201': 6, '429 RATE_LIMITED': 2 });
    expectRetryAfter(registrations);
  });

  it('let a burst of guests of one address through, and no more at once', async () => {
    const guestsFrom = (address: (index: number) => string, count: number) =>
      Promise.all(
        Array.from({ length: count }, (_, index) => send(app, 'POST', '/api/auth/guest/', { from: address(index) })),
      );
    const guests = await guestsFrom((index) => `203.0.113.7:${50_000 + index}`, 10);
    expect(countsOf(guests)).toEqual({ '201': 7, '429 RATE_LIMITED': 3 });
    expectRetryAfter(guests);
    expect(guests.find(({ status }) => status === 429)!.body.detail).toContain('7 at once');
    // Another address; the addresses of one IPv6 customer, and of a network with many such; this machine itself.
    expect(countsOf(await guestsFrom(() => '203.0.113.8', 7))).toEqual({ '201': 7 });
    expect(countsOf(await guestsFrom((index) => `2001:db8:1:1::${index}`, 9))).toEqual({
      '201': 7,
      '429 RATE_LIMITED': 2,
    });
    expect(countsOf(await guestsFrom((index) => `2001:db8:1:${100 + index}::1`, 70))).toEqual({
      '201': 63,
      '429 RATE_LIMITED': 7,
    });
    expect(countsOf(await guestsFrom(() => '127.0.0.1', 30))).toEqual({ '201': 30 });
  });

  it('apply to the seat commands of one holder together, and to nobody else', async () => {
    const [one, other] = [await send(app, 'POST', '/api/auth/guest/'), await send(app, 'POST', '/api/auth/guest/')];
    const command = (token?: string, path = 'hold-batch') =>
      send(app, 'POST', `/api/seats/${path}/`, { token, json: {} });
    const answers = [];
    for (const path of ['hold-batch', 'book-batch', 'hold-batch', 'book-batch', 'hold-batch', 'book-batch']) {
      answers.push(await command(one.body.access_token, path));
    }
    expect(countsOf(answers)).toEqual({ '400 VALIDATION_FAILED': 4, '429 RATE_LIMITED': 2 });
    expectRetryAfter(answers);
    expect(countsOf([await command(other.body.access_token)])).toEqual({ '400 VALIDATION_FAILED': 1 });
    expect(countsOf(await Promise.all(Array.from({ length: 6 }, () => command())))).toEqual({
      '401 UNAUTHENTICATED': 6,
    });
  });

  it('apply to nothing else', async () => {
    const guest = await send(app, 'POST', '/api/auth/guest/');
    const answers = await Promise.all(Array.from({ length: 50 }, () => me(app, guest.body.access_token)));
    expect(countsOf(answers)).toEqual({ '200': 50 });
  });
});

describe('protected routes', () => {
  /** Other ways to write a path. The guard that checks a path and the router might read each of them differently. */
  const rewrites: ((path: string) => string)[] = [
    (path) => path,
    (path) => path.replace(/\/$/, ''),
    (path) => `${path}/`,
    (path) => path.replaceAll('/', '//'),
    (path) => path.replace('/', '//'),
    (path) => path.replaceAll('/', '/./'),
    (path) => path.replace('/api', '/x/../api'),
    (path) => path.replace('/api', '/api/public/..'),
    (path) => `${path}.`,
    (path) => `${path}..;/`,
    (path) => path.replace('/api', '/%2e/api'),
    (path) => path.replace('/api', '/x/%2e%2e/api'),
    (path) => path.replaceAll('/', '%2f').replace('%2f', '/'),
    (path) => path.replaceAll('/', '%2F'),
    (path) => path.replace(/\/(?=[^/]+\/?$)/, '%252f'),
    (path) => path.replaceAll('/', '\\').replace('\\', '/'),
    (path) => path.replaceAll('/', '%5c').replace('%5c', '/'),
    (path) => path.toUpperCase(),
    (path) => path.replace('api', 'Api'),
    (path) => path.replace(/[a-z]/g, (letter) => `%${letter.charCodeAt(0).toString(16)}`),
    (path) => path.replace(/[a-z](?=\/?$)/, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`),
    (path) => path.replace('a', '%2561'),
    (path) => path.replace('a', '%u0061'),
    (path) => path.replace('a', '%c1%a1'),
    (path) => path.replace('s', '%C5%BF'),
    (path) => path.replace('k', '%E2%84%AA'),
    (path) => `${path};`,
    (path) => `${path};a=b`,
    (path) => path.replace('/api', '/api;a=b'),
    (path) => `${path}?token=x`,
    (path) => `${path}?access_token=x&/../`,
    (path) => `${path}#`,
    (path) => `${path}%23`,
    (path) => `${path}%3f`,
    (path) => `${path}%00`,
    (path) => `${path}%20`,
    (path) => `${path}%0d%0a`,
    (path) => `${path}%09`,
    (path) => path.replace('/api', '/health/../api'),
    (path) => path.replace('/api', '/docs/..%2fapi'),
    (path) => path.replace('/', ''),
    (path) => path.replace('/', '*'),
    (path) => path.replace('/', '%2f'),
    (path) => `http://localhost${path}`,
    (path) => `HTTP://evil.example${path}`,
    (path) => `https://user@evil.example:1${path}`,
    (path) => `http://localhost?x=${path}`,
    (path) => `http:/${path}`,
    (path) => `//localhost${path}`,
  ];

  const targets = [
    { methods: ['GET', 'HEAD', 'POST', 'OPTIONS', 'PROPFIND'], path: '/api/bookings/' },
    { methods: ['GET', 'HEAD', 'POST'], path: '/api/auth/me/' },
    { methods: ['POST', 'GET', 'PUT'], path: '/api/seats/hold-batch/' },
  ];
  const BODY = '{"show_id":1,"seats":[{"row":"A","number":1}]}';

  let app: App;
  let token: string;

  beforeAll(async () => {
    app = await startApp({ RATE_LIMIT_ENABLED: 'false' });
    token = (await send(app, 'POST', '/api/auth/guest/')).body.access_token;
  });

  afterAll(() => app.close());

  /** As fetch would normalise the address: over a socket, byte for byte. */
  function sendRaw(
    method: string,
    target: string,
    authorization?: string,
  ): Promise<{ status: number; head: string; body: string }> {
    const { hostname, port } = new URL(app.url);
    const body = method === 'POST' || method === 'PUT' ? BODY : undefined;
    const lines = [
      `${method} ${target} HTTP/1.1`,
      'Host: localhost',
      'Connection: close',
      ...(authorization ? [`Authorization: ${authorization}`] : []),
      ...(body ? ['Content-Type: application/json', `Content-Length: ${body.length}`] : []),
    ];
    return new Promise((resolve, reject) => {
      let received = '';
      const socket = connect(Number(port), hostname, () =>
        socket.write(`${lines.join('\r\n')}\r\n\r\n${body ?? ''}`, 'latin1'),
      );
      socket.on('data', (chunk) => (received += chunk));
      socket.on('error', reject);
      socket.on('close', () => {
        const [head = '', ...rest] = received.split('\r\n\r\n');
        resolve({ status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]), head, body: rest.join('\r\n\r\n') });
      });
    });
  }

  it.each(targets)(
    '$path: no way of writing it gets by without a token',
    async ({ methods, path }) => {
      const addresses = new Set(rewrites.flatMap((first) => rewrites.map((second) => second(first(path)))));
      const requests = [...addresses].flatMap((address) => methods.map((method) => ({ method, address })));
      const suspicious: string[] = [];
      let refusedCount = 0;
      while (requests.length > 0) {
        await Promise.all(
          requests.splice(0, 50).map(async ({ method, address }) => {
            const { status, head, body } = await sendRaw(method, address);
            // The dashboard, where it was built: `/` with a query. It needs no token, and is no handler of the API.
            if (status === 200 && /^content-type: text\/html/im.test(head)) return;
            const isProblem =
              /^content-type: application\/problem\+json$/im.test(head) && /^x-request-id: ./im.test(head);
            // Not routed, or routed and stopped by the guard, or a file that Swagger UI does not give out. `errors`
            // come from validation, which is behind the guard.
            const isStopped =
              method === 'HEAD'
                ? [400, 401, 403, 404, 414].includes(status)
                : /"code":"(UNAUTHENTICATED|NOT_FOUND|FORBIDDEN|URI_TOO_LONG|VALIDATION_FAILED)"/.test(body) &&
                  !body.includes('"errors"');
            if (!isProblem || !isStopped) suspicious.push(`${method} ${address}: ${head.split('\r\n')[0]} ${body}`);
            if (status === 401) refusedCount++;
          }),
        );
      }
      expect(suspicious).toEqual([]);
      // The variations are no use if they lead nowhere: these would have reached a handler.
      expect(refusedCount).toBeGreaterThan(20);
    },
    120_000,
  );

  it('let in who has one', async () => {
    for (const { path, methods } of targets) {
      const { status, body } = await sendRaw(methods[0]!, path, `Bearer ${token}`);
      expect([path, status === 200 || body.includes('"code":"SHOW_NOT_FOUND"')]).toEqual([path, true]);
    }
  });
});
