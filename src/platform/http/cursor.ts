import { Problem } from '../problem/problem';

/** A place in a list that is ordered by an instant and an id. `next` is made of it, and opaque to clients. */
export interface Cursor {
  readonly atMs: number;
  readonly id: string;
}

export function encodeCursor({ atMs, id }: Cursor): string {
  return Buffer.from(`${atMs}.${id}`).toString('base64url');
}

/** The end of the year 9999: later instants are written in a form that PostgreSQL does not read. */
const LAST_MS = 253_402_300_799_999;

/** @throws Problem VALIDATION_FAILED when it is none of ours */
export function decodeCursor(text: string, idPattern: RegExp): Cursor {
  const match = /^(\d{1,15})\.(.+)$/.exec(Buffer.from(text, 'base64url').toString());
  if (!match || Number(match[1]) > LAST_MS || !idPattern.test(match[2]!)) {
    throw new Problem('VALIDATION_FAILED', {
      errors: [{ path: 'after', message: 'must be a `next` of an earlier answer' }],
    });
  }
  return { atMs: Number(match[1]), id: match[2]! };
}
