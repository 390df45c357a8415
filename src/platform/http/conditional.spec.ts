import type { FastifyReply } from 'fastify';
import { matchesEtag, sendRendered, weakTag } from './conditional';
import { varyBy } from './vary';

describe('If-None-Match', () => {
  const tag = 'W/"abc-_1"';

  it.each<[string | undefined, boolean]>([
    [tag, true],
    ['"abc-_1"', true],
    ['W/"x", W/"abc-_1"', true],
    ['"x","abc-_1" , "y"', true],
    ['"x, y", "abc-_1"', true],
    // Apache, its brotli, Jetty, Caddy and others.
    ['W/"abc-_1-gzip"', true],
    ['"abc-_1-br"', true],
    ['"abc-_1--gzip"', true],
    ['W/"abc-_1;gzip"', true],
    ['"abc-_1;br"', true],
    ['"x-gzip", W/"abc-_1-zstd"', true],
    ['"abc-_1-gzipped"', false],
    ['"abc-_1-gzip-gzip"', false],
    ['"x, W/"abc-_1', false],
    ['"abc-_1" nonsense', false],
    ['*', true],
    [' * ', true],
    [undefined, false],
    ['', false],
    ['W/"abc"', false],
    ['W/"ABC-_1"', false],
    ['abc-_1', false],
    ['w/"abc-_1"', false],
    ['W/"x", W/"y"', false],
    [',', false],
  ])('%j: %s', (header, expected) => {
    expect(matchesEtag(header, tag)).toBe(expected);
  });

  it('takes the tag of compression for part of a tag that ends like it', () => {
    expect(matchesEtag('"abc-gzip"', 'W/"abc-gzip"')).toBe(true);
    expect(matchesEtag('"abc-gzip-gzip"', 'W/"abc-gzip"')).toBe(true);
  });
});

/** As much of a reply as is used. */
function reply(headers: Record<string, string> = {}) {
  const sent: { status: number; body: unknown } = { status: 200, body: undefined };
  const self = {
    headers,
    sent,
    getHeader: (name: string) => headers[name],
    header: (name: string, value: string) => ((headers[name] = value), self),
    code: (status: number) => ((sent.status = status), self),
    send: (body?: unknown) => ((sent.body = body), self),
  };
  return self;
}
const asReply = (one: ReturnType<typeof reply>) => one as unknown as FastifyReply;

describe('an answer with a tag', () => {
  it('is not made for a client that has it', () => {
    const one = reply();
    const etag = weakTag('content');
    const rendered = {
      etag,
      get json(): string {
        throw new Error('It was made');
      },
    };
    sendRendered(asReply(one), etag, 'no-cache', rendered);
    expect(one.sent).toEqual({ status: 304, body: undefined });
    expect(one.headers).toEqual({ etag, 'cache-control': 'no-cache' });
  });
});

describe('Vary', () => {
  it.each([
    [undefined, 'Authorization'],
    ['Origin', 'Origin, Authorization'],
    ['Origin, authorization', 'Origin, authorization'],
    ['*', '*'],
  ])('%j becomes %j', (before, after) => {
    const one = reply(before === undefined ? {} : { vary: before });
    varyBy(asReply(one), 'Authorization');
    expect(one.headers.vary).toBe(after);
  });
});
