import { UsageError } from '../../src/cli/command';
import { FLAG, number, readOptions } from '../kit/options';
import { runProgram } from '../kit/program';
import { Random } from '../kit/random';
import type { Stage } from '../kit/stage';
import { answerLost } from './answer-lost';
import { appClock } from './app-clock';
import { appKilled } from './app-killed';
import { appTerminated } from './app-terminated';
import { blackHole } from './black-hole';
import { connectionsBusy } from './connections-busy';
import { databaseKilled } from './database-killed';
import { lapseStorm } from './lapse-storm';
import { FLOODS } from './floods';
import { loginFlood } from './login-flood';
import { overload } from './overload';
import { OwnDatabase } from './own-database';
import { ownMap } from './own-map';
import { Findings, RunOptions, Scenario, Verdict } from './scenario';
import { slowClients } from './slow-clients';
import { FaultStage, freePort } from './stage';
import { starveActivity, starveShows } from './starve';
import { sweeper } from './sweeper';

const SCENARIOS: readonly Scenario[] = [
  appKilled,
  appTerminated,
  databaseKilled,
  blackHole,
  answerLost,
  connectionsBusy,
  slowClients,
  appClock,
  sweeper,
  overload,
  ...FLOODS,
  starveActivity,
  starveShows,
  ownMap,
  lapseStorm,
  loginFlood,
];

const HELP = `Breaks what a server of production stands on, under load, and checks everything that clients were told meanwhile. Starts
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
${SCENARIOS.map(({ name, good }) => `  ${name.padEnd(18)} ${good}`).join('\n')}

Exit code: 0 if all is well, 1 if anything is not, 2 if it could not be found out.`;

const EXIT_GOOD = 0;
const EXIT_FAILED = 1;
const FAILURES_LISTED_MAX = 20;

runProgram(async (stage) => {
  const numbers = { cycles: number(1, 1_000, undefined), seconds: number(1, 600, undefined), seed: number(0, 1e6, 1) };
  const options = readOptions(HELP, { ...numbers, json: FLAG }, true);
  if (!options) return EXIT_GOOD;
  const { _: names, json: isJson, seed } = options;
  const unknown = names.filter((name) => !SCENARIOS.some((scenario) => scenario.name === name));
  if (unknown.length > 0) throw new UsageError(`There is no scenario ${unknown.join(', ')}.`);

  const database = await OwnDatabase.start(stage, await freePort());
  if (!isJson) console.log(`Rowlock faults, seed ${seed}`);
  const verdicts: Verdict[] = [];
  for (const scenario of SCENARIOS.filter(({ name }) => names.length === 0 || names.includes(name))) {
    if (stage.isOver) break;
    const verdict = await runOne(stage, scenario, database, { ...options, random: new Random(seed) });
    verdicts.push(verdict);
    if (!isJson) console.log(asText(verdict));
  }
  const failed = verdicts.filter(({ passed }) => !passed).length;
  if (isJson) console.log(JSON.stringify({ seed, verdicts }));
  else console.log(`${verdicts.length - failed} passed, ${failed} failed`);
  return failed === 0 ? EXIT_GOOD : EXIT_FAILED;
});

/** Anything that a scenario throws is a failure of it; the others are run all the same. */
async function runOne(outer: Stage, scenario: Scenario, database: OwnDatabase, options: RunOptions): Promise<Verdict> {
  const startedMs = performance.now();
  const findings = new Findings();
  const stage = new FaultStage(database);
  outer.defer(() => stage.close());
  try {
    await scenario.run(stage, options, findings);
  } catch (error) {
    findings.expect(false, error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  await stage.close();
  const { figures, failures } = findings;
  const { name, good } = scenario;
  const seconds = (performance.now() - startedMs) / 1_000;
  return { scenario: name, good, passed: failures.length === 0, seconds, figures, failures };
}

function asText({ scenario, good, passed, seconds, figures, failures }: Verdict): string {
  return [
    `${scenario.padEnd(18)} ${passed ? 'passed' : 'FAILED'}  ${seconds.toFixed(1)} s: ${good}`,
    ...Object.entries(figures).map(([name, figure]) => `    ${name}: ${figure.toLocaleString('en-US')}`),
    ...failures.slice(0, FAILURES_LISTED_MAX).map((failure) => `  FAILURE ${failure}`),
    ...(failures.length > FAILURES_LISTED_MAX ? [`  … and ${failures.length - FAILURES_LISTED_MAX} more`] : []),
  ].join('\n');
}
