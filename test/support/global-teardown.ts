import { dropDatabase, templateName } from './database';

export default async function globalTeardown(): Promise<void> {
  await dropDatabase(templateName());
  await (globalThis as { stopTestPostgres?: () => Promise<void> }).stopTestPostgres?.();
}
