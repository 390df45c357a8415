import { readFileSync } from 'node:fs';
import type { OpenAPIObject } from '@nestjs/swagger';
import { startApp, TestApp } from '../support/app';
import { Answer, person, Person, request } from '../support/client';
import { ok } from '../support/expectations';
import { createShow } from '../support/house';

const ORIGIN = 'https://shop.example';

let target: TestApp;
let me: Person;
let showId: number;
let bookingId: string;

beforeAll(async () => {
  target = await startApp({ CORS_ORIGINS: ORIGIN });
  me = await person(target);
  showId = await createShow(target.dataSource, { rows: 1, seatsPerRow: 4 });
  await ok(me.hold(showId, ['A1', 'A2']));
  bookingId = (await ok(me.book(showId, ['A1']))).body.booking.id;
});
afterAll(() => target.close());

const get = (path: string, headers: Record<string, string> = {}) =>
  request(target, 'GET', path, { headers: { authorization: `Bearer ${me.token}`, ...headers } });

/** Every read of the API, and what a cache may do with it. */
const READS: Record<string, { path: () => string; cacheControl: string; hasTag?: boolean; isOwn?: boolean }> = {
  '/api/shows/': { path: () => '/api/shows/', cacheControl: 'no-cache', hasTag: true },
  '/api/shows/{id}/': { path: () => `/api/shows/${showId}/`, cacheControl: 'no-cache', hasTag: true },
  '/api/seats/': {
    path: () => `/api/seats/?show_id=${showId}`,
    cacheControl: 'private, no-cache',
    hasTag: true,
    isOwn: true,
  },
  '/api/shows/{id}/activity/': {
    path: () => `/api/shows/${showId}/activity/`,
    cacheControl: 'private, no-cache',
    isOwn: true,
  },
  '/api/bookings/': { path: () => '/api/bookings/', cacheControl: 'no-store' },
  '/api/bookings/{id}/': { path: () => `/api/bookings/${bookingId}/`, cacheControl: 'no-store' },
  '/api/auth/me/': { path: () => '/api/auth/me/', cacheControl: 'no-store' },
};
const reads = Object.entries(READS);
const tagged = reads.filter(([, { hasTag }]) => hasTag);

it('every read of the document is here, but for streams and health', () => {
  const { paths } = JSON.parse(readFileSync('openapi.json', 'utf8')) as OpenAPIObject;
  const documented = Object.keys(paths).filter((path) => paths[path]!.get && path.startsWith('/api/'));
  const withSlash = documented.map((path) => path.replace(/\/?$/, '/'));
  expect(withSlash.filter((path) => !path.endsWith('/events/')).sort()).toEqual(Object.keys(READS).sort());
});

describe.each(reads)('%s', (_, { path, cacheControl, isOwn }) => {
  it('tells caches what they may do', async () => {
    const { headers } = await ok(get(path()));
    expect(headers.get('cache-control')).toBe(cacheControl);
    expect(/authorization/i.test(headers.get('vary') ?? '')).toBe(isOwn === true);
    const vary = (await ok(get(path(), { origin: ORIGIN }))).headers.get('vary') ?? '';
    expect(vary).toMatch(/\borigin\b/i);
    expect(/authorization/i.test(vary)).toBe(isOwn === true);
  });

  it('takes no notice of parameters that it does not know', async () => {
    const plain = await ok(get(path()));
    const sign = path().includes('?') ? '&' : '?';
    for (const unknown of ['_=1', 'utm_source=mail&utm_source=web', 'constructor=1', '__proto__=1', '%00=%00']) {
      const answer = await ok(get(`${path()}${sign}${unknown}`));
      const withoutTime = ({ body }: Answer) => ({ ...body, server_time: undefined });
      expect(withoutTime(answer)).toEqual(withoutTime(plain));
    }
  });
});

describe.each(tagged)('the tag of %s', (_, { path }) => {
  it('is answered by 304, also as a proxy that compresses has written it', async () => {
    const tag = (await ok(get(path()))).headers.get('etag')!;
    expect(tag).toMatch(/^W\/"[\w-]+"$/);
    const opaque = tag.slice(3, -1);
    for (const sent of [tag, `"${opaque}"`, `W/"${opaque}-gzip"`, `"${opaque};br"`, `"other", W/"${opaque}"`, '*']) {
      const answer = await get(path(), { 'if-none-match': sent });
      expect([sent, answer.status, answer.body]).toEqual([sent, 304, '']);
      expect(answer.headers.get('cache-control')).toMatch(/no-cache/);
    }
    expect((await get(path(), { 'if-none-match': 'W/"other-gzip"' })).status).toBe(200);
  });
});

it('the tag of a show changes with its seats', async () => {
  const tag = async () => (await ok(get(`/api/shows/${showId}/`))).headers.get('etag');
  const before = await tag();
  await ok(me.release(showId, ['A2']));
  expect(await tag()).not.toBe(before);
});
