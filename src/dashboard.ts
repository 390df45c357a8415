import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';

/** Beside the compiled source; run from the source itself, where the build puts it. */
const DIRECTORIES = [join(__dirname, '../web'), join(__dirname, '../dist/web')];

/** Serves the dashboard at `/`, and its files below /assets/. */
export function serveDashboard(app: NestFastifyApplication): void {
  const directory = DIRECTORIES.find((path) => existsSync(join(path, 'index.html')));
  if (!directory) {
    // `start:dev` compiles the server alone.
    new Logger('Dashboard').warn('There is no dashboard at /, as it was not built: npm run build');
    return;
  }
  const page = readFileSync(join(directory, 'index.html'));
  app
    .getHttpAdapter()
    .getInstance()
    // The page names the assets of its version, so it must not be kept without asking.
    .get('/', (_request, reply) =>
      reply.header('cache-control', 'no-cache').type('text/html; charset=utf-8').send(page),
    );
  app.useStaticAssets({
    root: join(directory, 'assets'),
    prefix: '/assets/',
    // Their directory is named by their content, so they never change.
    immutable: true,
    maxAge: '1y',
    index: false,
    decorateReply: false,
  });
}
