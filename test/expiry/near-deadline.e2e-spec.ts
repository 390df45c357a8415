import { block, STOP_WRITES } from '../../proof/kit/blocker';
import { until } from '../../proof/kit/until';
import { SeatCommandQueue } from '../../src/seats/seat-command-queue';
import { startApp, TestApp } from '../support/app';
import { Answer, person, Person } from '../support/client';
import { ok } from '../support/expectations';
import { createShow } from '../support/house';

/** Within the margin before a deadline in which nothing may be decided by the hold. */
const LEFT_MS = 40;
/** A busy machine may need more than the margin to come to the command. Then the hold has lapsed, and it is tried again. */
const TRIES = 50;

describe.each([
  ['across shows', {}],
  ['within a show', { COMBINE_ACROSS_SHOWS: 'false' }],
  ['one command a transaction', { COMBINE_MAX: '1' }],
])('a hold about to lapse, %s', (_, settings) => {
  let target: TestApp;
  let people: [Person, Person, Person, Person, Person];

  beforeAll(async () => {
    target = await startApp({ COMBINE_LANES: '1', ...settings });
    people = (await Promise.all(Array.from({ length: 5 }, () => person(target)))) as typeof people;
  });
  afterAll(() => target.close());

  const setAside = async () => {
    const metrics = await (await fetch(`${target.url}/metrics`)).text();
    const counts = metrics.matchAll(/seat_commands_total\{command="\w+",outcome="set-aside"\} (\d+)/g);
    return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
  };

  /** Has commands wait for one transaction, and begin just before the deadline of the first person's hold of A1. */
  const justBefore = async (...sends: ((showId: number) => Promise<Answer>)[]) => {
    const queue = target.app.get(SeatCommandQueue);
    for (let tried = 0; tried < TRIES; tried++) {
      const before = await setAside();
      const showId = await createShow(target.dataSource);
      await ok(people[0].hold(showId, ['A1']));
      const blocker = await block(target.databaseUrl, STOP_WRITES);
      const first = people[4].hold(showId, ['E1']);
      await blocker.untilWaiting(1);
      const answers: Promise<Answer>[] = [];
      for (const send of sends) {
        answers.push(send(showId));
        await until(() => queue.length === answers.length);
      }
      await blocker.query(
        `UPDATE seat SET hold_expires_at = clock_timestamp() + $2 * interval '1 ms'
          WHERE show_id = $1 AND "row" = 'A' AND number = 1`,
        [showId, LEFT_MS],
      );
      await blocker.release();
      await ok(first);
      const settled = await Promise.all(answers);
      if ((await setAside()) > before) return { showId, answers: settled };
    }
    throw new Error(`None of ${TRIES} tries was in time`);
  };

  it('is waited for by those who ask for its seat, and by nobody else', async () => {
    const [, ben, cat, dan] = people;
    const { showId, answers } = await justBefore(
      (show) => cat.hold(show, ['B1']),
      (show) => ben.hold(show, ['A1', 'A2']),
      (show) => dan.hold(show, ['C1']),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(answers[1]!.body.seats.map(({ version }: { version: number }) => version)).toEqual([3, 1]);
    const others = await target.dataSource.query<{ transactions: number }[]>(
      `SELECT count(DISTINCT xmin::text)::int AS transactions FROM seat_transition WHERE show_id = $1 AND "row" IN ('B', 'C')`,
      [showId],
    );
    expect(others).toEqual([{ transactions: 'COMBINE_MAX' in settings ? 2 : 1 }]);
  });

  it('is gone for a book that can’t be visible in time, and a release of it changes nothing', async () => {
    const book = await justBefore((show) => people[0].book(show, ['A1']));
    expect(book.answers.map(({ body }) => body.code)).toEqual(['NOT_YOUR_HOLD']);
    expect(book.answers[0]!.body.seats).toEqual([{ row: 'A', number: 1, code: 'HOLD_GONE' }]);
    const release = await justBefore((show) => people[0].release(show, ['A1']));
    expect(release.answers.map(({ status, body }) => [status, body.released])).toEqual([[200, []]]);
  });

  it('counts no longer against the limit of its holder', async () => {
    const nine = Array.from({ length: 9 }, (_, i) => `D${i + 1}`);
    const { answers } = await justBefore(
      (show) => people[0].hold(show, nine),
      (show) => people[0].hold(show, ['B1']),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  });
});
