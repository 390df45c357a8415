import { hkdfSync } from 'node:crypto';
import type { AppConfig } from './app-config';

const KEY_BYTES = 32;

/**
 * Keys for one purpose, made of the secrets that sign tokens: so a new purpose needs no setting of its own, and the key
 * of one purpose is of no use for another. The first is the one to use. The others come from former secrets, and open
 * what instances wrote that have not been restarted since the secret was changed.
 */
export function derivedKeys(
  { jwtSecret, jwtPreviousSecrets }: Pick<AppConfig['auth'], 'jwtSecret' | 'jwtPreviousSecrets'>,
  purpose: string,
): readonly Buffer[] {
  return [jwtSecret, ...jwtPreviousSecrets].map((secret) => deriveKey(secret, purpose));
}

/** Derives bytes for one purpose from a secret (RFC 5869). They give nothing away of it, nor of those for another purpose. */
export function deriveKey(secret: string, purpose: string, bytes = KEY_BYTES): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `rowlock ${purpose}`, bytes));
}
