import 'reflect-metadata';
import { readFileSync, writeFileSync } from 'node:fs';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { AppModule } from '../app.module';
import { openApiDocument } from '../openapi';
import { parseEnvironment } from '../platform/config/app-config';

const FILE = 'openapi.json';

/** `npm run openapi`: writes the OpenAPI document; with `--check` it only tells, by exit code 1, whether the file is current. */
async function openapi(): Promise<void> {
  const config = parseEnvironment({
    DATABASE_URL: 'postgres://no-database-is-reached',
    AUTH_JWT_SECRET: 'not used: nothing is served by this program',
  });
  // A preview wires the modules and makes none of their classes: no database, no timers, no hooks.
  const app = await NestFactory.create(AppModule.forRoot(config), new FastifyAdapter(), {
    preview: true,
    logger: false,
    abortOnError: false,
  });
  const text = `${JSON.stringify(openApiDocument(app, config), null, 2)}\n`;
  if (!process.argv.includes('--check')) {
    writeFileSync(FILE, text);
    console.error(`${FILE} written`);
  } else if (readFileSync(FILE, 'utf8') === text) {
    console.error(`${FILE} is current`);
  } else {
    throw new Error(`${FILE} is not current; run \`npm run openapi\``);
  }
}

openapi().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
