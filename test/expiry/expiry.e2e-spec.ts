import { SeatSweeper } from '../../src/seats/seat-sweeper';
import { startApp, TestApp } from '../support/app';
import { Answer, person, Person, request, seats } from '../support/client';
import { expectProblem, ok, seatsOf } from '../support/expectations';
import { createShow, lapse } from '../support/house';
import { until } from '../../proof/kit/until';

let target: TestApp;
let me: Person;
let another: Person;
let showId: number;

beforeAll(async () => {
  target = await startApp({ SWEEP_BATCH_SIZE: '3' });
});
afterAll(() => target.close());
beforeEach(async () => {
  await sweep(); // the holds of an earlier test that have lapsed
  [me, another, showId] = await Promise.all([person(target), person(target), createShow(target.dataSource)]);
});

const sweep = () => target.app.get(SeatSweeper).sweep();
const anonymously = (path: string, headers?: Record<string, string>) => request(target, 'GET', path, { headers });

async function shown(...names: string[]): Promise<string[]> {
  const { body } = await anonymously(`/api/seats/?show_id=${showId}`);
  return names.map((name) => {
    const { status, version } = body.seats.find(
      (each: { row: string; number: number }) => each.row + each.number === name,
    );
    return `${status} ${version}`;
  });
}

/** Seats as they are stored, which is not always as they are shown. */
async function stored(...names: string[]): Promise<string[]> {
  const rows = await target.dataSource.query(
    `SELECT status || ' ' || version AS state, "row" || number AS name FROM seat WHERE show_id = $1 AND "row" || number = ANY($2)`,
    [showId, names],
  );
  return names.map((name) => rows.find((each: { name: string }) => each.name === name).state);
}

describe('a hold past its deadline', () => {
  beforeEach(async () => {
    await ok(me.hold(showId, ['A1', 'A2']));
    await lapse(target.dataSource, showId, ['A1']);
  });

  it('is shown and counted as AVAILABLE, to everybody, at once', async () => {
    const stats = { total: 50, available: 49, held: 1, booked: 0, blocked: 0 };
    for (const { body } of [
      await anonymously(`/api/seats/?show_id=${showId}`),
      await me.seatMap(showId),
      await another.seatMap(showId),
    ]) {
      expect(body.stats).toEqual(stats);
      expect(body.seats[0]).toEqual({ row: 'A', number: 1, status: 'AVAILABLE', version: 2 });
    }
    expect((await anonymously(`/api/shows/${showId}/`)).body.stats).toEqual(stats);
    expect(await stored('A1')).toEqual(['HELD 1']);
  });

  it('can’t be booked', async () => {
    expectProblem(await me.book(showId, ['A1', 'A2']), 'NOT_YOUR_HOLD', seatsOf({ A1: 'HOLD_GONE' }));
    await ok(me.book(showId, ['A2']));
  });

  it('can be released, which changes nothing', async () => {
    expect((await ok(me.release(showId, ['A1', 'A2']))).body.released).toEqual(seats('A2'));
    expect(await shown('A1', 'A2')).toEqual(['AVAILABLE 2', 'AVAILABLE 2']);
  });

  it('is no obstacle to another’s hold, nor to one’s own', async () => {
    const { body } = await ok(another.hold(showId, ['A1']));
    expect(body.seats).toEqual([{ row: 'A', number: 1, status: 'HELD', version: 3, hold_expires_at: body.expires_at }]);
    expectProblem(await me.book(showId, ['A1']), 'NOT_YOUR_HOLD', seatsOf({ A1: 'SEAT_HELD' }));

    await lapse(target.dataSource, showId, ['A2']);
    const again = await ok(me.hold(showId, ['A2']));
    expect(again.body.seats[0].version).toBe(3);
    expect(Date.parse(again.body.expires_at) - Date.parse(again.body.server_time)).toBe(600_000);
  });

  it('leaves its expiry in the ledger, as the sweep would', async () => {
    await ok(another.hold(showId, ['A1']));
    const steps = await target.dataSource.query(
      `SELECT version, command, from_status, to_status, holder_id FROM seat_transition WHERE show_id = $1 AND "row" = 'A' AND number = 1 ORDER BY version`,
      [showId],
    );
    expect(steps).toEqual([
      { version: 1, command: 'hold', from_status: 'AVAILABLE', to_status: 'HELD', holder_id: me.id },
      { version: 2, command: 'expire', from_status: 'HELD', to_status: 'AVAILABLE', holder_id: me.id },
      { version: 3, command: 'hold', from_status: 'AVAILABLE', to_status: 'HELD', holder_id: another.id },
    ]);
  });
});

describe('the sweep', () => {
  // The row `expire` of the contract's table.
  it('makes lapsed holds AVAILABLE, and changes nothing else', async () => {
    await ok(me.hold(showId, ['A2', 'A4', 'A5']));
    await ok(another.hold(showId, ['A3', 'A6']));
    await ok(me.book(showId, ['A5']));
    await ok(another.book(showId, ['A6']));
    await lapse(target.dataSource, showId, ['A4']);
    const names = ['A1', 'A2', 'A3', 'A4', 'A5', 'A6'];
    const before = await shown(...names);
    expect(before).toEqual(['AVAILABLE 0', 'HELD 1', 'HELD 1', 'AVAILABLE 2', 'BOOKED 2', 'BOOKED 2']);

    expect(await sweep()).toBe(1);
    expect(await shown(...names)).toEqual(before);
    expect(await stored(...names)).toEqual(before);
    expect(await sweep()).toBe(0);
  });

  it('goes on until nothing is left, however many there are', async () => {
    await ok(me.hold(showId, ['A1', 'A2', 'A3', 'A4', 'A5', 'A6', 'A7']));
    await ok(another.hold(showId, ['B1', 'B2', 'B3']));
    await lapse(target.dataSource, showId, ['A1', 'A2', 'A3', 'A4', 'A5', 'A6', 'A7', 'B2']);
    expect(await sweep()).toBe(8);
    expect(await stored('A1', 'A7', 'B1', 'B2')).toEqual(['AVAILABLE 2', 'AVAILABLE 2', 'HELD 1', 'AVAILABLE 2']);
  });

  it('sweeps several shows', async () => {
    const otherShow = await createShow(target.dataSource);
    for (const each of [showId, otherShow]) {
      await ok(me.hold(each, ['A1']));
      await lapse(target.dataSource, each, ['A1']);
    }
    expect(await sweep()).toBe(2);
  });

  it('is nothing that a reader could notice: the ETag stays', async () => {
    await ok(me.hold(showId, ['A1', 'A2']));
    await lapse(target.dataSource, showId, ['A1']);
    const path = `/api/seats/?show_id=${showId}`;
    const etag = (await anonymously(path)).headers.get('etag')!;
    const mine = (await me.seatMap(showId)).headers.get('etag')!;
    expect(await sweep()).toBe(1);
    expect((await anonymously(path, { 'if-none-match': etag })).status).toBe(304);
    expect((await me.seatMap(showId)).headers.get('etag')).toBe(mine);
  });

  it('comes by itself where it is switched on', async () => {
    const sweeping = await startApp({ SWEEP_ENABLED: 'true', SWEEP_INTERVAL_SECONDS: '1' });
    try {
      const show = await createShow(sweeping.dataSource);
      await ok((await person(sweeping)).hold(show, ['A1']));
      await lapse(sweeping.dataSource, show, ['A1']);
      const status = async () =>
        (
          await sweeping.dataSource.query(`SELECT status FROM seat WHERE show_id = $1 AND "row" = 'A' AND number = 1`, [
            show,
          ])
        )[0].status;
      await until(async () => (await status()) === 'AVAILABLE');
    } finally {
      await sweeping.close();
    }
  });
});

describe('with and without the sweep', () => {
  /** Everything of an answer that two runs have in common: all but ids, names and times. */
  function comparable(answer: Answer): unknown {
    return JSON.parse(
      JSON.stringify([answer.status, answer.headers.get('idempotency-replayed'), answer.body], (key, value) => {
        if (key === 'show_id') return value === showId ? 'this show' : 'another show';
        if (/^(server_time|expires_at|hold_expires_at|booked_at|starts_at|ends_at)$/.test(key)) return 'a time';
        return /^(id|instance|key|reference|screen|title)$/.test(key) ? 'its own' : value;
      }),
    );
  }

  /** Every command and every read meets lapsed holds. `tidy` runs each time after holds have lapsed. */
  async function play(tidy: () => Promise<unknown>): Promise<unknown[]> {
    [me, another, showId] = await Promise.all([person(target), person(target), createShow(target.dataSource)]);
    const answers: Answer[] = [];
    const say = async (answer: Promise<Answer>) => answers.push(await answer);
    const look = async () => {
      for (const viewer of [me, another]) await say(viewer.seatMap(showId));
      await say(anonymously(`/api/seats/?show_id=${showId}`));
      await say(anonymously(`/api/shows/${showId}/`));
    };
    const key = (name: string) => ({ 'idempotency-key': `${name}-${showId}` });

    await say(me.hold(showId, ['A1', 'A2', 'A3', 'A4'], key('hold')));
    await say(another.hold(showId, ['B1', 'B2']));
    await lapse(target.dataSource, showId, ['A1', 'A2', 'A3', 'B1']);
    await tidy();

    await look();
    await say(me.book(showId, ['A1', 'A4']));
    await say(me.release(showId, ['A1', 'A4']));
    await say(me.hold(showId, ['A1', 'A2', 'A3', 'A4'], key('hold')));
    await say(another.hold(showId, ['A1', 'B1', 'B2']));
    await say(me.hold(showId, ['A1', 'A2', 'B2']));
    await say(me.hold(showId, ['A2', 'B3'], key('again')));
    await look();
    await lapse(target.dataSource, showId, ['A1', 'A2', 'B1']);
    await tidy();

    await look();
    await say(another.book(showId, ['A1', 'B2'], key('book')));
    await say(another.book(showId, ['B2']));
    await say(another.release(showId, ['A1', 'B1']));
    await say(me.hold(showId, ['C1', 'C2', 'C3', 'C4', 'C5', 'C6', 'C7', 'C8', 'C9']));
    await lapse(target.dataSource, showId, ['C1', 'C2', 'C3', 'C4', 'C5', 'C6', 'C7', 'B3']);
    await tidy();
    // Two are live: eight more are allowed, though all ten slots are taken.
    await say(me.hold(showId, ['D1', 'D2', 'D3', 'D4', 'D5', 'D6', 'D7', 'D8', 'D9']));
    await say(me.hold(showId, ['D1', 'D2', 'D3', 'D4', 'D5', 'D6', 'D7', 'C1']));
    await say(me.hold(showId, ['E1']));
    await say(another.book(showId, ['B2']));
    await say(me.release(showId, ['A2', 'C2', 'C8', 'D1']));
    await look();
    return answers.map(comparable);
  }

  it('every answer is the same, versions included', async () => {
    const swept: number[] = [];
    const untidied = await play(async () => undefined);
    await sweep();
    const tidied = await play(async () => swept.push(await sweep()));
    expect(swept).toEqual([4, 3, 8]);
    expect(tidied).toEqual(untidied);
    // Answers of all kinds, so that this does not compare rows of equal failures.
    expect(new Set(untidied.map((answer) => (answer as [number, unknown, { code?: string }])[2].code))).toEqual(
      new Set([undefined, 'NOT_YOUR_HOLD', 'SEAT_UNAVAILABLE', 'HOLD_LIMIT_EXCEEDED']),
    );
    expect(untidied).toHaveLength(33);
  });
});
