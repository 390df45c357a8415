import { Problem } from '../problem/problem';
import { FIRST_INSTANT_MS, LAST_INSTANT_MS } from '../instant';
import { INT4_MAX } from './query-values';

/** A part of a cursor: how it is written there, and the value that this means; undefined where no list can have written it. */
interface Part<Value extends string | number> {
  readonly pattern: string;
  read(text: string): Value | undefined;
}

const within = (min: number, max: number) => (text: string) => {
  const value = Number(text);
  return value >= min && value <= max ? value : undefined;
};

/** Milliseconds since the epoch. */
export const INSTANT_PART: Part<number> = { pattern: '-?\\d{1,15}', read: within(FIRST_INSTANT_MS, LAST_INSTANT_MS) };

/** Any id and number that a table can have. */
export const INTEGER_PART: Part<number> = { pattern: '\\d{1,10}', read: within(0, INT4_MAX) };

export const UUID_PART: Part<string> = { pattern: '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}', read: (text) => text };

/** Any text that a table can have. */
export const TEXT_PART: Part<string> = { pattern: '[^\\0]+', read: (text) => text };

/** A place in a list, by values that order its entries and differ for any two of them. */
export type Place = Readonly<Record<string, string | number>>;

/**
 * The cursors of a list. `next` is made of a place and opaque to clients. A cursor of another list is refused here, and not
 * cast by the database.
 */
export class Cursors<P extends Place> {
  private readonly pattern: RegExp;

  /** @param parts in the order in which they are written; a text comes first, as it may have anything in it */
  constructor(private readonly parts: { readonly [Name in keyof P]: Part<P[Name]> }) {
    const written = Object.entries(parts).map(([name, { pattern }]) => `(?<${name}>${pattern})`);
    this.pattern = new RegExp(`^${written.join('\\.')}$`);
  }

  write(place: P): string {
    const values = Object.keys(this.parts).map((name) => place[name]);
    return Buffer.from(values.join('.')).toString('base64url');
  }

  /** @throws Problem VALIDATION_FAILED when it is none of this list */
  read(text: string): P {
    const found = this.pattern.exec(Buffer.from(text, 'base64url').toString())?.groups;
    if (!found) throw notOurs();
    return Object.fromEntries(
      Object.entries(this.parts).map(([name, part]) => {
        const value = part.read(found[name]!);
        if (value === undefined) throw notOurs();
        return [name, value];
      }),
    ) as P;
  }
}

export function notOurs(): Problem {
  return new Problem('VALIDATION_FAILED', {
    errors: [{ path: 'after', message: 'must be a `next` of an earlier answer' }],
  });
}
