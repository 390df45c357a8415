import { createHash, timingSafeEqual } from 'node:crypto';
import { Controller, Get, Headers, Inject, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { APP_CONFIG } from '../config/app-config';
import type { AppConfig } from '../config/app-config';
import { Unguarded } from '../http/public';
import { Problem } from '../problem/problem';
import { Metrics } from './metrics';

/** Prometheus' text format. */
@ApiExcludeController()
@Unguarded()
@Controller('metrics')
export class MetricsController {
  constructor(
    private readonly metrics: Metrics,
    @Inject(APP_CONFIG) private readonly config: Pick<AppConfig, 'server'>,
  ) {}

  @Get()
  async read(@Headers('authorization') authorization: string | undefined, @Res() reply: FastifyReply): Promise<void> {
    const token = this.config.server.metricsToken;
    if (token !== undefined && !sameSecret(authorization ?? '', `Bearer ${token}`))
      throw new Problem('UNAUTHENTICATED', {}, authorization === undefined ? undefined : { reason: 'metrics-token' });
    reply.header('content-type', this.metrics.registry.contentType).send(await this.metrics.registry.metrics());
  }
}

/** Compares in a time that says nothing of where the two differ. */
function sameSecret(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
