import { createHmac, createSecretKey, KeyObject, timingSafeEqual } from 'node:crypto';
import { deriveKey } from './config/derived-keys';

/** Proves that a row was written by a process that has a secret: the id of the key and the HMAC of the content, in hex. */
export type Seal = string;

/** What is sealed: its kind, and all that makes it up, in a fixed order. */
export type SealedContent = readonly [kind: string, ...fields: unknown[]];

export type SealVerdict = 'right' | 'wrong' | 'unknown key';

/** In bytes. 128 bits can't be guessed, as nobody can try a seal without the key (RFC 2104 §5: half of the hash or more). */
const KEY_ID_LENGTH = 4;
const MAC_LENGTH = 16;

/** Of every seal, key id included. */
export const SEAL_LENGTH = KEY_ID_LENGTH + MAC_LENGTH;

interface SealKey {
  readonly id: string;
  readonly key: KeyObject;
}

/**
 * Seals rows with keys that the database does not have. A key and its public id are derived from a secret (RFC 5869), so
 * that a secret with other uses gives nothing away here. A rotation adds a secret in front: it seals from then on, and the
 * former ones go on proving what they sealed.
 */
export class Seals {
  private readonly keys: readonly SealKey[];

  /** @param secrets the current one first */
  constructor(secrets: readonly [string, ...string[]]) {
    this.keys = secrets.map((secret) => ({
      id: deriveKey(secret, 'ledger key id', KEY_ID_LENGTH).toString('hex'),
      key: createSecretKey(deriveKey(secret, 'ledger key')),
    }));
  }

  seal(content: SealedContent): Seal {
    return sealBy(this.keys[0]!, content);
  }

  check(seal: Seal, content: SealedContent): SealVerdict {
    const by = this.keys.find(({ id }) => seal.startsWith(id));
    if (!by) return 'unknown key';
    const expected = Buffer.from(sealBy(by, content));
    const given = Buffer.from(seal);
    return given.length === expected.length && timingSafeEqual(given, expected) ? 'right' : 'wrong';
  }
}

/** JSON keeps every two contents apart: it quotes texts, tells null from '' and numbers from texts. */
function sealBy({ id, key }: SealKey, content: SealedContent): Seal {
  const mac = createHmac('sha256', key).update(JSON.stringify(content)).digest('hex');
  return id + mac.slice(0, 2 * MAC_LENGTH);
}

/** A seal as a parameter of type `bytea`. */
export function sealValue(seal: Seal | null): string | null {
  return seal === null ? null : `\\x${seal}`;
}
