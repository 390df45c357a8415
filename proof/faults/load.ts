import type { Target } from '../kit/api';
import { judge } from '../checkers/judge';
import { openDataSource } from '../checkers/ledger-rows';
import type { ShowPlan } from '../kit/own-server';
import { Holder, Manners, PERSISTENT } from '../stress/person';
import { Recorder } from '../kit/recorder';
import { readFirst, runCrowds } from '../stress/scenarios';
import { guests, shows } from '../kit/target';
import type { Findings } from './scenario';
import type { House, Stage } from './stage';

/** Small shows that are fought for, beside ones of a usual size. */
export const PLAN: ShowPlan = [
  { shows: 200, rows: 1, seatsPerRow: 1 },
  { shows: 200, rows: 1, seatsPerRow: 4 },
  { shows: 50, rows: 5, seatsPerRow: 8 },
];

const PEOPLE = 32;
const MAX_SECONDS = 3_600;
const HOLD_LIMIT = 10;
/** Longest it takes people to finish what they have begun. */
const END_TIMEOUT_MS = 90_000;

/** People who buy and change their minds, from now until they are told to end. Everything they see is recorded. */
export class Load {
  private isOver = false;

  private constructor(
    readonly recorder: Recorder,
    private readonly house: House,
    private running: Promise<void>,
  ) {}

  static async start(
    stage: Stage,
    target: Target,
    house: House,
    seed: number,
    manners: Manners = PERSISTENT,
  ): Promise<Load> {
    const recorder = new Recorder(target);
    const people: Holder[] = await guests(target, PEOPLE);
    const groups = await Promise.all(house.showIds.map((ids) => shows(target, ids)));
    await readFirst(recorder, people[0]!, groups.flat());
    const load: Load = new Load(recorder, house, Promise.resolve());
    stage.defer(() => void (load.isOver = true));
    const bounds = { seconds: MAX_SECONDS, operations: Infinity, isOver: () => load.isOver };
    load.running = runCrowds(recorder, people, groups, seed, bounds, manners);
    load.running.catch(() => undefined); // end() tells
    return load;
  }

  /** Lets everybody finish. */
  async end(): Promise<void> {
    this.isOver = true;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('The people did not come to an end')), END_TIMEOUT_MS);
    });
    await Promise.race([this.running, late]).finally(() => clearTimeout(timer));
  }

  /** Runs all checks over the whole history and the whole ledger. */
  async judge(findings: Findings): Promise<void> {
    const dataSource = await openDataSource(this.house.url);
    const { recorder } = this;
    const judgement = await judge(recorder.attempts, dataSource, HOLD_LIMIT).finally(() => dataSource.destroy());
    const { attempts, operations, unknown, blackBox, ledger, violations } = judgement;
    findings.add('requests', attempts);
    findings.add('operations checked', operations);
    findings.add('of unknown outcome', unknown);
    findings.add('ledger steps replayed', ledger!.transitions);
    findings.add('shows searched', blackBox.shows);
    findings.add('violations', violations.length);
    for (const { check, rule, showId, detail } of violations)
      findings.failures.push(`${check} ${rule}, show ${showId}: ${detail}`);
    const failed = Object.entries(recorder.counts).filter(
      ([outcome]) => / 5\d\d/.test(outcome) && !outcome.endsWith(' 503 BUSY'),
    );
    findings.expect(failed.length === 0, `answers that nobody may get: ${JSON.stringify(Object.fromEntries(failed))}`);
  }

  /** How many attempts ended so, over all commands; by the end of the outcome's name. */
  count(outcome: RegExp): number {
    return Object.entries(this.recorder.counts).reduce(
      (sum, [name, count]) => sum + (outcome.test(name) ? count : 0),
      0,
    );
  }
}
