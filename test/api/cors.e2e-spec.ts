import { readFileSync } from 'node:fs';
import { joinedVary } from '../../src/platform/http/vary';
import { startApp, TestApp } from '../support/app';
import { Answer, request } from '../support/client';
import { watch } from '../support/event-stream';
import { createShow } from '../support/house';

const SHOP = 'https://shop.example';

interface Operation {
  readonly parameters?: { in: string; name: string }[];
  readonly requestBody?: object;
  readonly security?: object[];
  readonly responses: Record<string, { headers?: Record<string, object> }>;
}

const { paths } = JSON.parse(readFileSync('openapi.json', 'utf8')) as {
  paths: Record<string, Record<string, Operation>>;
};
const operations = Object.entries(paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
);

const names = (header: string | null): string[] =>
  (header ?? '').split(',').flatMap((name) => name.trim().toLowerCase() || []);

describe('pages of another origin', () => {
  let target: TestApp;
  let showId: number;

  beforeAll(async () => {
    target = await startApp({ CORS_ORIGINS: `${SHOP},https://other.example` });
    showId = await createShow(target.dataSource);
  });
  afterAll(() => target.close());

  const preflight = (method: string, path: string, headers: readonly string[], origin = SHOP) =>
    request(target, 'OPTIONS', path.replace('{id}', String(showId)), {
      headers: { origin, 'access-control-request-method': method, 'access-control-request-headers': headers.join(',') },
    });
  const get = (path: string, origin = SHOP): Promise<Answer> => request(target, 'GET', path, { headers: { origin } });

  test.each(operations)(
    'may call $method $path with every header that it reads',
    async ({ method, path, operation }) => {
      const headers = [
        // A client may send these with any request.
        'X-Request-Id',
        ...(operation.security ? ['Authorization'] : []),
        ...(operation.requestBody ? ['Content-Type'] : []),
        ...(operation.parameters ?? []).filter((parameter) => parameter.in === 'header').map(({ name }) => name),
      ];
      const answer = await preflight(method, path, headers);
      expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([204, SHOP]);
      expect(names(answer.headers.get('access-control-allow-methods'))).toContain(method.toLowerCase());
      expect(names(answer.headers.get('access-control-allow-headers'))).toEqual(
        expect.arrayContaining(headers.map((name) => name.toLowerCase())),
      );
    },
  );

  test('may come back to a stream where they were', async () => {
    const { headers } = await preflight('GET', '/api/shows/{id}/events/', ['Last-Event-ID', 'Authorization']);
    expect(names(headers.get('access-control-allow-headers'))).toContain('last-event-id');
  });

  test('may read every header that an answer is documented to have', async () => {
    const exposed = names((await get('/api/shows/')).headers.get('access-control-expose-headers'));
    const documented = operations.flatMap(({ operation }) =>
      Object.values(operation.responses).flatMap(({ headers = {} }) => Object.keys(headers)),
    );
    expect(documented).toEqual(expect.arrayContaining(['ETag', 'Idempotency-Replayed', 'Retry-After', 'X-Request-Id']));
    const hidden = documented.filter((name) => !exposed.includes('*') && !exposed.includes(name.toLowerCase()));
    expect(hidden).toEqual([]);
  });

  test('get answers that no cache gives to another origin, whatever else they depend on', async () => {
    const map = await get(`/api/seats/?show_id=${showId}`);
    expect(names(map.headers.get('vary'))).toEqual(expect.arrayContaining(['origin', 'authorization']));
    for (const path of ['/api/shows/', `/api/shows/${showId}/activity/`, '/api/shows/999999/', '/nothing', '/']) {
      const { headers } = await get(path);
      expect([path, names(headers.get('vary'))]).toEqual([path, expect.arrayContaining(['origin'])]);
      expect([path, headers.get('access-control-allow-origin')]).toEqual([path, SHOP]);
    }
    const stream = await watch(target, showId, { origin: SHOP });
    stream.close();
    expect(names(stream.response.headers.vary ?? null)).toEqual(['origin', 'authorization']);
    expect(stream.response.headers['access-control-allow-origin']).toBe(SHOP);
    expect(stream.response.headers['cache-control']).toBe('no-store, no-transform');
  });

  test.each(['https://shop.example.evil.example', 'http://shop.example', 'https://SHOP.example', 'null'])(
    'may not, if it is %s',
    async (origin) => {
      expect(
        (await preflight('POST', '/api/seats/hold-batch/', [], origin)).headers.get('access-control-allow-origin'),
      ).toBe(null);
      expect((await get('/api/shows/', origin)).headers.get('access-control-allow-origin')).toBe(null);
    },
  );
});

describe('Vary', () => {
  test.each([
    [undefined, 'Origin'],
    ['', 'Origin'],
    ['Authorization', 'Authorization, Origin'],
    ['origin', 'origin'],
    [['Accept', 'Authorization'], 'Accept, Authorization, Origin'],
    ['*', '*'],
  ])('%j, joined with Origin, is %j', (vary, joined) => {
    expect(joinedVary(vary, 'Origin')).toBe(joined);
  });
});
