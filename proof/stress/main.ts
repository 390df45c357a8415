import 'reflect-metadata';
import { writeFileSync } from 'node:fs';
import { runCommand } from '../../src/cli/command';
import { Api } from '../kit/api';
import type { Show } from './crowd';
import { asHtml } from '../kit/html';
import { readHistory, Violation } from '../checkers/history';
import { judge } from '../checkers/judge';
import { openDataSource } from '../checkers/ledger-rows';
import { Options, readOptions } from '../kit/options';
import { OwnServer, ShowPlan, startOwnServer } from '../kit/own-server';
import type { Holder } from './person';
import { showProgress } from '../kit/progress';
import { Recorder } from '../kit/recorder';
import { asText, Report, reportOf } from './report';
import { readFirst, runCrowds, runOneSeat, runSellOut, Scenario } from './scenarios';
import { guests, shows, TargetError } from '../kit/target';

const EXIT_GOOD = 0;
const EXIT_VIOLATED = 1;
const EXIT_FAILED = 2;

/** For a server of our own: small shows that are fought for, beside ones of a usual size. Of `mixed` more for a long run. */
const PLANS: Readonly<Record<Scenario, ShowPlan>> = {
  mixed: [
    { shows: 100, rows: 1, seatsPerRow: 1 },
    { shows: 100, rows: 1, seatsPerRow: 4 },
    { shows: 50, rows: 5, seatsPerRow: 8 },
  ],
  'one-seat': [{ shows: 1, rows: 1, seatsPerRow: 1 }],
  'sell-out': [{ shows: 1, rows: 10, seatsPerRow: 20 }],
};

/** So many are enough for the shows of the plan: then seats get scarce, and the order of so much takes long to find. */
const OPERATIONS_PER_PLAN = 100_000;
/** More than a server takes. */
const OPERATIONS_PER_SECOND = 3_000;

function planFor({ scenario, seconds, operations }: Options): ShowPlan {
  const times =
    scenario === 'mixed' ? Math.ceil(Math.min(operations, seconds * OPERATIONS_PER_SECOND) / OPERATIONS_PER_PLAN) : 1;
  return PLANS[scenario].map((part) => ({ ...part, shows: part.shows * times }));
}

void runCommand(async () => {
  const options = readOptions();
  if (!options) return EXIT_GOOD;
  try {
    const report = options.checkFile === undefined ? await load(options) : await check(options.checkFile, options);
    if (options.htmlFile !== undefined) writeFileSync(options.htmlFile, asHtml(report));
    console.log(options.isJson ? JSON.stringify(report) : asText(report));
    return report.violations.length > 0 ? EXIT_VIOLATED : EXIT_GOOD;
  } catch (error) {
    if (!(error instanceof TargetError)) throw error;
    console.error(error.message);
    return EXIT_FAILED;
  }
});

async function load(options: Options): Promise<Report> {
  const server = options.url === undefined ? await startServer(options) : undefined;
  try {
    const api = new Api(server?.url ?? options.url!);
    const recorder = new Recorder(api, options.historyFile);
    const groups = server
      ? await Promise.all(server.showIds.map((ids) => shows(api, ids)))
      : [await shows(api, options.showIds)];
    const people = await guests(api, options.people);
    const progress = showProgress(recorder);
    const violations = await run(recorder, people, groups, options).finally(() => progress.end());
    const { seconds } = recorder;
    await recorder.close();
    api.close();
    const judgement = await judgeWith(
      server?.databaseUrl ?? process.env.DATABASE_URL,
      recorder.attempts,
      options,
      violations,
    );
    return reportOf(
      `Rowlock stress: ${options.scenario}, ${options.people} people, seed ${options.seed}`,
      recorder,
      seconds,
      judgement,
    );
  } finally {
    await server?.stop();
  }
}

async function run(
  recorder: Recorder,
  people: readonly Holder[],
  groups: readonly (readonly Show[])[],
  options: Options,
): Promise<Violation[]> {
  const all = groups.flat();
  await readFirst(recorder, people[0]!, all);
  switch (options.scenario) {
    case 'mixed':
      await runCrowds(recorder, people, groups, options.seed, options);
      return [];
    case 'one-seat':
      return runOneSeat(recorder, people, all);
    case 'sell-out':
      return runSellOut(recorder, people, all, options.seed, options);
  }
}

/** Checks a recorded history. */
async function check(file: string, options: Options): Promise<Report> {
  const judgement = await judgeWith(process.env.DATABASE_URL, await readHistory(file), options, []);
  return reportOf(`Rowlock stress: ${file}`, undefined, 0, judgement);
}

async function judgeWith(
  databaseUrl: string | undefined,
  attempts: Recorder['attempts'],
  { holdLimit }: Options,
  found: readonly Violation[],
) {
  const dataSource = databaseUrl ? await openDataSource(databaseUrl) : undefined;
  try {
    const judgement = await judge(attempts, dataSource, holdLimit);
    return { ...judgement, violations: [...found, ...judgement.violations] };
  } finally {
    await dataSource?.destroy();
  }
}

function startServer(options: Options): Promise<OwnServer> {
  const { holdLimit, holdTtlSeconds } = options;
  const settings = {
    HOLD_TTL_SECONDS: String(holdTtlSeconds),
    SWEEP_INTERVAL_SECONDS: '1',
    MAX_HELD_SEATS_PER_HOLDER: String(holdLimit),
  };
  return startOwnServer(planFor(options), settings, (line) => console.error(line));
}
