import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Makes cursors that only this server can read and make. The cursor of a list has the time of its entry in it, to the
 * millisecond. A client that could read it, or ask for what lies behind times of its own choice, would learn the time
 * that the list itself does not tell.
 */
export class CursorSeal {
  /** @param keys the first one seals */
  constructor(private readonly keys: readonly Buffer[]) {}

  seal(cursor: string): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.keys[0]!, nonce);
    const sealed = [nonce, cipher.update(cursor, 'base64url'), cipher.final()];
    return Buffer.concat([...sealed, cipher.getAuthTag()]).toString('base64url');
  }

  /** Undefined for a cursor that this server did not make. */
  open(sealed: string): string | undefined {
    const bytes = Buffer.from(sealed, 'base64url');
    if (bytes.length < NONCE_BYTES + TAG_BYTES) return undefined;
    for (const key of this.keys) {
      const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, NONCE_BYTES));
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
      try {
        const cursor = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES));
        return Buffer.concat([cursor, decipher.final()]).toString('base64url');
      } catch {
        // Sealed with another key, or by somebody else.
      }
    }
    return undefined;
  }
}
