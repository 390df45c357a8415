import { parseArgs } from 'node:util';
import { UsageError, wholeNumber } from '../../src/cli/command';
import type { Scenario } from './scenario';

export interface Options {
  readonly scenarios: readonly Scenario[];
  readonly cycles: number | undefined;
  readonly seconds: number | undefined;
  readonly seed: number;
  readonly isJson: boolean;
}

function helpOf(all: readonly Scenario[]): string {
  return `Breaks what a server of production stands on, under load, and checks everything that clients were told meanwhile. Starts
servers and a PostgreSQL of its own, on this machine alone, and ends them.

  npm run faults
  npm run faults -- app-killed --cycles 50
  npm run faults -- app-killed answer-lost

  --cycles N    how often the fault happens
  --seconds N   how long each measured part lasts
  --seed N      makes the same people and the same choices; 1 by default
  --json        prints the verdicts as JSON
  --help        prints this

The scenarios, and what is good:
${all.map(({ name, good }) => `  ${name.padEnd(17)} ${good}`).join('\n')}

Exit code: 0 if all is well, 1 if anything is not, 2 if it could not be found out.`;
}

/** Undefined when the help was wanted. @throws UsageError */
export function readOptions(all: readonly Scenario[]): Options | undefined {
  const { values, positionals } = parse();
  if (values.help) {
    console.log(helpOf(all));
    return undefined;
  }
  const unknown = positionals.filter((name) => !all.some((scenario) => scenario.name === name));
  if (unknown.length > 0) throw new UsageError(`There is no scenario ${unknown.join(', ')}.`);
  return {
    scenarios: positionals.length > 0 ? all.filter(({ name }) => positionals.includes(name)) : all,
    cycles: values.cycles === undefined ? undefined : wholeNumber('cycles', values.cycles, 1, 1_000),
    seconds: values.seconds === undefined ? undefined : wholeNumber('seconds', values.seconds, 1, 600),
    seed: wholeNumber('seed', values.seed ?? '1', 0, 1_000_000),
    isJson: values.json ?? false,
  };
}

function parse() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        cycles: { type: 'string' },
        seconds: { type: 'string' },
        seed: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
