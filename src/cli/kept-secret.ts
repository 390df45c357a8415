import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Where a secret is kept beside the data of the embedded database. */
export function keptFile(name: string): string {
  return join(dirname(process.env.EMBEDDED_DATABASE_DIR || '.rowlock/postgres'), name);
}

/** A secret made once and kept with the data: tokens outlive a restart, and the ledger can be verified after it. */
export function keptSecret(file: string): string {
  const kept = readKeptSecret(file);
  if (kept !== undefined) return kept;
  mkdirSync(dirname(file), { recursive: true });
  const secret = randomBytes(32).toString('base64url');
  writeFileSync(file, `${secret}\n`, { mode: 0o600 });
  return secret;
}

/** The secret if it was ever made. */
export function readKeptSecret(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return undefined;
  }
}
