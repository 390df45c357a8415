/** Figures made of many values. */

/** How often each name comes: `{ '200': 4, '503 BUSY': 1 }`. */
export function tally<Item>(items: Iterable<Item>, nameOf: (item: Item) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const item of items) {
    const name = nameOf(item);
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

/** Percentiles of unsorted values, by nearest rank: 0.99 is the 99th, which 99 % of them do not exceed; NaN of none. */
export function percentiles(values: readonly number[], parts: readonly number[]): number[] {
  const sorted = Float64Array.from(values).sort();
  return parts.map((part) => sorted[Math.max(Math.ceil(sorted.length * part) - 1, 0)] ?? NaN);
}

export const percentile = (values: readonly number[], part: number): number => percentiles(values, [part])[0]!;

/** The median of some rounds, and their range. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  return { median: sorted[Math.floor(sorted.length / 2)]!, min: sorted[0]!, max: sorted.at(-1)! };
}
