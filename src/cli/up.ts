import 'reflect-metadata';
import { explain } from '../explain';
import { parseEnvironment } from '../platform/config/app-config';
import { asOwner, migrateDatabase } from '../platform/database/migrate';
import { withDataSource } from '../database/open-database';
import { schema } from '../database/schema';
import { serve, stopOnSignal } from '../serve';
import { makeKeptSecret } from './kept-secrets';
import { DEMO_PASSWORD, DEMO_USERNAME, ensureDemo } from './demo';

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
  const server = await serve(config, async (opened) => {
    await migrateDatabase(opened, schema);
    await withDataSource(asOwner(opened), ensureDemo);
  });
  stopOnSignal(server, config.server.shutdownGraceMs);
  console.log(`
Rowlock is up.

  Dashboard    ${server.url}/
  Swagger UI   ${server.url}/docs
  API          ${server.url}/api/shows/
  Demo login   ${DEMO_USERNAME} / ${DEMO_PASSWORD}

Stop it with Ctrl-C; the data stays.`);
}

up().catch((error: unknown) => {
  console.error(explain(error));
  process.exit(1);
});
