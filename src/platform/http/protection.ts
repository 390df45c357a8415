import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Logger } from '@nestjs/common';
import type { AppConfig } from '../config/app-config';
import { Jobs } from '../jobs/jobs';
import { Metrics } from '../metrics/metrics';
import { Refusals } from '../metrics/refusals';
import { connectionLimits, Connections, openFilesMax } from './connections';
import { EventLoopDelay, Overload } from './overload';
import { requestLimits, RequestsInFlight } from './requests-in-flight';

const CHECK_INTERVAL_MS = 1_000;
/** Time for a request that is on its way while the server begins to stop: it is told so. */
const LAST_REQUEST_MS = 500;

/** Keeps one client, or too many of them, from taking the server away from the others. */
export function protect(app: NestFastifyApplication, config: AppConfig): void {
  const { connections, overload, server } = config;
  const fastify = app.getHttpAdapter().getInstance();
  const refusals = app.get(Refusals);

  const filesMax = openFilesMax();
  const limits = connectionLimits(connections, server, filesMax);
  if (limits.max >= filesMax) {
    new Logger('Connections').warn(
      `MAX_CONNECTIONS is ${limits.max}, and the process may open ${filesMax} files only: raise its limit (ulimit -n).`,
    );
  }
  const { slowReaderTimeoutMs } = connections;
  const open = new Connections(fastify.server, { ...limits, slowReaderTimeoutMs }, refusals, app.get(Metrics));
  app.get(Jobs).every('connections', CHECK_INTERVAL_MS, () => open.check());
  fastify.addHook('preClose', (done) => {
    setTimeout(() => open.endIdle(), LAST_REQUEST_MS).unref();
    done();
  });

  new RequestsInFlight(requestLimits(config), refusals).watch(fastify);

  const delay = app.get(EventLoopDelay);
  const signs = app.get(Overload);
  signs.add(() =>
    delay.nowMs > overload.eventLoopDelayMaxMs
      ? `The server is more than ${overload.eventLoopDelayMaxMs} ms behind (EVENT_LOOP_DELAY_MAX_MS).`
      : undefined,
  );
  signs.watch(fastify);
}
