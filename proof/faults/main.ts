import 'reflect-metadata';
import { runCommand } from '../../src/cli/command';
import { Random } from '../kit/random';
import { appClock } from './app-clock';
import { answerLost } from './answer-lost';
import { appKilled } from './app-killed';
import { appTerminated } from './app-terminated';
import { blackHole } from './black-hole';
import { connectionsBusy } from './connections-busy';
import { databaseKilled } from './database-killed';
import { Options, readOptions } from './options';
import { OwnDatabase } from './own-database';
import { overload } from './overload';
import { Findings, Scenario, Verdict } from './scenario';
import { slowClients } from './slow-clients';
import { freePort, Stage } from './stage';
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
];

const EXIT_GOOD = 0;
const EXIT_FAILED = 1;
const EXIT_INTERRUPTED = 130;
const FAILURES_LISTED_MAX = 20;

/** What is standing now, last of all first. */
const standing: { close(): Promise<unknown> }[] = [];
let closing: Promise<void> | undefined;

void runCommand(async () => {
  const options = readOptions(SCENARIOS);
  if (!options) return EXIT_GOOD;
  const interrupt = () => void closeAll().then(() => process.exit(EXIT_INTERRUPTED));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, interrupt);
  try {
    return await runAll(options);
  } finally {
    await closeAll();
  }
  // People of a scenario that failed may still be waiting for an answer.
}).then(() => process.exit());

async function runAll(options: Options): Promise<number> {
  const starting = OwnDatabase.start(await freePort());
  standing.unshift({ close: () => starting.then((started) => started.stop()) });
  const database = await starting;
  if (!options.isJson) console.log(`Rowlock faults, seed ${options.seed}`);
  const verdicts: Verdict[] = [];
  for (const scenario of options.scenarios) {
    if (closing) break;
    const verdict = await runOne(scenario, database, options);
    verdicts.push(verdict);
    if (!options.isJson) console.log(asText(verdict));
  }
  const failed = verdicts.filter(({ passed }) => !passed).length;
  if (options.isJson) console.log(JSON.stringify({ seed: options.seed, verdicts }));
  else console.log(`${verdicts.length - failed} passed, ${failed} failed`);
  return failed === 0 ? EXIT_GOOD : EXIT_FAILED;
}

/** Whatever a scenario throws is a failure of it; the others are run all the same. */
async function runOne(scenario: Scenario, database: OwnDatabase, { cycles, seconds, seed }: Options): Promise<Verdict> {
  const startedMs = performance.now();
  const findings = new Findings();
  const stage = new Stage(database);
  standing.unshift(stage);
  try {
    await scenario.run(stage, { cycles, seconds, seed, random: new Random(seed) }, findings);
  } catch (error) {
    findings.expect(false, error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  await stage.close();
  if (!closing) standing.shift();
  const { figures, failures } = findings;
  const took = (performance.now() - startedMs) / 1_000;
  return {
    scenario: scenario.name,
    good: scenario.good,
    passed: failures.length === 0,
    seconds: took,
    figures,
    failures,
  };
}

/** Once: who is interrupted, and therefore fails, ends when everything has ended. */
function closeAll(): Promise<void> {
  closing ??= (async () => {
    for (const each of standing) await each.close().catch((error: unknown) => console.error(error));
  })();
  return closing;
}

function asText({ scenario, good, passed, seconds, figures, failures }: Verdict): string {
  return [
    `${scenario.padEnd(17)} ${passed ? 'passed' : 'FAILED'}  ${seconds.toFixed(1)} s: ${good}`,
    ...Object.entries(figures).map(([name, figure]) => `    ${name}: ${figure.toLocaleString('en-US')}`),
    ...failures.slice(0, FAILURES_LISTED_MAX).map((failure) => `  FAILURE ${failure}`),
    ...(failures.length > FAILURES_LISTED_MAX ? [`  … and ${failures.length - FAILURES_LISTED_MAX} more`] : []),
  ].join('\n');
}
