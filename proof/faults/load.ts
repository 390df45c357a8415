import { judge } from '../checkers/judge';
import { openDataSource } from '../kit/database-server';
import type { House, HouseSize } from '../kit/house';
import type { Target } from '../kit/http-client';
import type { Stage } from '../kit/stage';
import { readFirst, runCrowds } from '../people/crowds';
import { Manners, PERSISTENT } from '../people/person';
import { outcomesOf, Recorder } from '../people/recorder';
import { guests, Holder, shows } from '../people/target';
import { SERVER_SEALS } from '../kit/server-process';
import type { Findings } from './scenario';

/** Small shows that are fought for, beside ones of a usual size. */
export const PLAN: readonly HouseSize[] = [
  { shows: 200, rows: 1, seatsPerRow: 1 },
  { shows: 200, rows: 1, seatsPerRow: 4 },
  { shows: 50, rows: 5, seatsPerRow: 8 },
];

const PEOPLE = 32;
const MAX_SECONDS = 3_600;
const SEAT_LIMITS = { held: 10, seats: 20 };
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
    const judgement = await judge(recorder.attempts, dataSource, SEAT_LIMITS, SERVER_SEALS).finally(() =>
      dataSource.destroy(),
    );
    const { attempts, operations, unknown, blackBox, ledger, violations } = judgement;
    findings.add('requests', attempts);
    findings.add('operations checked', operations);
    findings.add('of unknown outcome', unknown);
    findings.add('ledger steps replayed', ledger!.transitions);
    findings.add('shows searched', blackBox.shows);
    findings.add('violations', violations.length);
    for (const { check, rule, showId, detail } of violations)
      findings.failures.push(`${check} ${rule}, show ${showId}: ${detail}`);
    const failed = recorder.attempts.filter(({ status, code }) => status !== null && status >= 500 && code !== 'BUSY');
    findings.expect(failed.length === 0, `answers that nobody may get: ${JSON.stringify(outcomesOf(failed))}`);
  }

  /** How many attempts got no answer, for these reasons. */
  count(code: RegExp): number {
    return this.recorder.attempts.filter((one) => one.status === null && code.test(one.code!)).length;
  }
}
