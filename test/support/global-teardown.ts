import type { EmbeddedPostgres } from '../../src/platform/database/embedded-postgres';
import { dropDatabase, templateName } from './database';

export default async function globalTeardown(): Promise<void> {
  await dropDatabase(templateName());
  await (globalThis as { testPostgres?: EmbeddedPostgres }).testPostgres?.stop();
}
