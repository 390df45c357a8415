import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DataSource } from 'typeorm';
import { createApp } from '../../src/app.setup';
import { OwnKeys } from '../../src/identity/own-keys';
import { OwnTokens } from '../../src/identity/own-tokens';
import { parseEnvironment } from '../../src/platform/config/app-config';
import { asAppRole, createTestDatabase } from './database';

export interface TestApp {
  readonly url: string;
  readonly app: NestFastifyApplication;
  /** A connection of the test's own to the app's database. */
  readonly dataSource: DataSource;
  readonly databaseUrl: string;
  close(): Promise<void>;
}

export const TEST_SECRET = 'a-secret-for-tests-of-32-characters-or-more';

/** A token of the holder that was good until now. */
export function expiredToken(guestId: string): Promise<string> {
  return new OwnTokens(new OwnKeys(TEST_SECRET, []), -10).issue({ id: guestId, kind: 'guest' });
}

/** The app of production, listening on a free port, over a database of its own unless one is given. */
export async function startApp(overrides: NodeJS.ProcessEnv = {}): Promise<TestApp> {
  const database = overrides.DATABASE_URL ? undefined : await createTestDatabase();
  const databaseUrl = overrides.DATABASE_URL ?? database!.url;
  const config = parseEnvironment({
    HOST: '127.0.0.1',
    PORT: '0',
    LOG_LEVEL: 'fatal',
    AUTH_JWT_SECRET: TEST_SECRET,
    // Nothing may depend on the sweep; the tests that are about it switch it on or call it.
    SWEEP_ENABLED: 'false',
    RATE_LIMIT_ENABLED: 'false',
    ...overrides,
    DATABASE_URL: asAppRole(databaseUrl),
    DATABASE_MIGRATION_URL: databaseUrl,
  });
  const app = await createApp(config);
  await app.listen(config.server.port, config.server.host);
  const { port } = app.getHttpServer().address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    app,
    dataSource: database?.dataSource ?? app.get(DataSource),
    databaseUrl,
    close: async () => {
      await app.close();
      await database?.drop();
    },
  };
}
