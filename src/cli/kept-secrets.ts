import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { keepSecret, readKeptSecret } from '../embedded-postgres/kept-secret';

/** The secrets that are made once and kept beside the data of the embedded database. */
type Kept = 'jwt-secret' | 'ledger-secret';

/** Tokens outlive a restart, and the ledger can be verified after it. */
export async function makeKeptSecret(name: Kept): Promise<string> {
  const file = fileOf(name);
  await mkdir(dirname(file), { recursive: true });
  return keepSecret(file);
}

/** The secret if it was ever made. */
export function findKeptSecret(name: Kept): Promise<string | undefined> {
  return readKeptSecret(fileOf(name));
}

function fileOf(name: Kept): string {
  return join(dirname(process.env.EMBEDDED_DATABASE_DIR || '.rowlock/postgres'), name);
}
