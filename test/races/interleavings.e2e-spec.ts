import { block as blockRows } from '../../proof/kit/blocker';
import { CaseRunner, submit } from './harness/case-runner';
import {
  block,
  book,
  Case,
  HELD_BY_ANN,
  hold,
  keyed,
  LAPSED_OF_ANN,
  release,
  sweep,
  THREE_FREE,
  titled,
  unblock,
} from './harness/interleaved-cases';
import { finish, untilAtRest } from './harness/interleaving';
import { endingText, Plan } from './harness/interleaving-verdict';
import { ordersOf } from './harness/orders';
import { createScenes, seatTexts } from './harness/scenes';
import { BLOCKED, bookedBy, FREE, heldBy } from './harness/serial-model';
import { untilPast } from '../support/house';

/**
 * Two commands at once, each in an instance of its own: the product's own statements in every possible order, on a real
 * PostgreSQL. Two transactions of four steps have 70 orders. Every order must have the outcome of the commands one
 * after the other, in a sequence in which no command stands behind one that began only after its end.
 */

/** Long enough for some steps before it. */
const LAPSE_MS = 500;
/** Of four. */
const COMMIT_STEP = 4;

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
  // Commands of the house.
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
  // The limit of held seats.
  { seats: HELD_BY_ANN, holdLimit: 2, commands: [release('ann', 'A1'), hold('ann', 'A3')] },
  { seats: THREE_FREE, holdLimit: 2, commands: [hold('ann', 'A1', 'A2'), hold('ann', 'A2', 'A3')] },
  { seats: THREE_FREE, holdLimit: 2, commands: [hold('ann', 'A1', 'A2'), hold('ann', 'A3')], conflicts: {}, waits: 60 },
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
    conflicts: {},
    waits: 60,
  },
  // The limit of held and booked seats.
  {
    seats: { A1: bookedBy('ann'), A2: FREE, A3: FREE },
    seatLimit: 2,
    commands: [hold('ann', 'A2'), hold('ann', 'A3')],
    conflicts: {},
    waits: 60,
  },
  {
    seats: { A1: heldBy('ann'), A2: FREE, A3: FREE },
    seatLimit: 2,
    commands: [book('ann', 'A1'), hold('ann', 'A2', 'A3')],
    conflicts: {},
    waits: 0,
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
    conflicts: {},
    waits: 60,
  },
  {
    seats: HELD_BY_ANN,
    commands: [keyed('k', release('ann', 'A1')), keyed('k', book('ann', 'A2'))],
    // The statement that stores answers fails itself where one is stored already.
    conflicts: { '22012': 60 },
    waits: 40,
  },
];

/** The pairs in which one of the commands loses its connection. */
const LOSSES: readonly Case[] = [
  { seats: THREE_FREE, commands: [hold('ann', 'A1', 'A2'), hold('ben', 'A3', 'A2')] },
  { seats: HELD_BY_ANN, commands: [keyed('k', book('ann', 'A1', 'A2')), release('ann', 'A2', 'A1')] },
  { seats: LAPSED_OF_ANN, commands: [sweep('A1', 'A2'), hold('ben', 'A2')] },
  { seats: THREE_FREE, holdLimit: 2, commands: [keyed('k', hold('ann', 'A1', 'A2')), keyed('l', hold('ann', 'A3'))] },
];

let runner: CaseRunner;
beforeAll(async () => void (runner = await CaseRunner.open()));
afterEach(() => runner.clear());
afterAll(() => runner.close());

describe('two commands, four steps each', () => {
  test.each(titled(PAIRS))('%s: right in all 70 orders', async (_, given) => {
    await runner.expectAllRight(given, 4, 70);
  });
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
      const { findings, leftOpen } = await runner.runAll(given, 4, plans);
      expect({ findings, leftOpen }).toEqual({ findings: [], leftOpen: 0 });
    },
  );
});

describe('a hold lapses between two steps', () => {
  // A later lapse does not matter: behind the last look at the clock there is only COMMIT, sent in one go with it.
  test.each([0, 1, 2])('of its booking and of its release, behind step %i: both come too late', async (steps) => {
    const commands = [book('ann', 'A1', 'A2'), release('ann', 'A1', 'A2')];
    const showIds = await createScenes(runner.database.dataSource, HELD_BY_ANN, commands.length);
    await runner.openSessions({ seats: HELD_BY_ANN, commands }, 4);
    const [{ deadline }] = await runner.database.dataSource.query<[{ deadline: string }]>(
      `SELECT (clock_timestamp() + $1 * interval '1 ms')::timestamptz(3)::text AS deadline`,
      [LAPSE_MS],
    );
    for (const table of ['seat', 'seat_transition']) {
      await runner.database.dataSource.query(
        `UPDATE ${table} SET hold_expires_at = $2 WHERE show_id = ANY($1) AND hold_expires_at IS NOT NULL`,
        [showIds, deadline],
      );
    }

    for (const [index, session] of runner.sessions.entries()) {
      session.start((own) => submit(own, commands[index]!, showIds[index]!));
      session.allow(steps);
    }
    await untilAtRest(runner.sessions, runner.observer);
    await untilPast(runner.database.dataSource, deadline);
    await finish(runner.sessions, runner.observer);

    expect(runner.sessions.map(({ ending }) => endingText(ending!))).toEqual([
      'NOT_YOUR_HOLD A1:HOLD_GONE A2:HOLD_GONE',
      'released',
    ]);
    // A decision that was made in time is stopped at the last look at the clock.
    expect(runner.sessions.map(({ failures }) => failures)).toEqual(steps === 2 ? [['22012'], ['22012']] : [[], []]);
    const stored = await seatTexts(runner.database.dataSource, showIds);
    expect([...stored.values()]).toEqual(showIds.map(() => ['A1 AVAILABLE v2', 'A2 AVAILABLE v2', 'A3 AVAILABLE v0']));
  });
});

describe('a session that is stopped from outside', () => {
  // As autovacuum stops it for a moment, to cut off the empty end of a table.
  it('is not taken for one that waits for another session, and is waited for', async () => {
    const commands = [hold('ann', 'A1')];
    const [showId] = await createScenes(runner.database.dataSource, THREE_FREE, 1);
    await runner.openSessions({ seats: THREE_FREE, commands }, 4);
    const blocker = await blockRows(runner.database.url, 'LOCK TABLE seat_transition IN ACCESS EXCLUSIVE MODE');
    runner.sessions[0]!.start((own) => submit(own, commands[0]!, showId!));
    runner.sessions[0]!.allow(COMMIT_STEP);
    const waiting = untilAtRest(runner.sessions, runner.observer);
    await blocker.untilWaiting(1);
    // The observer asks one thing after the other: of two more answers, one is to what it asked during the wait.
    for (let answers = 0; answers < 2; answers++) await runner.observer.blocked([], runner.sessions);
    await blocker.release();
    expect((await waiting).length).toBe(0);
    expect(endingText(runner.sessions[0]!.ending!)).toBe('held A1@1');
  });
});
