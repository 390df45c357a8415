import { isDeepStrictEqual } from 'node:util';
import { verifyLedger } from '../../src/ledger/ledger-verifier';
import { failureKind, isConnectionFailure } from '../../src/platform/database/pg-errors';
import { CommitUnknownError } from '../../src/platform/database/pipelined-transaction';
import { seatCommand } from '../../src/seats/seat-command';
import type { SeatCommand, SeatCommandAnswer } from '../../src/seats/seat-command';
import { block as blockRows } from '../../proof/kit/blocker';
import { seats } from '../support/client';
import { createTestDatabase, TestDatabase } from '../support/database';
import { closeHouse } from '../support/house';
import { finish, interleave, LockObserver, Losing, Run, untilAtRest, Work } from '../support/interleaving';
import { Order, ordersOf, permutationsOf } from '../support/orders';
import { createScenes, ledgerTexts, seatTexts } from '../support/scenes';
import {
  answerText,
  BLOCKED,
  bookedBy,
  CaseCommand,
  FREE,
  heldBy,
  lapsedOf,
  runSerially,
  StartingSeats,
} from '../support/serial-model';
import { Ending, StepCount, SteppedSession } from '../support/stepped-session';
import { until } from '../../proof/kit/until';

/**
 * Two or three commands at once, each in an instance of its own: the product's own statements in every possible order, on a
 * real PostgreSQL. Two transactions of four steps have 70 orders, three of three steps 1,680. What comes of every order must
 * be what comes of the commands one after the other, in some order that agrees with who had ended before whom began.
 *
 * `INTERLEAVINGS=all npm test -- test/interleavings` runs more triples than fit into the run of all tests.
 */

interface Case {
  readonly seats: StartingSeats;
  readonly commands: readonly CaseCommand[];
  /** Most seats a holder may hold. */
  readonly holdLimit?: number;
  /**
   * The unique keys at which commands meet that share no seat, and in how many orders one of them fails there and starts again;
   * and in how many somebody waits. Of the 70 orders of a pair, each has read before the other's COMMIT in 60, and each has
   * written before the other's COMMIT in 40.
   */
  readonly conflicts?: Readonly<Record<string, number>>;
  readonly waits?: number;
}

const HOLD_LIMIT = 10;
/** Long enough for some steps before it. */
const LAPSE_MS = 500;
/** Of four. */
const COMMIT_STEP = 4;
const TRIPLE_TIMEOUT_MS = 180_000;

const named =
  (name: CaseCommand['name']) =>
  (holder: string, ...names: string[]): CaseCommand => ({ name, holder, seats: names });
const hold = named('hold');
const book = named('book');
const release = named('release');
const block = named('block');
const unblock = named('unblock');
const sweep = (...names: string[]): CaseCommand => ({ name: 'expire', holder: null, seats: names });
const keyed = (key: string, given: CaseCommand): CaseCommand => ({ ...given, key });

const THREE_FREE = { A1: FREE, A2: FREE, A3: FREE };
const HELD_BY_ANN = { A1: heldBy('ann'), A2: heldBy('ann'), A3: FREE };
const LAPSED_OF_ANN = { A1: lapsedOf('ann'), A2: lapsedOf('ann'), A3: FREE };

const PAIRS: readonly Case[] = [
  { seats: THREE_FREE, commands: [hold('ann', 'A1', 'A2'), hold('ben', 'A1', 'A2')] },
  { seats: THREE_FREE, commands: [hold('ann', 'A1', 'A2'), hold('ben', 'A2', 'A1')] },
  { seats: THREE_FREE, commands: [hold('ann', 'A1', 'A2'), hold('ben', 'A3', 'A2')] },
  { seats: THREE_FREE, commands: [hold('ann', 'A1'), hold('ben', 'A2', 'A3')] },
  { seats: THREE_FREE, commands: [hold('ann', 'A1', 'A2'), hold('ann', 'A2', 'A1')] },
  { seats: HELD_BY_ANN, commands: [book('ann', 'A1', 'A2'), hold('ben', 'A2', 'A3')] },
  { seats: HELD_BY_ANN, commands: [book('ann', 'A1', 'A2'), book('ben', 'A2', 'A1')] },
  { seats: HELD_BY_ANN, commands: [book('ann', 'A1', 'A2'), book('ann', 'A2', 'A1')] },
  { seats: HELD_BY_ANN, commands: [book('ann', 'A1', 'A2'), book('ann', 'A2')] },
  { seats: HELD_BY_ANN, commands: [book('ann', 'A1', 'A2'), release('ann', 'A2', 'A1')] },
  { seats: HELD_BY_ANN, commands: [book('ann', 'A1'), release('ann', 'A2')] },
  { seats: HELD_BY_ANN, commands: [release('ann', 'A1', 'A2'), hold('ben', 'A3', 'A2')] },
  { seats: HELD_BY_ANN, commands: [release('ann', 'A1', 'A2'), release('ann', 'A2')] },
  { seats: HELD_BY_ANN, commands: [release('ann', 'A1', 'A2'), release('ben', 'A1')] },
  { seats: LAPSED_OF_ANN, commands: [sweep('A1', 'A2'), sweep('A2', 'A1')] },
  { seats: LAPSED_OF_ANN, commands: [sweep('A1', 'A2'), hold('ben', 'A3', 'A2')] },
  { seats: LAPSED_OF_ANN, commands: [sweep('A1', 'A2'), hold('ann', 'A2', 'A1')] },
  { seats: LAPSED_OF_ANN, commands: [sweep('A1', 'A2'), book('ann', 'A1', 'A2')] },
  { seats: LAPSED_OF_ANN, commands: [sweep('A1', 'A2'), release('ann', 'A1', 'A2')] },
  { seats: LAPSED_OF_ANN, commands: [hold('ben', 'A1', 'A2'), book('ann', 'A2', 'A1')] },
  { seats: LAPSED_OF_ANN, commands: [hold('ben', 'A1', 'A2'), hold('ann', 'A2', 'A1')] },
  { seats: { ...HELD_BY_ANN, A3: bookedBy('ann') }, commands: [book('ann', 'A3'), hold('ben', 'A3', 'A2')] },
  // Of the house.
  { seats: THREE_FREE, commands: [block('house', 'A1', 'A2'), hold('ben', 'A3', 'A2')] },
  { seats: THREE_FREE, commands: [block('house', 'A1', 'A2'), block('house', 'A2', 'A3')] },
  { seats: HELD_BY_ANN, commands: [block('house', 'A3', 'A1'), release('ann', 'A1', 'A2')] },
  { seats: HELD_BY_ANN, commands: [block('house', 'A1'), book('ann', 'A1', 'A2')] },
  { seats: LAPSED_OF_ANN, commands: [block('house', 'A1', 'A3'), sweep('A1', 'A2')] },
  { seats: { ...HELD_BY_ANN, A3: BLOCKED }, commands: [unblock('house', 'A3', 'A1'), hold('ann', 'A3', 'A1')] },
  {
    seats: { A1: BLOCKED, A2: BLOCKED, A3: FREE },
    commands: [unblock('house', 'A1', 'A2'), block('house', 'A2', 'A3')],
  },
  // The limit.
  { seats: HELD_BY_ANN, holdLimit: 2, commands: [release('ann', 'A1'), hold('ann', 'A3')] },
  { seats: THREE_FREE, holdLimit: 2, commands: [hold('ann', 'A1', 'A2'), hold('ann', 'A2', 'A3')] },
  {
    seats: THREE_FREE,
    holdLimit: 2,
    commands: [hold('ann', 'A1', 'A2'), hold('ann', 'A3')],
    conflicts: { '23505 seat_hold_slot': 60 },
    waits: 40,
  },
  {
    seats: { ...LAPSED_OF_ANN, A4: FREE },
    holdLimit: 2,
    commands: [hold('ann', 'A3', 'A4'), hold('ben', 'A1')],
    conflicts: {},
    waits: 0,
  },
  {
    seats: { A1: heldBy('ann'), A2: FREE, A3: FREE },
    holdLimit: 3,
    commands: [hold('ann', 'A2'), hold('ann', 'A3')],
    conflicts: { '23505 seat_hold_slot': 60 },
    waits: 40,
  },
  // One key.
  { seats: THREE_FREE, commands: [keyed('k', hold('ann', 'A1', 'A2')), keyed('k', hold('ann', 'A2', 'A1'))] },
  { seats: HELD_BY_ANN, commands: [keyed('k', book('ann', 'A1', 'A2')), keyed('k', book('ann', 'A2', 'A1'))] },
  { seats: HELD_BY_ANN, commands: [keyed('k', release('ann', 'A1', 'A2')), keyed('k', release('ann', 'A2', 'A1'))] },
  { seats: HELD_BY_ANN, commands: [keyed('k', hold('ben', 'A1', 'A2')), keyed('k', hold('ben', 'A2', 'A1'))] },
  { seats: THREE_FREE, commands: [keyed('k', hold('ann', 'A1', 'A2')), keyed('k', hold('ann', 'A2', 'A3'))] },
  { seats: THREE_FREE, commands: [keyed('k', hold('ann', 'A1', 'A2')), keyed('k', hold('ben', 'A2', 'A1'))] },
  {
    seats: THREE_FREE,
    commands: [keyed('k', hold('ann', 'A1')), keyed('k', hold('ann', 'A2'))],
    conflicts: { '23505 seat_hold_slot': 60 },
    waits: 40,
  },
  {
    seats: HELD_BY_ANN,
    commands: [keyed('k', release('ann', 'A1')), keyed('k', book('ann', 'A2'))],
    conflicts: { '23505 idempotency_record_pkey': 60 },
    waits: 40,
  },
];

const TRIPLES: readonly Case[] = [
  { seats: THREE_FREE, commands: [hold('ann', 'A1', 'A2'), hold('ben', 'A2', 'A3'), hold('cat', 'A3', 'A1')] },
  // With A2 taken, whoever locked in another order than everybody would hold what the one before him needs.
  { seats: THREE_FREE, commands: [hold('ann', 'A2'), hold('ben', 'A1', 'A2', 'A3'), hold('cat', 'A3', 'A2', 'A1')] },
  // The one who waits for A1 has begun before A2 was released, and gets it later.
  {
    seats: { A1: heldBy('cat'), A2: heldBy('ben'), A3: FREE },
    commands: [hold('ann', 'A1', 'A2'), release('ben', 'A2'), release('cat', 'A1')],
  },
];

const MORE_TRIPLES: readonly Case[] = [
  { seats: LAPSED_OF_ANN, commands: [sweep('A1', 'A2'), hold('ben', 'A3', 'A2'), book('ann', 'A2', 'A1')] },
  { seats: HELD_BY_ANN, commands: [book('ann', 'A1', 'A2'), release('ann', 'A2'), hold('ben', 'A3', 'A2')] },
  { seats: HELD_BY_ANN, commands: [release('ann', 'A1', 'A2'), hold('ben', 'A2', 'A1'), book('ben', 'A1', 'A2')] },
  { seats: LAPSED_OF_ANN, commands: [sweep('A1', 'A2'), sweep('A2', 'A1'), hold('ben', 'A1')] },
  {
    seats: HELD_BY_ANN,
    commands: [keyed('k', book('ann', 'A1', 'A2')), keyed('k', book('ann', 'A2', 'A1')), release('ann', 'A1')],
  },
  {
    seats: THREE_FREE,
    holdLimit: 2,
    commands: [hold('ann', 'A1'), hold('ann', 'A2'), hold('ann', 'A3')],
    conflicts: { '23505 seat_hold_slot': 3_024 },
    waits: 1_260,
  },
];

/** Those of the pairs in which a connection is lost. */
const LOSSES: readonly Case[] = [
  { seats: THREE_FREE, commands: [hold('ann', 'A1', 'A2'), hold('ben', 'A3', 'A2')] },
  { seats: HELD_BY_ANN, commands: [keyed('k', book('ann', 'A1', 'A2')), release('ann', 'A2', 'A1')] },
  { seats: LAPSED_OF_ANN, commands: [sweep('A1', 'A2'), hold('ben', 'A2')] },
  { seats: THREE_FREE, holdLimit: 2, commands: [keyed('k', hold('ann', 'A1', 'A2')), keyed('l', hold('ann', 'A3'))] },
];

let database: TestDatabase;
let observer: LockObserver;
const sessions: SteppedSession[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  observer = await LockObserver.open(database.url);
});
afterAll(async () => {
  await observer.close();
  await database.drop();
});
afterEach(async () => {
  await Promise.all(sessions.splice(0).map((session) => session.close()));
  // Every case verifies all that is there, by its own limit.
  await closeHouse(database.dataSource);
});

describe('two commands, four steps each', () => {
  test.each(titled(PAIRS))('%s: right in all 70 orders', async (_, given) => {
    await expectAllRight(given, 4, 70);
  });
});

describe('three commands, three steps each', () => {
  const triples = process.env.INTERLEAVINGS === 'all' ? [...TRIPLES, ...MORE_TRIPLES] : TRIPLES;
  test.each(titled(triples))(
    '%s: right in all 1,680 orders',
    async (_, given) => {
      await expectAllRight(given, 3, 1_680);
    },
    TRIPLE_TIMEOUT_MS,
  );
});

describe('one of two loses its connection', () => {
  // Behind its first, second or third step, with the other's four in every order: 5 + 15 + 35. Behind COMMIT: 70.
  const PLACES = { cut: [1, 2, 3, 4], terminated: [1, 2, 3] } as const;
  const losses = titled(LOSSES).flatMap(([title, given]) =>
    [0, 1].flatMap((lost) => (['cut', 'terminated'] as const).map((loss) => [title, lost + 1, loss, given] as const)),
  );
  test.each(losses)(
    '%s; number %i is %s: all of its command or nothing, in all orders',
    async (_, number, loss, given) => {
      const lost = number - 1;
      const plans = PLACES[loss].flatMap((steps) =>
        ordersOf(lost === 0 ? [steps, 4] : [4, steps]).map((order): Plan => {
          return { order, losing: { session: lost, loss, isAtOnce: steps === COMMIT_STEP } };
        }),
      );
      expect(plans).toHaveLength(loss === 'cut' ? 125 : 55);
      const { findings, leftOpen } = await runAll(given, 4, plans);
      expect({ findings, leftOpen }).toEqual({ findings: [], leftOpen: 0 });
    },
  );
});

describe('a hold lapses between two steps', () => {
  // Later than that it does not matter: what stands behind the last look at the clock is COMMIT, sent in one go with it.
  test.each([0, 1, 2])('of its booking and of its release, behind step %i: both come too late', async (steps) => {
    const commands = [book('ann', 'A1', 'A2'), release('ann', 'A1', 'A2')];
    const showIds = await createScenes(database.dataSource, HELD_BY_ANN, commands.length);
    await openSessions({ seats: HELD_BY_ANN, commands }, 4);
    const [{ deadline }] = await database.dataSource.query<[{ deadline: string }]>(
      `SELECT (clock_timestamp() + $1 * interval '1 ms')::timestamptz(3)::text AS deadline`,
      [LAPSE_MS],
    );
    for (const table of ['seat', 'seat_transition']) {
      await database.dataSource.query(
        `UPDATE ${table} SET hold_expires_at = $2 WHERE show_id = ANY($1) AND hold_expires_at IS NOT NULL`,
        [showIds, deadline],
      );
    }

    for (const [index, session] of sessions.entries()) {
      session.start((own) => submit(own, commands[index]!, showIds[index]!));
      session.allow(steps);
    }
    await untilAtRest(sessions, observer);
    await until(async () => {
      const [{ isPast }] = await database.dataSource.query<[{ isPast: boolean }]>(
        'SELECT clock_timestamp() > $1::timestamptz AS "isPast"',
        [deadline],
      );
      return isPast;
    });
    await finish(sessions, observer);

    expect(sessions.map(({ ending }) => endingText(ending!))).toEqual([
      'NOT_YOUR_HOLD A1:HOLD_GONE A2:HOLD_GONE',
      'released',
    ]);
    // What was decided in time is stopped at the last look at the clock.
    expect(sessions.map(({ failures }) => failures)).toEqual(steps === 2 ? [['22012'], ['22012']] : [[], []]);
    const stored = await seatTexts(database.dataSource, showIds);
    expect([...stored.values()]).toEqual(showIds.map(() => ['A1 AVAILABLE v2', 'A2 AVAILABLE v2', 'A3 AVAILABLE v0']));
  });
});

describe('a session that is stopped from outside', () => {
  // As autovacuum stops it for a moment, to cut off the empty end of a table.
  it('is not taken for one that waits for another session, and is waited for', async () => {
    const commands = [hold('ann', 'A1')];
    const [showId] = await createScenes(database.dataSource, THREE_FREE, 1);
    await openSessions({ seats: THREE_FREE, commands }, 4);
    const blocker = await blockRows(database.url, 'LOCK TABLE seat_transition IN ACCESS EXCLUSIVE MODE');
    sessions[0]!.start((own) => submit(own, commands[0]!, showId!));
    sessions[0]!.allow(COMMIT_STEP);
    const waiting = untilAtRest(sessions, observer);
    await blocker.untilWaiting(1);
    // The observer asks one thing after the other: of two more answers, one is to what it asked during the wait.
    for (let answers = 0; answers < 2; answers++) await observer.blocked([], sessions);
    await blocker.release();
    expect((await waiting).length).toBe(0);
    expect(endingText(sessions[0]!.ending!)).toBe('held A1@1');
  });
});

interface Plan {
  readonly order: Order;
  readonly losing?: Losing | undefined;
}

/** What came of one order. */
interface Seen extends Plan, Run {
  readonly showId: number;
  readonly endings: readonly Ending[];
  /** What the session that lost its connection got when it asked once more. */
  readonly again?: Ending;
  readonly answeredEarly: boolean;
  /** Whether somebody was told that the outcome of a commit in this show is not known. */
  readonly isUncertain: boolean;
}

async function expectAllRight(given: Case, stepCount: StepCount, count: number): Promise<void> {
  const plans = ordersOf(given.commands.map(() => stepCount)).map((order) => ({ order }));
  const { seen, findings, outcomes, leftOpen, conflicts } = await runAll(given, stepCount, plans);
  const waits = seen.filter(({ waited }) => waited.size > 0).length;
  const meets = plans.filter(({ order }) => meetAtSeats(given, order)).length;
  expect({ orders: seen.length, waits, conflicts, findings, leftOpen }).toEqual({
    orders: count,
    waits: given.waits ?? meets,
    conflicts: given.conflicts ?? {},
    findings: [],
    leftOpen: 0,
  });
  // Every serial order is the right one for some of these.
  const serial = new Set(permutationsOf(indicesOf(given)).map((sequence) => serialText(given, sequence)));
  expect(outcomes).toEqual(serial);
}

/** Runs the commands of a case in every one of these orders, each in a show of its own, and says what is wrong. */
async function runAll(given: Case, stepCount: StepCount, plans: readonly Plan[]) {
  const showIds = await createScenes(database.dataSource, given.seats, plans.length);
  await openSessions(given, stepCount);
  const seen: Seen[] = [];
  for (const [index, plan] of plans.entries()) seen.push(await run(given, plan, showIds[index]!));

  const { listed } = await verifyLedger(database.dataSource, { holdLimit: given.holdLimit ?? HOLD_LIMIT });
  const [stored, ledgers] = [
    await seatTexts(database.dataSource, showIds),
    await ledgerTexts(database.dataSource, showIds),
  ];
  const outcomes = new Set<string>();
  const findings = listed.map((violation) => JSON.stringify(violation));
  for (const each of seen) {
    const outcome = normalized(
      [...each.endings, ...(each.again ? [each.again] : [])].map(endingText),
      stored.get(each.showId)!,
    );
    outcomes.add(outcome);
    const wrong = wrongWith(given, each, outcome, ledgers.get(each.showId) ?? []);
    findings.push(...wrong.map((what) => `order ${each.order.join('')}: ${what}`));
  }
  const conflicts: Record<string, number> = {};
  for (const failure of sessions.flatMap(({ failures }) => failures))
    conflicts[failure] = (conflicts[failure] ?? 0) + 1;
  const leftOpen = sessions.reduce((sum, session) => sum + session.leftOpen, 0);
  return { seen, findings: findings.slice(0, 5), outcomes, leftOpen, conflicts };
}

async function run(given: Case, { order, losing }: Plan, showId: number): Promise<Seen> {
  const work = given.commands.map((each, index): Work => {
    // Without the queue, which would try again on another connection: here the loss itself is what matters.
    if (index === losing?.session) return async ({ machine }) => (await machine.execute([commandOf(each, showId)]))[0]!;
    return (session) => submit(session, each, showId);
  });
  const seen = await interleave(sessions, work, order, observer, losing);
  const endings = sessions.map(({ ending }) => ending!);
  const answeredEarly = sessions.some((session) => session.answeredEarly);
  const isUncertain = sessions.some(({ uncertainShowIds }) => uncertainShowIds.includes(showId));
  const facts = { ...seen, order, losing, showId, endings, answeredEarly, isUncertain };
  if (!losing) return facts;

  const session = sessions[losing.session]!;
  session.start((own) => submit(own, given.commands[losing.session]!, showId));
  await finish(sessions, observer);
  return { ...facts, again: session.ending! };
}

/** What is wrong with what came of one order. */
function wrongWith(given: Case, seen: Seen, outcome: string, ledger: readonly string[]): string[] {
  const wrong: string[] = [];
  if (seen.answeredEarly) wrong.push('answered before its commit');
  const isUnknown = seen.endings.some((ending) => 'error' in ending && ending.error instanceof CommitUnknownError);
  if (seen.isUncertain !== isUnknown)
    wrong.push(isUnknown ? 'nobody was told that it is not known' : 'told that it is not known');
  if (!seen.losing && !given.conflicts) {
    const hasWaited = seen.waited.size > 0;
    if (hasWaited !== meetAtSeats(given, seen.order)) wrong.push(hasWaited ? 'somebody waited' : 'nobody waited');
    const others = [...seen.waited].filter((statement) => !statement.includes('FOR UPDATE'));
    if (others.length > 0) wrong.push(`waited, and not for a seat: ${others.join()}`);
  }
  for (const [index, ending] of seen.endings.entries()) {
    const isLost = index === seen.losing?.session && 'error' in ending && endingText(ending) === NO_ANSWER;
    if (!isLost) wrong.push(...unfounded(given.commands[index]!, ending, ledger));
  }
  if (seen.again) wrong.push(...unfounded(given.commands[seen.losing!.session]!, seen.again, ledger));
  wrong.push(...differentUnderOneKey(given, seen));
  const possible = possibleOutcomes(given, seen);
  if (!possible.includes(outcome))
    wrong.push(`no serial order gives\n${outcome}\nbut they give\n${possible.join('\n\n')}`);
  return wrong;
}

/** What could have come of it: of every serial order that agrees with who had ended before whom began. */
function possibleOutcomes(given: Case, { began, ended, endings, losing }: Seen): string[] {
  const lost = losing && endings[losing.session]!;
  const unknown = lost && 'error' in lost ? losing.session : undefined;
  const hadEnded = (one: number, other: number) => one !== unknown && ended[one]! < began[other]!;
  const agrees = (sequence: readonly number[]) =>
    sequence.every((later, place) => !sequence.slice(0, place).some((earlier) => hadEnded(later, earlier)));
  const all = indicesOf(given);
  const others = all.filter((index) => index !== unknown);
  // Nothing of a command can be there before its COMMIT was let through, or when it was told to have failed.
  const mayBeThere = losing?.isAtOnce && lost && 'error' in lost && lost.error instanceof CommitUnknownError;
  const chosen = mayBeThere ? [others, all] : [others];
  return chosen
    .flatMap((indices) => permutationsOf(indices))
    .filter(agrees)
    .map((sequence) => serialText(given, sequence, unknown, losing?.session));
}

/** The outcome of commands that run one after the other, `again` once more at the end; what `unknown` was told is not. */
function serialText(given: Case, sequence: readonly number[], unknown?: number, again?: number): string {
  const commands = [...sequence, ...(again === undefined ? [] : [again])].map((index) => given.commands[index]!);
  const { answers, seats: after } = runSerially(given.seats, commands, given.holdLimit ?? HOLD_LIMIT);
  const told = indicesOf(given).map((index) => (index === unknown ? NO_ANSWER : answers[sequence.indexOf(index)]!));
  return normalized([...told, ...answers.slice(sequence.length)], after);
}

/** What of an answer is not in the ledger just so. */
function unfounded({ holder }: CaseCommand, ending: Ending, ledger: readonly string[]): string[] {
  if ('error' in ending) return [String(ending.error)];
  const { outcome } = ending.answer;
  const steps = (start: string, end = '') =>
    ledger.filter((step) => step.startsWith(`${start} `) && step.endsWith(end)).length;
  switch (outcome.kind) {
    case 'held':
      return outcome.seats
        .map(
          ({ row, number, version, holdExpiresAtMs }) =>
            `${row}${number} v${version} hold ${holder} ${holdExpiresAtMs}`,
        )
        .filter((step) => !ledger.includes(step));
    case 'booked': {
      const { id, seats: named } = outcome.booking;
      const booked = named.filter(({ row, number }) => steps(`${row}${number}`, ` ${id}`) === 1);
      const inAll = ledger.filter((step) => step.endsWith(` ${id}`)).length;
      return booked.length === named.length && inAll === named.length ? [] : [`booking ${id} has ${inAll} steps`];
    }
    default:
      return [];
  }
}

/** The same command under the same key has one answer. */
function differentUnderOneKey(given: Case, { endings }: Seen): string[] {
  const answers = given.commands.flatMap(({ name, key, holder, seats: names }, index) => {
    const ending = endings[index]!;
    if (key === undefined || !('answer' in ending)) return [];
    return [{ request: [name, key, holder, ...names.toSorted()].join(), outcome: ending.answer.outcome }];
  });
  return answers
    .filter(({ request, outcome }) =>
      answers.some((other) => other.request === request && !isDeepStrictEqual(other.outcome, outcome)),
    )
    .map(({ request }) => `different answers to ${request}`);
}

/** Whether in this order somebody needs a seat that is another's until his transaction ends. */
function meetAtSeats({ commands }: Case, order: Order): boolean {
  return commands.some((one, i) =>
    commands.some(
      (other, j) =>
        i < j &&
        one.seats.some((seat) => other.seats.includes(seat)) &&
        order.indexOf(i) < order.lastIndexOf(j) &&
        order.indexOf(j) < order.lastIndexOf(i),
    ),
  );
}

function indicesOf({ commands }: Case): number[] {
  return [...commands.keys()];
}

/** What a command gets whose connection is lost. */
const NO_ANSWER = 'no answer';

function endingText(ending: Ending): string {
  if ('answer' in ending) return answerText(ending.answer);
  const { error } = ending;
  // A conflict may have come before the loss.
  const isExpected =
    error instanceof CommitUnknownError || isConnectionFailure(error) || failureKind(error) === 'conflict';
  return isExpected ? NO_ANSWER : String(error);
}

/** Bookings are named in order of their appearance. */
function normalized(answers: readonly string[], after: readonly string[]): string {
  const names = new Map<string, string>();
  return [...answers, ...after].join('\n').replace(/#[\w-]+/g, (id) => {
    if (!names.has(id)) names.set(id, `#${names.size + 1}`);
    return names.get(id)!;
  });
}

async function openSessions({ commands, holdLimit = HOLD_LIMIT }: Case, stepCount: StepCount): Promise<void> {
  const settings = { MAX_HELD_SEATS_PER_HOLDER: String(holdLimit), LOCK_TIMEOUT_MS: '10000' };
  for (let opened = 0; opened < commands.length; opened++)
    sessions.push(await SteppedSession.open(database.url, stepCount, settings));
}

/** Sends a command as the app does. */
function submit(session: SteppedSession, command: CaseCommand, showId: number): Promise<SeatCommandAnswer> {
  return session.queue.submit(commandOf(command, showId));
}

/** A key is one show's. */
function commandOf({ name, holder, seats: names, key }: CaseCommand, showId: number): SeatCommand {
  const idempotencyKey = key === undefined ? {} : { idempotencyKey: `${key}-${showId}` };
  const reason = name === 'block' ? { reason: 'broken' } : {};
  const request = { name, holderId: holder, actorId: holder, showId, seats: seats(...names) };
  return seatCommand({ ...request, ...idempotencyKey, ...reason });
}

function titled(cases: readonly Case[]): [string, Case][] {
  return cases.map((given) => {
    const commands = given.commands.map(({ name, holder, seats: names, key }) =>
      [holder ?? 'sweep', holder === null ? [] : name, names, key === undefined ? [] : `key ${key}`].flat(2).join(' '),
    );
    const start = Object.entries(given.seats).filter(([, { status }]) => status !== 'AVAILABLE');
    const states = start.map(([seat, { status, holder }]) => `${seat} ${status} by ${holder}`);
    const limit = given.holdLimit === undefined ? [] : [`limit ${given.holdLimit}`];
    return [[commands.join(' | '), ...states, ...limit].join(', '), given];
  });
}
