import { Logger } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { AppConfig } from '../config/app-config';

/**
 * Warns once when requests come through a proxy and TRUST_PROXY_HOPS says that there is none: all clients then have the
 * proxy's address, and share one limit. A client that makes the header up causes the warning, and nothing else.
 */
export function warnOfUntoldProxy(
  app: NestFastifyApplication,
  server: Pick<AppConfig['server'], 'trustProxyHops'>,
): void {
  if (server.trustProxyHops > 0) return;
  let isTold = false;
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onRequest', (request, _reply, done) => {
      if (!isTold && request.headers['x-forwarded-for'] !== undefined) {
        isTold = true;
        new Logger('Proxy').warn(
          'A request has X-Forwarded-For, and TRUST_PROXY_HOPS is 0. If a proxy stands in front, all its clients count as one: set it to the number of proxies.',
        );
      }
      done();
    });
}
