import { hash, timingSafeEqual } from 'node:crypto';
import { deriveKey } from './config/derived-keys';

/** Proves that a row was written by a process that has a secret: the id of the key and the HMAC of the content, in hex. */
export type Seal = string;

/** What is sealed: its kind, and all that makes it up, in a fixed order. */
export type SealedContent = readonly [kind: string, ...fields: unknown[]];

export type SealVerdict = 'right' | 'wrong' | 'unknown key';

/** In bytes. 128 bits can't be guessed, as nobody can try a seal without the key (RFC 2104 §5: half of the hash or more). */
const KEY_ID_LENGTH = 4;
const MAC_LENGTH = 16;
/** Of SHA-256, in bytes. */
const BLOCK_LENGTH = 64;

/** Of every seal, key id included. */
export const SEAL_LENGTH = KEY_ID_LENGTH + MAC_LENGTH;

interface SealKey {
  readonly id: string;
  readonly hmac: ShortHmac;
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
      hmac: new ShortHmac(deriveKey(secret, 'ledger key').toString('hex')),
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
function sealBy({ id, hmac }: SealKey, content: SealedContent): Seal {
  return id + hmac.of(JSON.stringify(content)).slice(0, 2 * MAC_LENGTH);
}

/**
 * HMAC-SHA-256 (RFC 2104) of short texts, by two hashes that are made at once. Node's `Hmac` gives the same, and making and
 * collecting the object takes longer than the hashing: a rush seals thousands of steps a second.
 */
export class ShortHmac {
  private readonly innerPad: string;
  /** The outer pad, and room for the inner hash. Nothing waits between its being written and read. */
  private readonly outer: Buffer;

  /** @param key a block of ASCII, so that the pads are ASCII as well, and a text can be put behind one as it is */
  constructor(key: string) {
    const bytes = Buffer.from(key);
    if (bytes.length !== BLOCK_LENGTH || bytes.some((byte) => byte > 0x7f))
      throw new Error('The key is no block of ASCII');
    this.innerPad = Buffer.from(bytes.map((byte) => byte ^ 0x36)).toString();
    this.outer = Buffer.concat([bytes.map((byte) => byte ^ 0x5c), Buffer.alloc(BLOCK_LENGTH / 2)]);
  }

  /** In hex. */
  of(text: string): string {
    this.outer.write(hash('sha256', this.innerPad + text, 'binary'), BLOCK_LENGTH, 'binary');
    return hash('sha256', this.outer, 'hex');
  }
}

/** A seal as a parameter of type `bytea`. */
export function sealValue(seal: Seal | null): string | null {
  return seal === null ? null : `\\x${seal}`;
}
