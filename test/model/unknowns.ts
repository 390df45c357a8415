/**
 * Compares answers with expected ones that have gaps. The first answer fills a gap, and all later ones must agree with
 * it.
 */

/** A value that no client can know before an answer tells it. */
export interface Unknown {
  readonly unknown: string;
  /** Of an instant: told with so many milliseconds added. */
  readonly plusMs?: number;
}

interface Earliest {
  readonly earliestOf: readonly Unknown[];
}

/** The instant of something, by the server's clock, and `plusMs` later. */
export function instant(name: string, plusMs = 0): Unknown {
  return { unknown: `time ${name}`, plusMs };
}

/** The values that answers have told, by name. No two names stand for the same id. */
export class Told {
  private readonly values: Map<string, string | number>;

  constructor(other?: Told) {
    this.values = new Map(other?.values);
  }

  /** Learns the values that this answer tells. Returns the first difference, or undefined if there is none. */
  difference(expected: unknown, actual: unknown, at = ''): string | undefined {
    const differs = (wanted: unknown) =>
      `${at || 'answer'}: ${JSON.stringify(actual)} instead of ${JSON.stringify(wanted)}`;
    if (typeof expected !== 'object' || expected === null) return expected === actual ? undefined : differs(expected);
    if (isUnknown(expected))
      return this.learn(expected, actual) ? undefined : differs(this.value(expected) ?? expected);
    if (isEarliest(expected)) {
      const wanted = new Date(
        Math.min(...expected.earliestOf.map((one) => Date.parse(String(this.value(one))))),
      ).toISOString();
      return wanted === actual ? undefined : differs(wanted);
    }
    if (typeof actual !== 'object' || actual === null || Array.isArray(actual) !== Array.isArray(expected))
      return differs(expected);
    const surplus = Object.keys(actual).find((key) => !(key in expected));
    if (surplus !== undefined) return `${at}.${surplus}: should not be there`;
    for (const [key, value] of Object.entries(expected)) {
      const found = this.difference(value, (actual as Record<string, unknown>)[key], `${at}.${key}`);
      if (found) return found;
    }
    return undefined;
  }

  /** The value of an unknown, once an answer has told it. */
  value({ unknown, plusMs }: Unknown): string | undefined {
    const value = this.values.get(unknown);
    return typeof value === 'number' ? new Date(value + plusMs!).toISOString() : value;
  }

  private learn(one: Unknown, actual: unknown): boolean {
    if (typeof actual !== 'string' || actual === '') return false;
    if (this.values.has(one.unknown)) return this.value(one) === actual;
    const value = one.plusMs === undefined ? actual : Date.parse(actual) - one.plusMs;
    if (Number.isNaN(value) || (typeof value === 'string' && [...this.values.values()].includes(value))) return false;
    this.values.set(one.unknown, value);
    return true;
  }
}

const isUnknown = (value: object): value is Unknown => 'unknown' in value;
const isEarliest = (value: object): value is Earliest => 'earliestOf' in value;
