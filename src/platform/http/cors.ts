import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { AppConfig } from '../config/app-config';
import { joinedVary } from './vary';

const PREFLIGHT_MAX_AGE_SECONDS = 600;

/**
 * Lets pages of the origins in server.corsOrigins call the API; `*` lets all. Such a page may send and read whatever other
 * clients may: no cookies are involved, so an origin is no more than its token. A list of headers or methods here would
 * be forgotten when a route gets another one, and break the pages of other origins alone.
 */
export function useCors(app: NestFastifyApplication, server: Pick<AppConfig['server'], 'corsOrigins'>): void {
  if (server.corsOrigins.length === 0) return;
  app.enableCors({
    origin: server.corsOrigins.includes('*') ? '*' : server.corsOrigins,
    // A route that does not have the method refuses it.
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    // Without a list, those are allowed that the browser asks for.
    exposedHeaders: ['*'],
    maxAge: PREFLIGHT_MAX_AGE_SECONDS,
  });
  if (server.corsOrigins.includes('*')) return;
  // A handler that sets `Vary` by itself replaces what the hook before it has set.
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onSend', (_request, reply, _payload, done) => {
      reply.header('vary', joinedVary(reply.getHeader('vary'), 'Origin'));
      done();
    });
}
