import { Spread, spread } from '../kit/figures';
import type { Aim, Row } from './report';

/** Round by round, as both sides of a round ran on the same minute of the same machine. */
function ratio(a: readonly number[], b: readonly number[]): Spread {
  return spread(a.map((value, round) => value / b[round]!));
}

/**
 * The row of a measure and of the variant that it is compared with, by their figures of each round.
 *
 * @param told.unit of the figures, which are told with so many `digits`, and `more` behind them
 */
export function compare(
  measure: string,
  figures: readonly number[],
  comparedWith: string,
  others: readonly number[],
  aim: Aim | undefined,
  { unit = '/s', digits = 0, more = '' } = {},
): Row {
  const median = (values: readonly number[]) => `${spread(values).median.toFixed(digits)}${unit}`;
  const told = `${median(figures)} against ${median(others)}${more}`;
  return { measure, comparedWith, result: ratio(figures, others), aim, figures: told };
}

/** Until a server's code has been compiled for speed. */
export const WARM_UP_ROUNDS = 2;

/**
 * Runs variants in turn, round after round, every other round backwards, after rounds to warm up that do not count. Returns
 * each variant's figure of each round.
 */
export async function takeTurns<Name extends string>(
  rounds: number,
  variants: Readonly<Record<Name, () => Promise<number>>>,
  log: (line: string) => void,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(variants) as Name[];
  const figures = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = 1 - WARM_UP_ROUNDS; round <= rounds; round++) {
    const seen = new Map<Name, number>();
    for (const name of round % 2 === 0 ? names : [...names].reverse()) seen.set(name, await variants[name]());
    log(
      `  ${round <= 0 ? 'warm-up' : `round ${round}`}: ${names.map((name) => `${name} ${seen.get(name)!.toPrecision(4)}`).join(', ')}`,
    );
    if (round > 0) for (const name of names) figures[name].push(seen.get(name)!);
  }
  return figures;
}
