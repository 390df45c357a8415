import 'reflect-metadata';
import { explain } from '../explain';
import { parseEnvironment } from '../platform/config/app-config';
import { hints } from '../platform/config/environment-hints';
import { asOwner, migrateDatabase } from '../platform/database/migrate';
import { withDataSource } from '../database/open-database';
import { schema } from '../database/schema';
import { serve, stopOnSignal } from '../serve';
import { DEMO_PASSWORD, DEMO_USERNAME, ensureDemo, isOnThisMachine } from './demo';
import { makeKeptSecret } from './kept-secrets';

/** `npm run up`: everything a newcomer needs. The embedded database unless DATABASE_URL is set, the demo, the server. */
async function up(): Promise<void> {
  const config = parseEnvironment({
    HOST: '127.0.0.1',
    LOG_FORMAT: 'text',
    LOG_LEVEL: 'warn',
    EMBEDDED_DATABASE: process.env.DATABASE_URL ? 'false' : 'true',
    ...process.env,
    AUTH_JWT_SECRET: process.env.AUTH_JWT_SECRET || (await makeKeptSecret('jwt-secret')),
    LEDGER_SECRET: process.env.LEDGER_SECRET || (await makeKeptSecret('ledger-secret')),
  });
  let hasDemoUser = false;
  for (const hint of hints(process.env, config)) console.error(`Note: ${hint}`);
  const server = await serve(config, async (opened) => {
    await migrateDatabase(opened, schema);
    await withDataSource(asOwner(opened), async (dataSource) => {
      hasDemoUser = isOnThisMachine(dataSource);
      await ensureDemo(dataSource);
    });
  });
  stopOnSignal(server, config.server.shutdownGraceMs);
  console.log(`
Rowlock is up.

  Dashboard    ${server.url}/
  Swagger UI   ${server.url}/docs
  API          ${server.url}/api/shows/
  Demo login   ${hasDemoUser ? `${DEMO_USERNAME} / ${DEMO_PASSWORD}` : 'none, as the database is on another machine'}

Stop it with Ctrl-C; the data stays.`);
}

up().catch((error: unknown) => {
  console.error(explain(error));
  process.exit(1);
});
