import type { AddressInfo } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createApp } from './app.setup';
import type { AppConfig } from './platform/config/app-config';
import { openDatabase } from './database/open-database';

/** A server that accepts requests. */
export interface RunningServer {
  /** Where it can be reached from this machine. */
  readonly url: string;
  /** Lets running requests finish, then stops, the embedded database last. */
  stop(): Promise<void>;
}

/** Starts the database if it is the embedded one, migrates, and serves. Leaves nothing running when one of them fails. */
export async function serve(
  settings: AppConfig,
  prepare?: (config: AppConfig) => Promise<void>,
): Promise<RunningServer> {
  const { config, stop: stopDatabase } = await openDatabase(settings, (line) => process.stderr.write(`${line}\n`));
  let app: NestFastifyApplication | undefined;
  const stop = async () => {
    await app?.close();
    await stopDatabase();
  };
  try {
    await prepare?.(config);
    app = await createApp(config);
    await app.init();
    const { host } = config.server;
    const fastify = app.getHttpAdapter().getInstance();
    // Nest's own listen() would log an error of its own when the port is in use.
    await fastify.listen({ port: config.server.port, host });
    const { port } = fastify.server.address() as AddressInfo;
    return { url: `http://${['0.0.0.0', '::', '127.0.0.1'].includes(host) ? 'localhost' : host}:${port}`, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * Stops the server at the first SIGTERM or SIGINT and ends the process: with 0 when everything finished within the grace
 * period, with 1 when it did not. A second signal ends it at once.
 */
export function stopOnSignal(server: RunningServer, graceMs: number): void {
  let stopping = false;
  const stop = () => {
    if (stopping) process.exit(1);
    stopping = true;
    setTimeout(() => process.exit(1), graceMs).unref();
    server.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}
