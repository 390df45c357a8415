import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import fc from 'fast-check';
import { PROBLEMS, ProblemCode } from '../../src/problem-catalogue';
import { startApp, TestApp } from '../support/app';
import { person, Person, seats } from '../support/client';
import { createShow, NO_SHOW } from '../support/house';

/**
 * Any request gets an answer of the catalogue. No answer blames the server or has a word of its inside, and no refused
 * request has an effect. The runs are seeded, so that they can be repeated; another seed explores elsewhere.
 */
const SEED = Number(process.env.FC_SEED ?? 20_260_501);

let target: TestApp;
let me: Person;
/** A show that accepted requests may change. */
let open: number;
/** Every request that names this show is wrong in some way, so it may never change. */
let untouched: number;

beforeAll(async () => {
  target = await startApp();
  me = await person(target);
  [open, untouched] = [await createShow(target.dataSource), await createShow(target.dataSource)];
});
afterAll(() => target.close());

interface Sent {
  method: string;
  path: string;
  headers: Record<string, string>;
  body?: string | Uint8Array;
}

interface Received {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

/** Sends by Node's own client, as fetch would repair or refuse half of these requests. */
function send({ method, path, headers, body }: Sent): Promise<Received> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      target.url,
      { method, path, headers: { connection: 'close', 'content-length': Buffer.byteLength(body ?? ''), ...headers } },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({ status: response.statusCode!, headers: response.headers, text: Buffer.concat(chunks).toString() }),
        );
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** Bytes over a socket, until the server hangs up. */
function sendRaw(bytes: string): Promise<Received> {
  const { hostname, port } = new URL(target.url);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(Number(port), hostname, () => socket.write(bytes, 'latin1'));
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('close', () => {
      const [head = '', ...rest] = Buffer.concat(chunks).toString().split('\r\n\r\n');
      const [statusLine = '', ...lines] = head.split('\r\n');
      const headers = Object.fromEntries(
        lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]),
      );
      resolve({ status: Number(/^HTTP\/1\.1 (\d{3})/.exec(statusLine)?.[1]), headers, text: rest.join('\r\n\r\n') });
    });
  });
}

const LEAKS =
  /\b(SELECT|INSERT|UPDATE|DELETE) .*\b(FROM|INTO|SET)\b|relation "|column "|constraint "|syntax error|invalid input syntax|invalid byte sequence|out of range for type|duplicate key|QueryFailedError|\bpg_[a-z]|postgres|typeorm|node_modules|\.[jt]s:\d+|\bat \S+ \(|TypeError|RangeError|SyntaxError|FST_ERR/i;

/** Throws if no client should get such an answer, or if it tells of a fault of the server. */
function check(sent: Pick<Sent, 'method'>, { status, headers, text }: Received): void {
  const wrong = (what: string) => new Error(`${what}: ${status} ${text.slice(0, 500)}`);
  if (!(status >= 200 && status < 500)) throw wrong('not the client’s doing');
  if (status >= 300 && status < 400 && status !== 304) throw wrong('a redirect');
  if (!headers['x-request-id']) throw wrong('no request id');
  // A token is random, and may happen to contain anything.
  if (LEAKS.test(text.replace(/"access_token":"[^"]+"/, ''))) throw wrong('a leak');
  if (status < 400) return;
  if (headers['content-type'] !== 'application/problem+json')
    throw wrong(`media type ${String(headers['content-type'])}`);
  if (sent.method === 'HEAD') return;
  const problem = JSON.parse(text) as { code: ProblemCode; status: number; instance: string };
  if (PROBLEMS[problem.code]?.status !== status || problem.status !== status) throw wrong('not of the catalogue');
  if (problem.instance !== headers['x-request-id']) throw wrong('another request id');
}

// Ingredients.

const evilText = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      '',
      '\0',
      'A\0',
      '\ud800',
      'A\udfff',
      '𝐀',
      'Ａ',
      'é',
      'e\u0301',
      '\u202eA',
      '\ufeff',
      "'; DROP TABLE seat; --",
      '$1',
      '%s',
      '${x}',
      '../..',
      'null',
      'NaN',
      '1e999',
      '__proto__',
      'constructor',
      'x'.repeat(300),
    ),
  },
);
const evilNumber = fc.oneof(
  fc.constantFrom(-1, 0, -0, 1, 1.5, 2_147_483_647, 2_147_483_648, -2_147_483_649, 2 ** 53, 1e308, 5e-324),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const evilKey = fc.oneof(
  fc.constantFrom(
    'show_id',
    'seats',
    'row',
    'number',
    'username',
    'password',
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'valueOf',
    'hasOwnProperty',
    'then',
    'length',
    'toJSON',
    '0',
    '',
  ),
  fc.string({ unit: 'binary', maxLength: 10 }),
);
const { json } = fc.letrec<{ json: unknown }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(null, true, false, {}, []),
    evilNumber,
    evilText,
    fc.array(tie('json'), { maxLength: 5 }),
    fc.array(fc.tuple(evilKey, tie('json')), { maxLength: 5 }).map((entries) => raw(entries)),
  ),
}));

/** An object that keeps keys such as __proto__ until it is JSON. */
function raw(entries: [string, unknown][]): object {
  const object = Object.create(null) as Record<string, unknown>;
  for (const [key, value] of entries)
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true });
  return object;
}

const plausibleSeat = fc.record({ row: fc.constantFrom('A', 'B', 'E', 'Z'), number: fc.integer({ min: 1, max: 11 }) });
const oddSeat = fc.oneof(
  fc.record({ row: evilText, number: fc.constant(1) }),
  fc.record({ row: fc.constant('A'), number: evilNumber }),
  json,
);
const commandLike = () => {
  // Never the untouched show.
  const elsewhere = (value: unknown) => (value === untouched ? open : value);
  const parts = {
    show_id: fc.oneof(
      { weight: 6, arbitrary: fc.constant(open) },
      { weight: 1, arbitrary: fc.constantFrom(NO_SHOW, String(open)) },
      { weight: 1, arbitrary: evilNumber.map(elsewhere) },
      { weight: 1, arbitrary: json.map(elsewhere) },
    ),
    seats: fc.oneof(
      { weight: 6, arbitrary: fc.array(plausibleSeat, { minLength: 1, maxLength: 3 }) },
      { weight: 3, arbitrary: fc.array(fc.oneof(plausibleSeat, oddSeat), { maxLength: 12 }) },
      { weight: 1, arbitrary: json },
    ),
  };
  return fc.oneof(
    { weight: 5, arbitrary: fc.record(parts) },
    { weight: 1, arbitrary: fc.record(parts, { requiredKeys: [] }) },
  );
};
const credentialsLike = fc.record(
  {
    username: fc.oneof(fc.constantFrom('somebody', 'Somebody'), evilText),
    password: fc.oneof(fc.constant('correct horse'), evilText, json),
  },
  { requiredKeys: [] },
);

const body = (): fc.Arbitrary<string | Uint8Array | undefined> =>
  fc.oneof(
    { weight: 5, arbitrary: commandLike().map((value) => JSON.stringify(value)) },
    { weight: 3, arbitrary: json.map((value) => JSON.stringify(value)) },
    { weight: 1, arbitrary: credentialsLike.map((value) => JSON.stringify(value)) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 100 }) },
    { weight: 1, arbitrary: evilText },
    {
      weight: 2,
      arbitrary: fc.constantFrom(
        undefined,
        '',
        ' ',
        '{',
        '{"show_id":1,"seats":[',
        '{"show_id":1e999,"seats":[]}',
        '{"show_id":1,"show_id":"x","seats":[],"seats":{}}',
        `{"show_id":${'9'.repeat(5_000)},"seats":[{"row":"A","number":1}]}`,
        '{"__proto__":{"show_id":1,"seats":[]}}',
        '{"constructor":{"prototype":{"x":1}}}',
        '\ufeff{}',
        '{"show_id":1,"seats":[{"row":"\\u0000","number":1}]}',
        '{"show_id":1,"seats":[{"row":"\\ud800","number":1}]}',
        nested('[', ']', 20_000),
        nested('{"a":', '}', 10_000, '1'),
        `{"show_id":1,"seats":${nested('[', ']', 32_000)}}`,
        `{"show_id":1,"seats":[${'{"row":"A","number":1},'.repeat(2_000)}{}]}`,
        'x'.repeat(70_000),
      ),
    },
  );

function nested(opening: string, closing: string, levels: number, within = ''): string {
  return opening.repeat(levels) + within + closing.repeat(levels);
}

/** Values that Node lets into a header. */
const headerText = fc.oneof(
  fc.string({ unit: character(0x20, 0xff), maxLength: 40 }).map((text) => text.replaceAll('\x7f', '')),
  fc.constantFrom('', '*', ',', '""', 'W/', 'W/""', 'a, b', 'k'.repeat(256), 'x'.repeat(1_000), '\t', '{"a":1}', "'--"),
);

function character(from: number, to: number): fc.Arbitrary<string> {
  return fc.integer({ min: from, max: to }).map((code) => String.fromCharCode(code));
}

/** Mostly the headers of a good request, so that the request gets further. */
const headers = (): fc.Arbitrary<Record<string, string>> =>
  fc
    .record({
      changed: fc.record(
        {
          'idempotency-key': fc.oneof(fc.string({ unit: character(0x21, 0x7e), minLength: 1 }), headerText),
          'if-none-match': fc.oneof(fc.constant('*'), headerText),
          'x-request-id': headerText,
          accept: headerText,
        },
        { requiredKeys: [] },
      ),
      authorization: fc.oneof(
        { weight: 12, arbitrary: fc.constant(`Bearer ${me.token}`) },
        {
          weight: 1,
          arbitrary: fc
            .nat(me.token.length - 1)
            .map((at) => `Bearer ${me.token.slice(0, at)}x${me.token.slice(at + 1)}`),
        },
        { weight: 1, arbitrary: headerText.map((text) => `Bearer ${text}`) },
        { weight: 1, arbitrary: fc.option(headerText, { nil: undefined }) },
      ),
      'content-type': fc.oneof(
        {
          weight: 20,
          arbitrary: fc.constantFrom('application/json', 'application/json; charset=utf-8', 'APPLICATION/JSON'),
        },
        {
          weight: 1,
          arbitrary: fc.constantFrom(
            'text/plain',
            'application/x-www-form-urlencoded',
            'multipart/form-data',
            'application/json; charset=utf-16',
            'application/problem+json',
            'application/jsonx',
            '',
          ),
        },
        { weight: 1, arbitrary: fc.option(headerText, { nil: undefined }) },
      ),
    })
    .map(({ changed, ...rest }) =>
      Object.fromEntries(
        Object.entries({ ...rest, ...changed }).filter((entry): entry is [string, string] => entry[1] !== undefined),
      ),
    );

const encoded = evilText.map((text) => encodeURIComponent(text.replaceAll(/[\ud800-\udfff]/gu, '')));
const query = () =>
  fc.oneof(
    fc.constantFrom(
      '',
      `?show_id=${open}`,
      `?show_id=${open}`,
      '?show_id=1&show_id=2',
      '?&&==%',
      '?%',
      '?show_id[a]=1&show_id[]=2',
      '?__proto__=1&constructor=2',
      `?${'a=1&'.repeat(2_000)}`,
    ),
    fc
      .array(
        fc.tuple(
          fc.oneof(fc.constantFrom('show_id', 'date', 'after', 'limit', 'id'), encoded),
          fc.oneof(
            encoded,
            fc.nat(99).map(String),
            fc.constantFrom('2026-05-01', '0000-01-01', '9999-12-31', '-0001-01-01', '2026-02-30'),
          ),
        ),
        { maxLength: 4 },
      )
      .map((pairs) => `?${pairs.map((pair) => pair.join('=')).join('&')}`),
    // Cursors with the right shape and strange contents.
    fc
      .tuple(
        fc.oneof(fc.nat().map(String), fc.bigInt({ min: 0n, max: 10n ** 16n }).map(String), evilText),
        fc.oneof(fc.uuid(), fc.nat().map(String), evilText),
      )
      .map(([at, id]) => `?after=${Buffer.from(`${at}.${id}`).toString('base64url')}`),
  );

const GETS = ['/api/shows', '/api/seats', '/api/bookings', '/api/auth/me', '/health/live', '/health/ready'];
const POSTS = [
  '/api/seats/hold-batch',
  '/api/seats/book-batch',
  '/api/seats/release-hold-batch',
  '/api/auth/guest',
  '/api/auth/login',
  '/api/auth/register',
];
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'];
const id = fc.oneof(encoded, fc.constantFrom('1', '%', '%zz', '%00', '%ff', '..', 'a'.repeat(300)), fc.uuid());
const route = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.constant('POST'), fc.constantFrom(...POSTS, ...POSTS.slice(0, 3))) },
  { weight: 4, arbitrary: fc.tuple(fc.constant('GET'), fc.constantFrom(...GETS)) },
  {
    weight: 2,
    arbitrary: fc.tuple(
      fc.constant('GET'),
      fc.tuple(fc.constantFrom('/api/shows', '/api/bookings'), id).map((parts) => parts.join('/')),
    ),
  },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...METHODS), fc.constantFrom(...GETS, ...POSTS)) },
);

const anything = (): fc.Arbitrary<Sent> =>
  fc
    .record({ route, slash: fc.constantFrom('', '/'), query: query(), headers: headers(), body: body() })
    .map(({ route: [method, path], slash, query: search, headers: head, body: content }) => ({
      method: method!,
      path: path! + slash + search,
      headers: head,
      ...(method === 'GET' || method === 'HEAD' ? {} : { body: content }),
    }));

/** How often each code came. */
const met = new Map<string, number>();

async function sendAndCheck(sent: Sent): Promise<Received> {
  const received = await send(sent);
  check(sent, received);
  const code =
    received.status < 400
      ? String(received.status)
      : sent.method === 'HEAD'
        ? 'HEAD'
        : (JSON.parse(received.text) as { code: string }).code;
  met.set(code, (met.get(code) ?? 0) + 1);
  return received;
}

const versions = async (showId: number): Promise<number[]> =>
  (await target.dataSource.query('SELECT DISTINCT version FROM seat WHERE show_id = $1', [showId])).map(
    ({ version }: { version: number }) => version,
  );

describe('whatever is sent', () => {
  it('is answered, and the server is not to blame', async () => {
    await fc.assert(
      fc.asyncProperty(anything(), async (sent) => {
        await sendAndCheck(sent);
      }),
      { seed: SEED, numRuns: 2_500 },
    );
  });

  it('a command that is nearly right is refused, and changes nothing', async () => {
    const row = fc.oneof(
      evilText.filter((text) => !/^[\p{L}\p{N}]{1,8}$/u.test(text)),
      evilNumber,
      json.filter((value) => typeof value !== 'string'),
    );
    const number = fc.oneof(
      evilText,
      evilNumber.filter((value) => !(Number.isInteger(value) && value >= 1 && value <= 2_147_483_647)),
      json.filter((value) => typeof value !== 'number'),
    );
    const noSeat = json.filter((value) => typeof value !== 'object' || value === null);
    const unknown = (...known: string[]) =>
      fc.tuple(
        evilKey.filter((key) => !known.includes(key)),
        json,
      );

    const right = { 'content-type': 'application/json', authorization: `Bearer ${me.token}` };
    const good = { show_id: untouched, seats: seats('A1', 'E10') };
    const [a1, e10] = good.seats as [object, object];
    const text = JSON.stringify(good);
    const wrongBody = fc.oneof(
      unknown('show_id', 'seats').map((entry) => JSON.stringify(raw([...Object.entries(good), entry]))),
      unknown('row', 'number').map((entry) =>
        JSON.stringify({ ...good, seats: [e10, raw([...Object.entries(a1), entry])] }),
      ),
      row.map((value) => JSON.stringify({ ...good, seats: [a1, { row: value, number: 1 }] })),
      number.map((value) => JSON.stringify({ ...good, seats: [{ row: 'A', number: value }, e10] })),
      noSeat.map((value) => JSON.stringify({ ...good, seats: [a1, value] })),
      fc.nat(text.length - 1).map((at) => text.slice(0, at)),
      fc.constantFrom(
        JSON.stringify({ ...good, show_id: String(untouched) }),
        JSON.stringify({ ...good, show_id: [untouched] }),
        JSON.stringify({ ...good, show_id: untouched + 0.5 }),
        JSON.stringify({ ...good, seats: [a1, e10, a1] }),
        JSON.stringify({ ...good, seats: seats('A1', 'Z9') }),
        JSON.stringify({ ...good, seats: seats('A1', 'C1', 'C2', 'C3', 'C4', 'C5', 'C6', 'C7', 'C8', 'C9', 'C10') }),
        JSON.stringify(text),
        `${text}}`,
        `[${text}]`,
        text.replace('}', ',"number":"1"}'),
        text.replace(/}$/, ',"seats":[]}'),
        text.replace(/}$/, ',"show_id":null}'),
        text.padEnd(70_000),
      ),
    );
    const wrongHeaders = fc.oneof(
      fc
        .nat(me.token.length - 1)
        .map((at) => ({ ...right, authorization: `Bearer ${me.token.slice(0, at)}${me.token.slice(at + 1)}` })),
      fc.constantFrom(
        { 'content-type': right['content-type'] },
        { ...right, 'content-type': 'text/plain' },
        { ...right, 'idempotency-key': '' },
        { ...right, 'idempotency-key': 'a b' },
        { ...right, 'idempotency-key': 'k'.repeat(256) },
      ),
    );
    const wrong = fc.oneof(
      { weight: 3, arbitrary: wrongBody.map((content) => ({ headers: right, body: content })) },
      { weight: 1, arbitrary: wrongHeaders.map((head) => ({ headers: head, body: text })) },
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('hold', 'book', 'release-hold'), wrong, async (command, parts) => {
        const { status } = await sendAndCheck({ method: 'POST', path: `/api/seats/${command}-batch/`, ...parts });
        expect(status).toBeGreaterThanOrEqual(400);
      }),
      { seed: SEED, numRuns: 1_000 },
    );
    expect(await versions(untouched)).toEqual([0]);
  });

  it('as an address, byte for byte, is answered or refused', async () => {
    const bytes = fc.string({ unit: character(0x21, 0xff), maxLength: 30 });
    const address = fc.oneof(
      bytes.map((path) => `/${path}`),
      bytes,
      fc.tuple(fc.constantFrom(...GETS, ...POSTS), bytes).map(([path, more]) => path + more),
      fc
        .tuple(fc.constantFrom('/api/shows/', '/api/bookings/', '/api/seats/?show_id='), bytes)
        .map(([path, more]) => path + more),
      fc.constantFrom(
        '*',
        '/'.repeat(500),
        `/${'%2e/'.repeat(100)}`,
        'http://x/api/shows/',
        'http://',
        '//',
        '/%',
        '/%c0%af',
        `/${'x'.repeat(20_000)}`,
      ),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('GET', 'POST', 'HEAD', 'DELETE'), address, async (method, path) => {
        const received = await sendRaw(
          `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer ${me.token}\r\nContent-Length: 0\r\n\r\n`,
        );
        check({ method }, received);
      }),
      { seed: SEED, numRuns: 500 },
    );
  });

  it('the fuzz has met what there is to meet', () => {
    for (const code of [
      '200',
      '201',
      '304',
      'VALIDATION_FAILED',
      'UNAUTHENTICATED',
      'NOT_FOUND',
      'SHOW_NOT_FOUND',
      'SEAT_NOT_FOUND',
      'BOOKING_NOT_FOUND',
      'NOT_YOUR_HOLD',
      'PAYLOAD_TOO_LARGE',
      'UNSUPPORTED_MEDIA_TYPE',
      'URI_TOO_LONG',
    ]) {
      expect({ code, met: met.has(code) }).toEqual({ code, met: true });
    }
  });

  it('leaves a server that serves, and a ledger that adds up', async () => {
    expect((await send({ method: 'GET', path: '/health/ready', headers: {} })).status).toBe(200);
    const shopper = await person(target);
    expect((await shopper.hold(untouched, ['A1', 'E10'])).status).toBe(200);
    expect((await shopper.book(untouched, ['A1', 'E10'])).body.total_paid).toBe('200.00');
    const [sums] = await target.dataSource.query(
      'SELECT (SELECT sum(version) FROM seat)::int AS versions, (SELECT count(*) FROM seat_transition)::int AS steps',
    );
    expect(sums.versions).toBe(sums.steps);
    expect(({} as { admin?: unknown }).admin).toBeUndefined();
  });
});
