/** The years 1 to 9999. Instants of others are written in a form that neither RFC 3339 nor PostgreSQL knows. */
export const FIRST_INSTANT_MS = Date.parse('0001-01-01T00:00:00.000Z');
export const LAST_INSTANT_MS = Date.parse('9999-12-31T23:59:59.999Z');

/**
 * SQL that reads an instant as a number of milliseconds since the epoch. Rounded, as seconds with a fraction are not exact:
 * 1.001 × 1000 is not 1001.
 */
export const milliseconds = (column: string) => `round(date_part('epoch', ${column}) * 1000)`;

const MAX_REMEMBERED = 64;
const remembered = new Map<number, string>();

/**
 * An instant in RFC 3339, UTC, with milliseconds. The instants of one transaction are few and used often, in every row that
 * is written and every answer that is sent: each is written out once.
 */
export function instant(ms: number): string {
  let text = remembered.get(ms);
  if (text === undefined) {
    if (remembered.size >= MAX_REMEMBERED) remembered.clear();
    remembered.set(ms, (text = new Date(ms).toISOString()));
  }
  return text;
}
