import 'reflect-metadata';
import { Controller, Get, LoggerService, Module, Res } from '@nestjs/common';
import { APP_FILTER, NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply } from 'fastify';
import { createFastifyAdapter } from '../http/fastify-adapter';
import { Problem } from './problem';
import { ProblemFilter } from './problem.filter';

@Controller()
class Failing {
  @Get('bug')
  bug(): void {
    throw new Error('duplicate key value violates unique constraint');
  }

  @Get('busy')
  busy(): void {
    throw Object.assign(new Error('canceling statement due to lock timeout'), { code: '55P03' });
  }

  @Get('refused')
  refused(@Res({ passthrough: true }) reply: FastifyReply): void {
    reply.header('idempotency-replayed', 'true');
    throw new Problem('SEAT_UNAVAILABLE', { seats: [{ row: 'A', number: 1, code: 'SEAT_HELD' }] });
  }

  @Get('half')
  async half(@Res() reply: FastifyReply): Promise<void> {
    reply.raw.writeHead(200, { 'content-type': 'text/plain' });
    reply.raw.write('half an ans');
    throw new Error('and no more');
  }
}

@Module({ controllers: [Failing], providers: [{ provide: APP_FILTER, useClass: ProblemFilter }] })
class Api {}

describe('ProblemFilter', () => {
  const logged: { level: string; entry: unknown[] }[] = [];
  const log =
    (level: string) =>
    (...entry: unknown[]) =>
      void logged.push({ level, entry });
  const logger: LoggerService = { log: () => undefined, error: log('error'), warn: log('warn'), fatal: log('fatal') };
  let app: NestFastifyApplication;

  beforeAll(async () => {
    app = await NestFactory.create<NestFastifyApplication>(
      Api,
      createFastifyAdapter({ bodyLimitBytes: 1_024, trustProxyHops: 0 }),
      { logger },
    );
    await app.listen(0, '127.0.0.1');
  });

  beforeEach(() => {
    logged.length = 0;
  });

  afterAll(() => app.close());

  const get = (url: string) => app.inject({ method: 'GET', url, headers: { 'x-request-id': 'request-1' } });

  it('logs a defect once, with the request id, and tells the client nothing of it', async () => {
    const response = await get('/bug');
    expect(response.statusCode).toBe(500);
    expect(response.headers['content-type']).toBe('application/problem+json');
    expect(response.json()).toMatchObject({ code: 'INTERNAL', instance: 'request-1' });
    expect(response.body).not.toContain('duplicate key');
    expect(logged).toHaveLength(1);
    expect(logged[0]!.level).toBe('error');
    expect(String(logged[0]!.entry[0])).toContain('duplicate key value');
    expect(logged[0]!.entry).toContainEqual({ requestId: 'request-1', method: 'GET', url: '/bug' });
  });

  it('warns of a database that does not answer', async () => {
    const response = await get('/busy');
    expect(response.json()).toMatchObject({ status: 503, code: 'BUSY', retryable: true });
    expect(response.headers['retry-after']).toBe('1');
    expect(response.body).not.toContain('lock timeout');
    expect(logged.map(({ level }) => level)).toEqual(['warn']);
  });

  it('does not log refusals, and keeps the headers of the reply', async () => {
    const response = await get('/refused');
    expect(response.json()).toMatchObject({
      code: 'SEAT_UNAVAILABLE',
      seats: [{ row: 'A', number: 1, code: 'SEAT_HELD' }],
    });
    expect(response.headers['idempotency-replayed']).toBe('true');
    expect((await get('/nowhere')).json()).toMatchObject({ code: 'NOT_FOUND' });
    expect(logged).toEqual([]);
  });

  it('cuts the connection when half an answer is out', async () => {
    const response = await fetch(`${await app.getUrl()}/half`);
    await expect(response.text()).rejects.toThrow();
    expect(logged.map(({ level }) => level)).toEqual(['error']);
  });
});
