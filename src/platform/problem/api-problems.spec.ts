import 'reflect-metadata';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { PROBLEMS } from '../../problem-catalogue';
import { ApiProblems } from './api-problems.decorator';

@Controller('seats')
class Seats {
  @Get()
  @ApiProblems('SEAT_UNAVAILABLE', 'SALES_CLOSED', 'SHOW_NOT_FOUND', 'SALES_CLOSED')
  read(): void {}
}

@Module({ controllers: [Seats] })
class Api {}

describe('ApiProblems', () => {
  it('documents one response a status, with exactly the codes of that status, and those of any route', async () => {
    const app = await NestFactory.create(Api, new FastifyAdapter(), { logger: false });
    const document = SwaggerModule.createDocument(app, new DocumentBuilder().setOpenAPIVersion('3.1.0').build());
    await app.close();
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- of the document only its JSON matters here
    const responses = document.paths['/seats']!.get!.responses as Record<string, any>;

    expect(Object.keys(responses).filter((status) => status !== '200')).toEqual(['404', '409', '429', '500', '503']);
    const conflict = responses['409'].content['application/problem+json'];
    expect(conflict.schema).toEqual({
      allOf: [
        { $ref: '#/components/schemas/ProblemDetails' },
        {
          type: 'object',
          required: ['code'],
          properties: { code: { type: 'string', enum: ['SEAT_UNAVAILABLE', 'SALES_CLOSED'] } },
        },
      ],
    });
    expect(conflict.examples.SALES_CLOSED.value).toMatchObject({
      status: 409,
      code: 'SALES_CLOSED',
      title: PROBLEMS.SALES_CLOSED.title,
    });
    expect(responses['409'].description).toContain(PROBLEMS.SALES_CLOSED.when);
    expect(Object.keys(responses['409'].headers)).toEqual(['X-Request-Id']);
    expect(Object.keys(responses['503'].headers)).toEqual(['X-Request-Id', 'Retry-After']);
    expect(document.components!.schemas).toHaveProperty('ProblemDetails');
  });
});
