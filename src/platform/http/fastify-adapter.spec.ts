import 'reflect-metadata';
import type { Server } from 'node:http';
import { AddressInfo, connect } from 'node:net';
import { Body, Controller, Get, Module, Post, Req } from '@nestjs/common';
import { APP_FILTER, NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import { PROBLEMS, ProblemCode } from '../../problem-catalogue';
import { ProblemFilter } from '../problem/problem.filter';
import { useCors } from './cors';
import { createFastifyAdapter } from './fastify-adapter';
import { useSecurityHeaders } from './security-headers';

@Controller('api/things')
class Things {
  static release: () => void = () => undefined;

  @Get()
  list(@Req() request: FastifyRequest): object {
    return { ip: request.ip };
  }

  @Get('slow')
  async slow(): Promise<object> {
    await new Promise<void>((resolve) => (Things.release = resolve));
    return {};
  }

  @Get(':id')
  one(): object {
    return {};
  }

  @Post()
  create(@Body() body: unknown): object {
    return { body };
  }
}

@Module({ controllers: [Things], providers: [{ provide: APP_FILTER, useClass: ProblemFilter }] })
class Api {}

const JSON_TYPE = { 'content-type': 'application/json' };

async function start(trustProxyHops = 0): Promise<NestFastifyApplication> {
  const adapter = createFastifyAdapter({ bodyLimitBytes: 1_024, trustProxyHops });
  const app = await NestFactory.create<NestFastifyApplication>(Api, adapter, { logger: false });
  useSecurityHeaders(app, { trustProxyHops });
  useCors(app, { corsOrigins: ['https://shop.example'] });
  await app.listen(0, '127.0.0.1');
  return app;
}

const portOf = (app: NestFastifyApplication) => (app.getHttpServer().address() as AddressInfo).port;

/** Sends bytes as they are, and returns what comes back until the server hangs up. */
function sendRaw(app: NestFastifyApplication, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = '';
    const socket = connect(portOf(app), '127.0.0.1', () => socket.write(bytes));
    socket.on('data', (chunk) => (received += chunk));
    socket.on('close', () => resolve(received));
    socket.on('error', reject);
  });
}

describe('the HTTP server', () => {
  let app: NestFastifyApplication;

  beforeAll(async () => {
    app = await start();
  });

  afterAll(() => app.close());

  const bad: [string, string, RequestInit, ProblemCode][] = [
    ['no such route', '/nowhere', {}, 'NOT_FOUND'],
    ['no such method', '/api/things', { method: 'DELETE' }, 'METHOD_NOT_ALLOWED'],
    ['no such method below a parameter', '/api/things/7/', { method: 'POST' }, 'METHOD_NOT_ALLOWED'],
    ['a malformed escape', '/%zz', {}, 'VALIDATION_FAILED'],
    ['a malformed escape in a parameter', '/api/things/%c0%af', {}, 'VALIDATION_FAILED'],
    ['a long parameter', `/api/things/${'x'.repeat(256)}`, {}, 'URI_TOO_LONG'],
    ['malformed JSON', '/api/things', { method: 'POST', headers: JSON_TYPE, body: '{' }, 'VALIDATION_FAILED'],
    [
      'a poisoned prototype',
      '/api/things',
      { method: 'POST', headers: JSON_TYPE, body: '{"__proto__":{}}' },
      'VALIDATION_FAILED',
    ],
    [
      'a large body',
      '/api/things',
      { method: 'POST', headers: JSON_TYPE, body: `"${'x'.repeat(1_024)}"` },
      'PAYLOAD_TOO_LARGE',
    ],
    ['text', '/api/things', { method: 'POST', body: 'x' }, 'UNSUPPORTED_MEDIA_TYPE'],
    ['a form', '/api/things', { method: 'POST', body: new URLSearchParams('a=b') }, 'UNSUPPORTED_MEDIA_TYPE'],
    ['an upload', '/api/things', { method: 'POST', body: new FormData() }, 'UNSUPPORTED_MEDIA_TYPE'],
    [
      'a nonsensical type',
      '/api/things',
      { method: 'POST', headers: { 'content-type': '/;=' }, body: 'x' },
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    [
      'a compressed body',
      '/api/things',
      { method: 'POST', headers: { ...JSON_TYPE, 'content-encoding': 'gzip' }, body: '\u001f\u008b' },
      'UNSUPPORTED_MEDIA_TYPE',
    ],
  ];

  it.each(bad)('answers %s with a problem and the request id', async (_, path, init, code) => {
    const response = await fetch(`http://127.0.0.1:${portOf(app)}${path}`, init);
    const problem = (await response.json()) as { code: string; status: number; instance: string };
    expect(problem.code).toBe(code);
    expect([response.status, problem.status]).toEqual([PROBLEMS[code].status, PROBLEMS[code].status]);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(response.headers.get('x-request-id')).toBe(problem.instance);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('accept-encoding')).toBe(_ === 'a compressed body' ? 'identity' : null);
  });

  it.each([
    ['PUT', '/api/things', 405, 'GET, HEAD, OPTIONS, POST'],
    ['TRACE', '/api/things/', 405, 'GET, HEAD, OPTIONS, POST'],
    ['PROPFIND', '/api/things/7?a=b', 405, 'GET, HEAD, OPTIONS'],
    ['OPTIONS', '/api/things', 204, 'GET, HEAD, OPTIONS, POST'],
    ['OPTIONS', '/api/things/7/', 204, 'GET, HEAD, OPTIONS'],
    ['HEAD', '/api/things', 200, undefined],
    ['OPTIONS', '/nowhere', 404, undefined],
    ['PUT', '/nowhere', 404, undefined],
  ])('%s %s: %d, and the methods that there are: %s', async (method, path, status, allow) => {
    const received = await sendRaw(app, `${method} ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    expect(received).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(/^allow: (.*)$/im.exec(received)?.[1]?.trim()).toBe(allow);
    expect(received).toMatch(/^x-request-id: /im);
    expect(received).toMatch(/^cache-control: no-store/im);
  });

  it.each([
    ['a Content-Type and no length', 'Content-Type: application/json\r\n', ''],
    ['a Content-Type and no bytes', 'Content-Type: application/json\r\nContent-Length: 0\r\n', ''],
    ['no bytes of a form', 'Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 0\r\n', ''],
    ['no bytes and a coding that is none', 'Content-Encoding: identity\r\nContent-Length: 0\r\n', ''],
    ['null', 'Content-Type: application/json\r\nContent-Length: 4\r\n', 'null'],
  ])('takes %s for no body', async (_, headers, body) => {
    const request = `POST /api/things HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${headers}\r\n${body}`;
    await expect(sendRaw(app, request)).resolves.toMatch(/^HTTP\/1\.1 201 Created\r\n/);
  });

  const noRequests: [string, string, ProblemCode?][] = [
    ['garbage', 'GARBAGE\r\n\r\n'],
    ['TLS', '\u0016\u0003\u0001\u0002\u0000\u0001'],
    ['headers beyond 16 KiB', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 'HEADERS_TOO_LARGE'],
    [
      'two kinds of length',
      'POST /api/things HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['two lengths', 'POST /api/things HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd'],
    [
      'chunks with much beside them',
      `POST /api/things HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1;${'x'.repeat(20_000)}\r\na\r\n`,
      'PAYLOAD_TOO_LARGE',
    ],
    ['a malformed header', 'GET / HTTP/1.1\r\nHost: x\r\nbad header: x\r\n\r\n'],
    ['no host', 'GET /api/things HTTP/1.1\r\nConnection: close\r\n\r\n'],
    ['two hosts', 'GET /api/things HTTP/1.1\r\nHost: a\r\nhost: b\r\nConnection: close\r\n\r\n'],
    ['the same host twice', 'GET /api/things HTTP/1.1\r\nHost: a\r\nHost: a\r\nConnection: close\r\n\r\n'],
    ['a host that is none', 'GET /api/things HTTP/1.1\r\nHost: a b/c@d\r\nConnection: close\r\n\r\n'],
    ['a host with a path', 'GET /api/things HTTP/1.0\r\nHost: a/b\r\nConnection: close\r\n\r\n'],
    ['a request to a proxy', 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n'],
  ];

  it.each(noRequests)('answers %s with a problem and a request id', async (_, bytes, code = 'VALIDATION_FAILED') => {
    const received = await sendRaw(app, bytes);
    const [head, body] = received.split('\r\n\r\n') as [string, string];
    expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${PROBLEMS[code].status} `));
    expect(head).toMatch(/^content-type: application\/problem\+json$/im);
    expect(head).toMatch(/^cache-control: no-store$/im);
    const problem = JSON.parse(body) as { code: string; instance: string };
    expect(problem.code).toBe(code);
    expect(head).toMatch(new RegExp(`^x-request-id: ${problem.instance}$`, 'im'));
  });

  describe('with less time', () => {
    let hasty: NestFastifyApplication;
    beforeAll(async () => {
      hasty = await start();
      const server = hasty.getHttpServer() as Server;
      server.requestTimeout = server.headersTimeout = 200;
    });
    afterAll(() => hasty.close());

    it.each([
      ['half a head', 'POST /api/things HTTP/1.1\r\nHost'],
      [
        'half a body',
        'POST /api/things HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
      ],
    ])('tells the sender of %s that it took too long, and may try again', async (_, bytes) => {
      const [head, body] = (await sendRaw(hasty, bytes)).split('\r\n\r\n') as [string, string];
      expect(head).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
      expect(head).toMatch(/^x-request-id: /im);
      expect(JSON.parse(body)).toMatchObject({ code: 'REQUEST_TIMEOUT', status: 408, retryable: true });
    });
  });

  it.each([
    [
      'an expectation it does not know',
      'GET /api/things HTTP/1.1\r\nHost: x\r\nExpect: magic\r\nConnection: close\r\n\r\n',
    ],
    ['HTTP/1.0 without a host', 'GET /api/things HTTP/1.0\r\n\r\n'],
    [
      'an upgrade it does not know',
      'GET /api/things HTTP/1.1\r\nHost: x\r\nUpgrade: magic\r\nConnection: close, upgrade\r\n\r\n',
    ],
    ['an IPv6 host', 'GET /api/things HTTP/1.1\r\nHost: [2001:db8::1]:8080\r\nConnection: close\r\n\r\n'],
    ['a host that is empty', 'GET /api/things HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n'],
    ['an absolute address', 'GET http://x/api/things HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'],
  ])('serves a request with %s', async (_, bytes) => {
    await expect(sendRaw(app, bytes)).resolves.toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  });

  it.each([
    ['abc.DEF_1-2', true],
    ['x'.repeat(128), true],
    ['x'.repeat(129), false],
    ['a b', false],
    ['a,b', false],
    ['ä', false],
    ['', false],
  ])('keeps the request id %j: %s', async (id, kept) => {
    const { headers } = await app.inject({ url: '/api/things', headers: { 'x-request-id': id } });
    if (kept) expect(headers['x-request-id']).toBe(id);
    else expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('ignores a trailing slash, without a redirect', async () => {
    for (const url of ['/api/things', '/api/things/']) expect((await app.inject({ url })).statusCode).toBe(200);
    for (const url of ['/api/things', '/api/things/']) {
      expect((await app.inject({ url, method: 'POST', payload: { a: 1 } })).json()).toEqual({ body: { a: 1 } });
    }
  });

  it('lets pages of the allowed origins call the API, and others not', async () => {
    const preflight = (origin: string) =>
      app.inject({
        url: '/api/things',
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST' },
      });
    const allowed = await preflight('https://shop.example');
    expect(allowed.headers).toMatchObject({
      'access-control-allow-origin': 'https://shop.example',
      'access-control-expose-headers': '*',
      'x-request-id': expect.any(String),
    });
    expect((await preflight('https://evil.example')).headers).not.toHaveProperty('access-control-allow-origin');
  });

  it('promises HTTPS only behind a proxy, and believes its word about the client only then', async () => {
    const behindProxy = await start(1);
    const forwarded = { headers: { 'x-forwarded-for': '203.0.113.9, 198.51.100.7' } };
    const [direct, proxied] = [
      await app.inject({ url: '/api/things', ...forwarded }),
      await behindProxy.inject({ url: '/api/things', ...forwarded }),
    ];
    await behindProxy.close();
    expect(direct.json()).toEqual({ ip: '127.0.0.1' });
    expect(direct.headers).not.toHaveProperty('strict-transport-security');
    expect(direct.headers['content-security-policy']).toContain("script-src 'self'");
    expect(direct.headers['content-security-policy']).not.toContain('upgrade-insecure-requests');
    // The last entry is the proxy's; those before it are whatever the client made up.
    expect(proxied.json()).toEqual({ ip: '198.51.100.7' });
    expect(proxied.headers).toHaveProperty('strict-transport-security');
  });

  it('lets running requests finish while it stops, and sends new ones on open connections elsewhere', async () => {
    const stopping = await start();
    const request = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
    const nextRequest = () => new Promise((resolve) => stopping.getHttpServer().once('request', resolve));
    let received = '';
    const socket = connect(portOf(stopping), '127.0.0.1').on('data', (chunk) => (received += chunk));
    const hungUp = new Promise((resolve) => socket.on('close', resolve));

    let arrived = nextRequest();
    socket.write(request('/api/things/slow'));
    await arrived;
    const stopped = stopping.close();
    arrived = nextRequest();
    socket.write(request('/api/things'));
    await arrived;
    Things.release();
    await Promise.all([hungUp, stopped]);

    const [running, refused] = received.split(/(?=HTTP\/1\.1 )/);
    expect(running).toMatch(/^HTTP\/1\.1 200 OK/);
    expect(refused).toMatch(/^HTTP\/1\.1 503 Service Unavailable/);
    expect(refused).toMatch(/^content-type: application\/problem\+json$/im);
    expect(refused).toMatch(/^retry-after: 1$/im);
    expect(refused).toMatch(/^x-request-id: /im);
    expect(refused).toMatch(/^connection: close$/im);
  });
});
