import 'reflect-metadata';
import { InvalidEnvironmentError, parseEnvironment } from './platform/config/app-config';
import { serve, stopOnSignal } from './serve';

/** The production start: settings from the environment, no seed. */
async function main(): Promise<void> {
  const config = parseEnvironment(process.env);
  const server = await serve(config);
  stopOnSignal(server, config.server.shutdownGraceMs);
  console.error(`Rowlock serves on ${server.url}`);
}

main().catch((error: unknown) => {
  console.error(error instanceof InvalidEnvironmentError ? error.message : error);
  process.exit(1);
});
