/** An order in which sessions take their steps: whose turn it is, by the index of the session. */
export type Order = readonly number[];

/**
 * PURE. Every order in which sessions can take so many steps each, once; each session takes its own steps in their
 * order. Sessions with *n*₁, *n*₂, … steps have (*n*₁ + *n*₂ + …)! ÷ (*n*₁! · *n*₂! · …) orders.
 */
export function ordersOf(steps: readonly number[]): Order[] {
  if (steps.every((left) => left === 0)) return [[]];
  return steps.flatMap((left, index) =>
    left === 0 ? [] : ordersOf(steps.with(index, left - 1)).map((rest) => [index, ...rest]),
  );
}

/** PURE. Every order of all items, once. */
export function permutationsOf<Item>(items: readonly Item[]): Item[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, index) => permutationsOf(items.toSpliced(index, 1)).map((rest) => [item, ...rest]));
}
