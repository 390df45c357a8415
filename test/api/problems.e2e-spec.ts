import { readFileSync } from 'node:fs';
import { PROBLEMS, ProblemCode } from '../../src/problem-catalogue';
import { expiredToken, startApp, TestApp } from '../support/app';
import { block, LOCK_SEAT } from '../../proof/kit/blocker';
import { Answer, person, Person, request, seats } from '../support/client';
import { expectProblem, fields, seatsOf } from '../support/expectations';
import { createShow, moveSalesEnd, NO_SHOW } from '../support/house';
import { get as wireGet, Wire } from '../support/wire';

const NO_BOOKING = '0d3b8a52-5f0e-4e6c-9d0a-0b6d3a1e7c11';

let target: TestApp;
let me: Person;
let another: Person;
let showId: number;

/** Instances on the same database: one with a cool-down, and one with a waiting room before it. */
let cooling: TestApp;
let gated: TestApp;

beforeAll(async () => {
  target = await startApp({ LOCK_TIMEOUT_MS: '100' });
  cooling = await startApp({ DATABASE_URL: target.databaseUrl, REHOLD_COOLDOWN_SECONDS: '60' });
  gated = await startApp({ DATABASE_URL: target.databaseUrl, ADMISSION_JWKS_URL: 'http://127.0.0.1:9/keys' });
});
afterAll(async () => {
  await gated.close();
  await cooling.close();
  await target.close();
});
beforeEach(async () => {
  [me, another, showId] = await Promise.all([person(target), person(target), createShow(target.dataSource)]);
});

const get = (path: string, token?: string) => request(target, 'GET', path, { token });
const post = (path: string, body: unknown, headers?: Record<string, string>) =>
  request(target, 'POST', path, { token: me.token, body, headers });

// The statuses of the contract, then those that HTTP itself calls for.
const STATUSES: Record<ProblemCode, number> = {
  VALIDATION_FAILED: 400,
  UNAUTHENTICATED: 401,
  TOKEN_EXPIRED: 401,
  SESSION_ENDED: 401,
  INVALID_CREDENTIALS: 401,
  FORBIDDEN: 403,
  ADMISSION_REQUIRED: 403,
  SHOW_NOT_FOUND: 404,
  SEAT_NOT_FOUND: 404,
  BOOKING_NOT_FOUND: 404,
  SEAT_UNAVAILABLE: 409,
  NOT_YOUR_HOLD: 409,
  HOLD_LIMIT_EXCEEDED: 409,
  SEAT_LIMIT_EXCEEDED: 409,
  HOLD_COOLDOWN: 409,
  SALES_CLOSED: 409,
  USERNAME_TAKEN: 409,
  IDEMPOTENCY_IN_PROGRESS: 409,
  PAYLOAD_TOO_LARGE: 413,
  IDEMPOTENCY_KEY_REUSED: 422,
  RATE_LIMITED: 429,
  INTERNAL: 500,
  BUSY: 503,

  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  REQUEST_TIMEOUT: 408,
  HEADERS_TOO_LARGE: 431,
  URI_TOO_LONG: 414,
  UNSUPPORTED_MEDIA_TYPE: 415,
};

/** As many as one holder may have. */
async function buyTwenty(): Promise<void> {
  for (const row of ['A', 'B']) {
    const names = Array.from({ length: 10 }, (_, index) => `${row}${index + 1}`);
    await me.hold(showId, names);
    await me.book(showId, names);
  }
}

async function giveUpAndHold(): Promise<Answer> {
  const own = await person(cooling, me.token);
  await own.hold(showId, ['A1']);
  await own.release(showId, ['A1']);
  return own.hold(showId, ['A1']);
}

/** Each problem as a client meets it, with the keys that it has beside the common ones. */
const PROVOKED: [ProblemCode, () => Promise<Answer>, (object | undefined)?][] = [
  ['VALIDATION_FAILED', () => get('/api/seats/?show_id=abc'), fields('show_id', 'show_id', 'show_id')],
  ['UNAUTHENTICATED', () => get('/api/bookings/')],
  ['TOKEN_EXPIRED', async () => get('/api/bookings/', await expiredToken(me.id))],
  ['SESSION_ENDED', () => post('/api/auth/refresh/', { refresh_token: 'x.y.z' })],
  ['INVALID_CREDENTIALS', () => post('/api/auth/login/', { username: 'nobody-there', password: 'correct horse' })],
  ['FORBIDDEN', () => post('/api/auth/delete/', { password: 'correct horse' })],
  ['SHOW_NOT_FOUND', () => get(`/api/shows/${NO_SHOW}/`)],
  ['SEAT_NOT_FOUND', () => me.hold(showId, ['Z9']), seatsOf({ Z9: 'SEAT_NOT_FOUND' })],
  ['BOOKING_NOT_FOUND', () => get(`/api/bookings/${NO_BOOKING}/`, me.token)],
  [
    'SEAT_UNAVAILABLE',
    async () => {
      await another.hold(showId, ['A1']);
      return me.hold(showId, ['A1']);
    },
    seatsOf({ A1: 'SEAT_HELD' }),
  ],
  ['NOT_YOUR_HOLD', () => me.book(showId, ['A1']), seatsOf({ A1: 'HOLD_GONE' })],
  [
    'HOLD_LIMIT_EXCEEDED',
    async () => {
      await me.hold(
        showId,
        Array.from({ length: 10 }, (_, i) => `A${i + 1}`),
      );
      return me.hold(showId, ['B1']);
    },
  ],
  ['SALES_CLOSED', async () => me.hold(await createShow(target.dataSource, { opensInMs: 60_000 }), ['A1'])],
  [
    'USERNAME_TAKEN',
    async () => {
      const credentials = { username: `somebody-${showId}`, password: 'correct horse' };
      await post('/api/auth/register/', credentials);
      return post('/api/auth/register/', credentials);
    },
  ],
  ['PAYLOAD_TOO_LARGE', () => post('/api/seats/hold-batch/', ' '.repeat(70_000))],
  [
    'IDEMPOTENCY_KEY_REUSED',
    async () => {
      await me.hold(showId, ['A1'], { 'idempotency-key': 'k' });
      return me.hold(showId, ['A2'], { 'idempotency-key': 'k' });
    },
  ],
  [
    'RATE_LIMITED',
    async () => {
      const limits = { RATE_LIMIT_ENABLED: 'true', RATE_LIMIT_GUEST_BURST: '1', TRUST_PROXY_HOPS: '1' };
      const limited = await startApp(limits);
      const ask = () => request(limited, 'POST', '/api/auth/guest/', { headers: { 'x-forwarded-for': '203.0.113.7' } });
      await ask();
      return ask().finally(() => limited.close());
    },
  ],
  [
    'SEAT_LIMIT_EXCEEDED',
    async () => {
      await buyTwenty();
      return me.hold(showId, ['C1']);
    },
  ],
  ['HOLD_COOLDOWN', giveUpAndHold, seatsOf({ A1: 'HOLD_COOLDOWN' })],
  ['ADMISSION_REQUIRED', () => request(gated, 'POST', '/api/auth/guest/')],
  [
    'INTERNAL',
    async () => {
      await target.dataSource.query('ALTER TABLE movie RENAME TO hidden');
      // No list that was read a moment ago.
      return get('/api/shows/?limit=113').finally(() => target.dataSource.query('ALTER TABLE hidden RENAME TO movie'));
    },
  ],
  [
    'BUSY',
    async () => {
      const blocker = await block(target.databaseUrl, LOCK_SEAT, [showId, 'A', 1]);
      return me.hold(showId, ['A1']).finally(() => blocker.release());
    },
  ],
  ['NOT_FOUND', () => get('/api/nothing/')],
  ['METHOD_NOT_ALLOWED', () => get('/api/seats/hold-batch/')],
  ['URI_TOO_LONG', () => get(`/api/bookings/${'a'.repeat(300)}/`, me.token)],
  ['UNSUPPORTED_MEDIA_TYPE', () => post('/api/seats/hold-batch/', '<seats/>', { 'content-type': 'application/xml' })],
];

describe('the problems', () => {
  it('have the statuses of the contract', () => {
    expect(Object.fromEntries(Object.entries(PROBLEMS).map(([code, { status }]) => [code, status]))).toEqual(STATUSES);
  });

  it.each(PROVOKED)('%s', async (...[code, provoke, extras]) => {
    const answer = await provoke();
    expect(answer.status).toBe(STATUSES[code]);
    expectProblem(answer, code, extras);
    expect(answer.body.type).toBe(`urn:rowlock:problem:${code.toLowerCase().replaceAll('_', '-')}`);
    expect(JSON.stringify(answer.body)).not.toMatch(
      /SELECT|INSERT|relation|hidden|movie|lock_timeout|postgres|\.[jt]s\b|:\d+:\d+/,
    );
    expect(answer.headers.get('retry-after')).toEqual(
      ['BUSY', 'RATE_LIMITED', 'HOLD_COOLDOWN'].includes(code) ? expect.stringMatching(/^[1-9]\d*$/) : null,
    );
    expect(answer.headers.get('www-authenticate')).toBe(STATUSES[code] === 401 ? 'Bearer' : null);
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  it('are all met above, but for one: a second request with a key waits for the first', () => {
    const met = PROVOKED.map(([code]) => code);
    // Two are told of what did not become a request: below, and in fastify-adapter.spec.ts.
    const belowRequests = ['REQUEST_TIMEOUT', 'HEADERS_TOO_LARGE'];
    expect([...met, ...belowRequests, 'IDEMPOTENCY_IN_PROGRESS'].sort()).toEqual(Object.keys(PROBLEMS).sort());
  });

  it('say whether to try again: when the server is to blame, or time will tell', () => {
    const retryable = Object.entries(PROBLEMS).flatMap(([code, problem]) => (problem.retryable ? [code] : []));
    expect(retryable.sort()).toEqual([
      'BUSY',
      'IDEMPOTENCY_IN_PROGRESS',
      'INTERNAL',
      'RATE_LIMITED',
      'REQUEST_TIMEOUT',
    ]);
  });

  it('BUSY: nothing was changed, and the same request succeeds later, under the same key', async () => {
    const key = { 'idempotency-key': 'busy' };
    const blocker = await block(target.databaseUrl, LOCK_SEAT, [showId, 'A', 1]);
    expectProblem(await me.hold(showId, ['A1', 'A2'], key), 'BUSY');
    const meanwhile = (await get(`/api/seats/?show_id=${showId}`)).body;
    await blocker.release();
    expect(meanwhile.stats).toEqual({ total: 50, available: 50, held: 0, booked: 0, blocked: 0 });
    const answer = await me.hold(showId, ['A1', 'A2'], key);
    expect([answer.status, answer.headers.get('idempotency-replayed'), answer.body.seats?.[0].version]).toEqual([
      200,
      null,
      1,
    ]);
  });

  it.each(['GET', 'PUT', 'PATCH', 'DELETE'])('%s is nothing that a seat command knows', async (method) => {
    const answer = await request(target, method, '/api/seats/hold-batch/', { token: me.token });
    expectProblem(answer, 'METHOD_NOT_ALLOWED');
    expect(answer.headers.get('allow')).toBe('OPTIONS, POST');
  });
});

/** Problems that each route can answer with, and that the tests above and the faults provoke on some of them. */
const OF_ANY_ROUTE: Partial<Record<ProblemCode, string>> = {
  INTERNAL: 'a defect',
  BUSY: 'the database is away, a time limit is reached, or the server is shutting down',
};

describe('what the document says of each route', () => {
  interface Schema {
    properties?: { code?: { enum: ProblemCode[] } };
    allOf?: Schema[];
  }
  type Responses = Record<string, { content?: { 'application/problem+json'?: { schema: Schema } } }>;
  const { paths } = JSON.parse(readFileSync('openapi.json', 'utf8')) as {
    paths: Record<string, Record<string, { responses: Responses }>>;
  };
  const codesOf = (schema: Schema): ProblemCode[] =>
    schema.properties?.code?.enum ?? (schema.allOf ?? []).flatMap(codesOf);
  const documented = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).flatMap(([method, { responses }]) =>
      Object.values(responses).flatMap(({ content }) =>
        codesOf(content?.['application/problem+json']?.schema ?? {}).map((code): [route: string, code: ProblemCode] => [
          `${method.toUpperCase()} ${path}`,
          code,
        ]),
      ),
    ),
  );

  let limited: TestApp;
  beforeAll(async () => {
    const limits = ['LOGIN', 'REGISTER', 'GUEST', 'COMMANDS', 'REFRESH', 'PASSWORD'];
    const once = limits.map((name) => [`RATE_LIMIT_${name}_PER_MINUTE`, '1']);
    limited = await startApp({
      DATABASE_URL: target.databaseUrl,
      RATE_LIMIT_ENABLED: 'true',
      RATE_LIMIT_GUEST_BURST: '1',
      // Guests are counted by address, but those of this machine are not.
      TRUST_PROXY_HOPS: '1',
      ...Object.fromEntries(once),
    });
  });
  afterAll(() => limited.close());

  const send = (route: string, options: { body?: unknown; token?: string; headers?: Record<string, string> } = {}) => {
    const [method, path] = route.replace('{id}', String(showId)).split(' ');
    return request(target, method!, path!, { token: me.token, ...options });
  };
  const command = (names = ['A1'], show = showId) => ({ show_id: show, seats: seats(...names) });
  const credentials = () => ({ username: `somebody-${showId}`, password: 'correct horse' });
  /** As `another`, so that the seats are taken from the point of view of `me`. */
  const taken = async () => {
    await another.hold(showId, ['A1']);
    await another.book(showId, ['A1']);
  };
  const twice = async (route: string, body?: unknown) => {
    const [method, path] = route.split(' ');
    const sending = { token: me.token, body, headers: { 'x-forwarded-for': '203.0.113.7' } };
    await request(limited, method!, path!, sending);
    return request(limited, method!, path!, sending);
  };

  /** At the end of as many requests at a time as one connection may have. */
  const seventeenth = async (route: string) => {
    const wire = await Wire.open(target);
    const [method, path] = route.replace('{id}', String(showId)).split(' ');
    wire.send(`${wireGet('/health/ready').repeat(16)}${method} ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
    const [status, code] = (await wire.untilOver()).at(-1)!.split(' ');
    const headers = new Headers({ 'cache-control': /^cache-control: (.*?)\r$/im.exec(wire.received)?.[1] ?? '' });
    return { status: Number(status), headers, body: { code } };
  };

  const COMMAND = /^POST \/api\/seats\//;
  const commandBody = (route: string) => (COMMAND.test(route) ? {} : undefined);
  const user = async () =>
    (await request(target, 'POST', '/api/auth/register/', { body: { ...credentials(), username: `user-${showId}` } }))
      .body as { access_token: string };
  /** Of what a user confirms by the password. */
  const bodyOf = (route: string, password: string) =>
    route.includes('password') ? { current_password: password, new_password: password } : { password };
  /** Which routes are provoked how. The first whose pattern fits the route counts. */
  const PROVOCATIONS: Partial<Record<ProblemCode, [RegExp, (route: string) => Promise<Answer>][]>> = {
    VALIDATION_FAILED: [
      [/^POST /, (route) => send(route, { body: '{' })],
      [/{id}/, (route) => send(route.replace('{id}', '%20'))],
      [/^GET /, (route) => send(`${route}?limit=0&show_id=0`)],
    ],
    UNAUTHENTICATED: [[/ /, (route) => send(route, { token: 'none-of-ours', body: commandBody(route) })]],
    TOKEN_EXPIRED: [
      [/ /, async (route) => send(route, { token: await expiredToken(me.id), body: commandBody(route) })],
    ],
    SESSION_ENDED: [[/refresh/, (route) => send(route, { body: { refresh_token: 'x.y.z' } })]],
    INVALID_CREDENTIALS: [
      [/login/, (route) => send(route, { body: credentials() })],
      [
        / /,
        async (route) => send(route, { token: (await user()).access_token, body: bodyOf(route, 'wrong password') }),
      ],
    ],
    FORBIDDEN: [[/ /, (route) => send(route, { body: bodyOf(route, 'correct horse') })]],
    SHOW_NOT_FOUND: [
      [COMMAND, (route) => send(route, { body: command(['A1'], NO_SHOW) })],
      [/{id}/, (route) => send(route.replace('{id}', String(NO_SHOW)))],
      [/^GET \/api\/seats/, (route) => send(`${route}?show_id=${NO_SHOW}`)],
    ],
    SEAT_NOT_FOUND: [[COMMAND, (route) => send(route, { body: command(['Z9']) })]],
    BOOKING_NOT_FOUND: [[/{id}/, (route) => send(route.replace('{id}', NO_BOOKING))]],
    SEAT_UNAVAILABLE: [[COMMAND, async (route) => (await taken(), send(route, { body: command() }))]],
    NOT_YOUR_HOLD: [[COMMAND, async (route) => (await taken(), send(route, { body: command() }))]],
    HOLD_LIMIT_EXCEEDED: [
      [
        COMMAND,
        async (route) => {
          await me.hold(
            showId,
            Array.from({ length: 10 }, (_, index) => `A${index + 1}`),
          );
          return send(route, { body: command(['B1']) });
        },
      ],
    ],
    SEAT_LIMIT_EXCEEDED: [[COMMAND, async (route) => (await buyTwenty(), send(route, { body: command(['C1']) }))]],
    HOLD_COOLDOWN: [[COMMAND, giveUpAndHold]],
    ADMISSION_REQUIRED: [
      [/guest/, () => request(gated, 'POST', '/api/auth/guest/')],
      [COMMAND, async () => (await person(gated, me.token)).hold(showId, ['A1'])],
    ],
    SALES_CLOSED: [
      [
        COMMAND,
        async (route) => {
          await me.hold(showId, ['A1']);
          await moveSalesEnd(target.dataSource, showId, -1);
          return send(route, { body: command(route.includes('hold') ? ['A2'] : ['A1']) });
        },
      ],
    ],
    USERNAME_TAKEN: [
      [/register/, async (route) => (await send(route, { body: credentials() }), send(route, { body: credentials() }))],
    ],
    PAYLOAD_TOO_LARGE: [[/^POST /, (route) => send(route, { body: ' '.repeat(70_000) })]],
    UNSUPPORTED_MEDIA_TYPE: [
      [/^POST /, (route) => send(route, { body: '<a/>', headers: { 'content-type': 'application/xml' } })],
    ],
    IDEMPOTENCY_KEY_REUSED: [
      [
        COMMAND,
        async (route) => {
          const headers = { 'idempotency-key': 'k' };
          await send(route, { body: command(['A1']), headers });
          return send(route, { body: command(['A2']), headers });
        },
      ],
    ],
    RATE_LIMITED: [
      [COMMAND, (route) => twice(route, command())],
      [/guest/, (route) => twice(route)],
      [/refresh/, (route) => twice(route, { refresh_token: 'x.y.z' })],
      [/password|delete/, (route) => twice(route, bodyOf(route, 'correct horse'))],
      [/register|login/, (route) => twice(route, credentials())],
      [/ /, (route) => seventeenth(route)],
    ],
  };

  it.each(documented.filter(([, code]) => !(code in OF_ANY_ROUTE)))('%s can answer %s', async (route, code) => {
    const [, provoke] = PROVOCATIONS[code]?.find(([pattern]) => pattern.test(route)) ?? [];
    if (!provoke) throw new Error(`${route} documents ${code}, and nothing here provokes it`);
    const answer = await provoke(route);
    expect([answer.status, answer.body.code]).toEqual([STATUSES[code], code]);
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  const routes = Object.entries(paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
  );
  /** What goes before a success, where a route alone is not one. */
  const PREPARATIONS: Record<string, () => Promise<{ path?: string; body?: unknown; token?: string } | void>> = {
    'POST /api/auth/register/': async () => ({ body: credentials() }),
    'POST /api/auth/login/': async () => {
      await send('POST /api/auth/register/', { body: credentials() });
      return { body: credentials() };
    },
    'POST /api/auth/refresh/': async () => {
      const { body } = await send('POST /api/auth/guest/');
      return { body: { refresh_token: body.refresh_token } };
    },
    'POST /api/auth/password/': async () => {
      const { body } = await send('POST /api/auth/register/', { body: credentials() });
      const { password } = credentials();
      return { body: { current_password: password, new_password: `${password} too` }, token: body.access_token };
    },
    'POST /api/auth/delete/': async () => {
      const { body } = await send('POST /api/auth/register/', { body: credentials() });
      return { body: { password: credentials().password }, token: body.access_token };
    },
    'GET /api/seats/': async () => ({ path: `/api/seats/?show_id=${showId}` }),
    'POST /api/seats/hold-batch/': async () => ({ body: command() }),
    'POST /api/seats/release-hold-batch/': async () => ({ body: command() }),
    'POST /api/seats/book-batch/': async () => {
      await me.hold(showId, ['A1']);
      return { body: command() };
    },
    'GET /api/bookings/{id}/': async () => {
      await me.hold(showId, ['A1']);
      const { body } = await me.book(showId, ['A1']);
      return { path: `/api/bookings/${body.booking.id}/` };
    },
  };
  const OF_OTHERS = ['GET /metrics', 'GET /docs', 'GET /docs-json', 'GET /docs/swagger-ui.css', 'OPTIONS /api/shows/'];

  it.each([...routes, ...OF_OTHERS])('a success of %s says how long it may be kept', async (route) => {
    const { path, body, token = me.token } = (await PREPARATIONS[route]?.()) ?? {};
    const [method, routePath] = route.replace('{id}', String(showId)).split(' ');
    const response = await fetch(target.url + (path ?? routePath), {
      method: method!,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    await response.body?.cancel();
    expect([route, response.ok]).toEqual([route, true]);
    expect(response.headers.get('cache-control')).toMatch(
      /\/api\/(auth|bookings)/.test(route) || method === 'POST' ? /^no-store$/ : /./,
    );
  });
});

describe('the request id', () => {
  const id = async (sent?: string) => {
    const headers = sent === undefined ? undefined : { 'x-request-id': sent };
    const [good, bad] = [
      await request(target, 'GET', '/api/shows/', { headers }),
      await request(target, 'GET', '/nothing', { headers }),
    ];
    expect(bad.body.instance).toBe(bad.headers.get('x-request-id'));
    return [good.headers.get('x-request-id'), bad.headers.get('x-request-id')];
  };

  it('is on every answer, and another one each time', async () => {
    const ids = [...(await id()), ...(await id())];
    for (const each of ids) expect(each).toMatch(/^[A-Za-z0-9._-]{1,128}$/);
    expect(new Set(ids).size).toBe(4);
  });

  it('is the client’s own', async () => {
    for (const own of ['a', 'A-1.b_2', 'x'.repeat(128)]) expect(await id(own)).toEqual([own, own]);
  });

  it.each(['', 'a b', 'x'.repeat(129), '<script>', '"', 'é', '{"a":1}'])('unless that is %j', async (own) => {
    for (const each of await id(own)) expect(each).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('a trailing slash', () => {
  const body = () => ({ show_id: showId, seats: seats('A1') });
  const ROUTES: [string, string, number, (() => unknown)?][] = [
    ['GET', '/health/live', 200],
    ['GET', '/health/ready', 200],
    ['GET', '/metrics', 200],
    ['GET', '/docs', 200],
    ['POST', '/api/auth/guest', 201],
    ['POST', '/api/auth/register', 400, () => ({})],
    ['POST', '/api/auth/login', 400, () => ({})],
    ['GET', '/api/auth/me', 200],
    ['GET', '/api/shows', 200],
    ['GET', '/api/shows/{id}', 200],
    ['GET', '/api/seats?show_id={id}', 200],
    ['GET', '/api/bookings', 200],
    ['GET', `/api/bookings/${NO_BOOKING}`, 404],
    ['POST', '/api/seats/hold-batch', 200, body],
    ['POST', '/api/seats/book-batch', 409, body],
    ['POST', '/api/seats/release-hold-batch', 200, body],
  ];

  it.each(ROUTES)('%s %s: is optional, and redirects nobody', async (...[method, route, status, bodyOf]) => {
    const path = route.replace('{id}', String(showId));
    const slashed = path.includes('?') ? path.replace('?', '/?') : `${path}/`;
    for (const each of [path, slashed]) {
      const response = await fetch(target.url + each, {
        method,
        redirect: 'manual',
        headers: { authorization: `Bearer ${me.token}`, ...(bodyOf ? { 'content-type': 'application/json' } : {}) },
        body: bodyOf && JSON.stringify(bodyOf()),
      });
      expect([each, response.status, response.headers.get('location')]).toEqual([each, status, null]);
      await response.arrayBuffer();
    }
  });
});
