import 'reflect-metadata';
import { readFileSync, writeFileSync } from 'node:fs';
import { createApp } from '../app.setup';
import { openApiDocument } from '../openapi';
import { parseEnvironment } from '../platform/config/app-config';
import { openDatabase } from '../database/open-database';

const FILE = 'openapi.json';

/** `npm run openapi`: writes the OpenAPI document; with `--check` it only tells, by exit code 1, whether the file is current. */
async function openapi(): Promise<void> {
  const settings = parseEnvironment({
    AUTH_JWT_SECRET: 'not used, as nothing is served: 32 characters',
    LOG_LEVEL: 'fatal',
    ...(process.env.DATABASE_URL ? { DATABASE_URL: process.env.DATABASE_URL } : { EMBEDDED_DATABASE: 'true' }),
    SWEEP_ENABLED: 'false',
  });
  const database = await openDatabase(settings, () => undefined);
  const config = { ...settings, database: { ...settings.database, url: database.url } };
  try {
    const app = await createApp(config);
    const text = `${JSON.stringify(openApiDocument(app, config), null, 2)}\n`;
    await app.close();
    if (process.argv.includes('--check')) {
      if (readFileSync(FILE, 'utf8') !== text) throw new Error(`${FILE} is not current; run \`npm run openapi\``);
      console.error(`${FILE} is current`);
    } else {
      writeFileSync(FILE, text);
      console.error(`${FILE} written`);
    }
  } finally {
    await database.stop();
  }
}

openapi().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
