import { ConsoleLogger, DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from './app.module';
import { serveDashboard } from './dashboard';
import { serveOpenApi } from './openapi';
import type { AppConfig } from './platform/config/app-config';
import { useCors } from './platform/http/cors';
import { createFastifyAdapter } from './platform/http/fastify-adapter';
import { protect } from './platform/http/protection';
import { warnOfUntoldProxy } from './platform/http/proxy-warning';
import { useSecurityHeaders } from './platform/http/security-headers';
import { logLevels } from './platform/logging/log-levels';
import { SecurityEvents } from './platform/logging/security-events';
import { measureRequests } from './platform/metrics/http-metrics';
import { ProblemFilter } from './platform/problem/problem.filter';
import { RequestValidationPipe } from './platform/problem/validation.pipe';

/**
 * Builds the app as it runs in production; `main.ts`, `npm run up` and the e2e tests all use it.
 *
 * @param root the app's modules; a benchmark adds its own
 */
export async function createApp(
  config: AppConfig,
  root: DynamicModule = AppModule.forRoot(config),
): Promise<NestFastifyApplication> {
  const app = await NestFactory.create<NestFastifyApplication>(root, createFastifyAdapter(config.server), {
    logger: new ConsoleLogger({
      json: config.log.format === 'json',
      colors: config.log.format === 'text' && process.stdout.isTTY === true,
      logLevels: logLevels(config.log.level),
    }),
    // The caller reports a failed start, once and with its own exit code.
    abortOnError: false,
  });
  app.useGlobalFilters(new ProblemFilter(app.get(SecurityEvents)));
  app.useGlobalPipes(new RequestValidationPipe());
  useSecurityHeaders(app, config.server);
  protect(app, config);
  useCors(app, config.server);
  measureRequests(app);
  warnOfUntoldProxy(app, config.server);
  if (config.server.docsEnabled) serveOpenApi(app, config);
  serveDashboard(app);
  return app;
}
