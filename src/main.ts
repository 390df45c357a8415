import 'reflect-metadata';
import { explain } from './explain';
import { parseEnvironment } from './platform/config/app-config';
import { hints } from './platform/config/environment-hints';
import { serve, stopOnSignal } from './serve';

/** The production start: settings from the environment, no seed. */
async function main(): Promise<void> {
  const config = parseEnvironment(process.env);
  for (const hint of hints(process.env, config)) console.error(`Note: ${hint}`);
  const server = await serve(config);
  stopOnSignal(server, config.server.shutdownGraceMs);
  console.error(`Rowlock serves on ${server.url}`);
}

main().catch((error: unknown) => {
  console.error(explain(error));
  process.exit(1);
});
