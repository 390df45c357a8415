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
