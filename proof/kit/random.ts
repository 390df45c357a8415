/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export class Random {
  constructor(private state: number) {}

  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 to `below` − 1. */
  below(below: number): number {
    return Math.floor(this.next() * below);
  }

  chance(share: number): boolean {
    return this.next() < share;
  }
}

/** A way to pick one of many, best first: the index from 0 to `count` − 1. */
export type Choice = (random: Random, count: number) => number;

const HOT_SEATS = 2;
const HOT_SHARE = 0.9;
const ZIPF_EXPONENT = 1.1;

export const CHOICES: Readonly<Record<'uniform' | 'hot' | 'zipf', Choice>> = {
  uniform: (random, count) => random.below(count),
  hot: (random, count) => random.below(random.chance(HOT_SHARE) ? Math.min(HOT_SEATS, count) : count),
  zipf: (random, count) => {
    const weights = zipfWeights(count);
    const at = random.next() * weights[count - 1]!;
    return weights.findIndex((weight) => at < weight);
  },
};

const knownWeights = new Map<number, number[]>();

/** Running sums of the weights. */
function zipfWeights(count: number): number[] {
  let weights = knownWeights.get(count);
  if (!weights) {
    let sum = 0;
    weights = Array.from({ length: count }, (_, index) => (sum += 1 / (index + 1) ** ZIPF_EXPONENT));
    knownWeights.set(count, weights);
  }
  return weights;
}
