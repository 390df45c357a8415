import type { Random } from '../kit/random';
import type { FaultStage } from './stage';

/** One kind of fault: what is done, and what must be so all the same. */
export interface Scenario {
  readonly name: string;
  /** What good looks like, in a line. */
  readonly good: string;
  run(stage: FaultStage, options: RunOptions, findings: Findings): Promise<void>;
}

export interface RunOptions {
  /** How often the fault happens; each scenario has its own usual number. */
  readonly cycles: number | undefined;
  /** How long each measured part of a scenario lasts; likewise. */
  readonly seconds: number | undefined;
  readonly seed: number;
  /** The only source of chance. */
  readonly random: Random;
}

/** The figures of a scenario, and its failures. */
export class Findings {
  readonly figures: Record<string, string | number> = {};
  readonly failures: string[] = [];

  /** Something to be told in any case. */
  note(name: string, figure: string | number): void {
    this.figures[name] = figure;
  }

  /** Like {@link note}, for what is counted in several parts. */
  add(name: string, count: number): void {
    this.figures[name] = Number(this.figures[name] ?? 0) + count;
  }

  /** @param otherwise what to say where it is not so; figures belong in it */
  expect(isSo: boolean, otherwise: string): void {
    if (!isSo) this.failures.push(otherwise);
  }

  /** Notes how long something took each time, in milliseconds. @param maxMs the longest that is good */
  took(name: string, timesMs: readonly number[], maxMs = Infinity): void {
    const told = timesMs.map(Math.round).join(', ');
    this.note(`${name} (ms)`, told);
    this.expect(Math.max(...timesMs) <= maxMs, `${name}: ${told} ms, and at most ${maxMs} ms are good`);
  }
}

export interface Verdict {
  readonly scenario: string;
  readonly good: string;
  readonly passed: boolean;
  readonly seconds: number;
  readonly figures: Findings['figures'];
  readonly failures: readonly string[];
}
