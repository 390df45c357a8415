import { writeFileSync } from 'node:fs';
import type { Attempt, Violation } from '../checkers/history';
import { readHistory } from '../checkers/history-file';
import { judge } from '../checkers/judge';
import { databaseUrl, openDataSource } from '../kit/database-server';
import { HouseSize, prepareHouse } from '../kit/house';
import { HttpClient } from '../kit/http-client';
import { runProgram } from '../kit/program';
import { SERVER_SEALS, startServer } from '../kit/server-process';
import type { Seals } from '../../src/platform/seals';
import type { Stage } from '../kit/stage';
import { readFirst, runCrowds } from '../people/crowds';
import { Recorder } from '../people/recorder';
import { guests, Holder, Show, shows, TargetError } from '../people/target';
import { asHtml } from './html';
import { Options, readStressOptions } from './options';
import { showProgress } from './progress';
import { asText, Report, reportOf } from './report';
import { runOneSeat, runSellOut, Scenario } from './scenarios';

const EXIT_GOOD = 0;
const EXIT_VIOLATED = 1;
const EXIT_FAILED = 2;

/** For a server of our own: small shows that are fought for, beside ones of a usual size. Of `mixed` more for a long run. */
const PLANS: Readonly<Record<Scenario, readonly HouseSize[]>> = {
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

function planFor({ scenario, seconds, operations }: Options): HouseSize[] {
  const times =
    scenario === 'mixed' ? Math.ceil(Math.min(operations, seconds * OPERATIONS_PER_SECOND) / OPERATIONS_PER_PLAN) : 1;
  return PLANS[scenario].map((part) => ({ ...part, shows: part.shows * times }));
}

runProgram(async (stage) => {
  const options = readStressOptions();
  if (!options) return EXIT_GOOD;
  try {
    const report = options.check === undefined ? await load(stage, options) : await check(options.check, options);
    if (options.html !== undefined) writeFileSync(options.html, asHtml(report));
    console.log(options.json ? JSON.stringify(report) : asText(report));
    return report.violations.length > 0 ? EXIT_VIOLATED : EXIT_GOOD;
  } catch (error) {
    if (!(error instanceof TargetError)) throw error;
    console.error(error.message);
    return EXIT_FAILED;
  }
});

async function load(stage: Stage, options: Options): Promise<Report> {
  const own = options.url === undefined ? await openOwn(stage, options) : undefined;
  const target = new HttpClient(own?.url ?? options.url!);
  const recorder = new Recorder(target, options.history);
  const groups = await Promise.all((own?.showIds ?? [options.show]).map((ids) => shows(target, ids)));
  const people = await guests(target, options.people);
  const progress = showProgress(recorder.attempts);
  const found = await run(recorder, people, groups, options).finally(() => progress.end());
  await recorder.close();
  const { scenario, seed } = options;
  const title = `Rowlock stress: ${scenario}, ${options.people} people, seed ${seed}`;
  return judged(
    title,
    recorder.attempts,
    own?.databaseUrl ?? process.env.DATABASE_URL,
    options,
    found,
    own && SERVER_SEALS,
  );
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
  return judged(`Rowlock stress: ${file}`, await readHistory(file), process.env.DATABASE_URL, options, []);
}

async function judged(
  title: string,
  attempts: readonly Attempt[],
  ofDatabase: string | undefined,
  options: Options,
  found: readonly Violation[],
  seals?: Seals,
): Promise<Report> {
  const dataSource = ofDatabase ? await openDataSource(ofDatabase) : undefined;
  try {
    const limits = { held: options['hold-limit'], seats: options['seat-limit'] };
    const judgement = await judge(attempts, dataSource, limits, seals);
    return reportOf(title, attempts, { ...judgement, violations: [...found, ...judgement.violations] });
  } finally {
    await dataSource?.destroy();
  }
}

/** A server of our own, on the database of DATABASE_URL or on an embedded PostgreSQL that is deleted afterwards. */
async function openOwn(stage: Stage, options: Options) {
  const url = await databaseUrl(stage, (line) => console.error(line));
  const { showIds } = await prepareHouse(url, planFor(options));
  const server = await startServer(stage, {
    DATABASE_URL: url,
    HOLD_TTL_SECONDS: String(options['hold-ttl-seconds']),
    SWEEP_INTERVAL_SECONDS: '1',
    MAX_HELD_SEATS_PER_HOLDER: String(options['hold-limit']),
    MAX_SEATS_PER_HOLDER: String(options['seat-limit']),
  });
  return { url: server.url, databaseUrl: url, showIds };
}
