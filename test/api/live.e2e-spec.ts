import { SchedulerRegistry } from '@nestjs/schedule';
import { Client } from 'pg';
import type { WireSeat } from '../../src/live/change-message';
import { ShowFeeds } from '../../src/live/show-feeds';
import { SeatMapReader } from '../../src/seats/reading/seat-map';
import { SeatSweeper } from '../../src/seats/seat-sweeper';
import { startApp, TestApp } from '../support/app';
import { person, Person, request, seat } from '../support/client';
import { changedSeats, ofType, Stream, watch } from '../support/event-stream';
import { createShow, lapse } from '../support/house';
import { until } from '../../proof/kit/until';

describe('live events', () => {
  let one: TestApp;
  let two: TestApp;
  let showId: number;
  let holder: Person;
  const streams: Stream[] = [];

  const open = async (target: TestApp, headers?: Record<string, string>) => {
    const stream = await watch(target, showId, headers);
    streams.push(stream);
    await until(() => stream.events.length > 0);
    return stream;
  };

  beforeAll(async () => {
    one = await startApp();
    // Begins when the first has been alone for a while.
    two = await startApp({ DATABASE_URL: one.databaseUrl });
    // These two watchers do not poll the seats. Without its event a change would never reach them.
    for (const { app } of [one, two]) app.get(SchedulerRegistry).deleteInterval('live-reconcile');
  });
  afterAll(async () => {
    await two.close();
    await one.close();
  });
  beforeEach(async () => {
    showId = await createShow(one.dataSource);
    holder = await person(one);
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    for (const stream of streams.splice(0)) stream.close();
    await until(() => one.app.get(ShowFeeds).watching + two.app.get(ShowFeeds).watching === 0);
  });

  test('begin with the seat map', async () => {
    await holder.hold(showId, ['A1']);
    const stream = await open(one);
    expect(stream.response.headers['content-type']).toBe('text/event-stream; charset=utf-8');
    expect(stream.response.headers['x-request-id']).toBeTruthy();
    expect(stream.response.headers['x-content-type-options']).toBe('nosniff');
    const map = (await request(one, 'GET', `/api/seats/?show_id=${showId}`)).body;
    expect(stream.events[0]).toMatchObject({ type: 'snapshot', data: { ...map, server_time: expect.any(String) } });
  });

  test('tell of a change, on whichever instance it was made', async () => {
    const here = await open(one);
    const there = await open(two);
    await holder.hold(showId, ['A1', 'B2']);
    await until(() => changedSeats(here).length === 2 && changedSeats(there).length === 2);

    for (const stream of [here, there]) {
      expect(ofType(stream, 'seats')).toEqual([
        {
          type: 'seats',
          id: here.events.at(-1)!.id, // a state has one name, on every instance
          data: {
            show_id: showId,
            server_time: expect.any(String),
            stats: { total: 50, available: 48, held: 2, booked: 0, blocked: 0 },
            seats: [
              { row: 'A', number: 1, status: 'HELD', version: 1 },
              { row: 'B', number: 2, status: 'HELD', version: 1 },
            ],
          },
        },
      ]);
    }
  });

  test('mark one’s own holds for their holder, and nobody else', async () => {
    const mine = await open(two, { authorization: `Bearer ${holder.token}` });
    const other = await open(two, { authorization: `Bearer ${(await person(one)).token}` });
    const held = await holder.hold(showId, ['A1']);
    await until(() => changedSeats(mine).length === 1 && changedSeats(other).length === 1);

    expect(changedSeats(mine)[0]).toEqual({
      ...seat('A1'),
      status: 'HELD',
      version: 1,
      held_by_me: true,
      hold_expires_at: held.body.expires_at,
    });
    expect(changedSeats(other)[0]).toEqual({ ...seat('A1'), status: 'HELD', version: 1 });
  });

  test('tell each holder of their own among the holds of several in one event', async () => {
    const people = [holder, await person(one)];
    const theirs = await Promise.all(people.map(({ token }) => open(one, { authorization: `Bearer ${token}` })));
    const deadlineMs = Date.now() + 60_000;
    const seats = people.map(({ id }, index): WireSeat => [showId, 'A', index + 1, 'HELD', 1, id, deadlineMs]);
    one.app.get(ShowFeeds).onSeats(seats);
    for (const [index, stream] of theirs.entries()) {
      await until(() => changedSeats(stream).length === 2);
      const seen = ofType(stream, 'seats')[0]!.data.seats as { held_by_me?: boolean }[];
      expect(seen.map(({ held_by_me: isMine }) => isMine)).toEqual([0, 1].map((one) => one === index || undefined));
    }
  });

  test('begin with the snapshot, also when a change is about to be told', async () => {
    await open(one);
    await holder.hold(showId, ['A1']);
    const late = await open(one);
    expect(late.events.map(({ type }) => type)).toEqual(['snapshot']);
    expect(late.events[0]!.data.stats).toMatchObject({ held: 1 });
  });

  test('begin with what changed while the seats were read', async () => {
    const reader = one.app.get(SeatMapReader);
    const read = reader.read.bind(reader);
    jest.spyOn(reader, 'read').mockImplementationOnce(async (id) => {
      const map = await read(id);
      await holder.hold(showId, ['A1']);
      return map;
    });
    const stream = await open(one);
    expect(stream.events[0]!.data.stats).toEqual({ total: 50, available: 49, held: 1, booked: 0, blocked: 0 });
  });

  test('tell of a lapse when it happens, without any sweep, and not again when a sweep writes it', async () => {
    const brief = await startApp({ DATABASE_URL: one.databaseUrl, HOLD_TTL_SECONDS: '1' });
    try {
      const stream = await open(one);
      const held = await (await person(brief)).hold(showId, ['A1']);
      await until(() => changedSeats(stream).length === 2);
      const lapsed = ofType(stream, 'seats').at(-1)!;
      expect(lapsed.data.seats).toEqual([{ ...seat('A1'), status: 'AVAILABLE', version: 2 }]);
      const lateMs = Date.parse(lapsed.data.server_time) - Date.parse(held.body.expires_at);
      expect(lateMs).toBeGreaterThanOrEqual(0);
      expect(lateMs).toBeLessThan(500);

      expect(await one.app.get(SeatSweeper).sweep()).toBe(1);
      await holder.hold(showId, ['A2']);
      await until(() => changedSeats(stream).length === 3);
      expect(changedSeats(stream)[2]).toMatchObject(seat('A2'));
    } finally {
      await brief.close();
    }
  });

  test('resume after the last event that was seen', async () => {
    const first = await open(one);
    await holder.hold(showId, ['A1']);
    await until(() => changedSeats(first).length === 1);
    const lastEventId = first.events.at(-1)!.id;
    await holder.hold(showId, ['A2']);
    await until(() => changedSeats(first).length === 2);

    const second = await open(one, { 'last-event-id': lastEventId });
    expect(second.events.map((event) => event.type)).toEqual(['seats']);
    expect(changedSeats(second)).toEqual([{ ...seat('A2'), status: 'HELD', version: 1 }]);
    const unknown = await open(one, { 'last-event-id': 'from another age' });
    expect(unknown.events[0]!.type).toBe('snapshot');
  });

  test.each([
    ['a lost message', 'onShows'],
    ['a commit whose outcome is unknown', 'uncertain'],
  ] as const)('%s is made up for by looking at the seats', async (_, told) => {
    const stream = await open(one);
    await holder.hold(showId, ['A1']);
    await until(() => changedSeats(stream).length === 1);
    await lapse(one.dataSource, showId, ['A1']); // no instance notices
    one.app.get(ShowFeeds)[told]([showId]);
    await until(() => changedSeats(stream).length === 2);
    expect(changedSeats(stream)[1]).toEqual({ ...seat('A1'), status: 'AVAILABLE', version: 2 });
  });

  test('a seat that was added is told when it is first held', async () => {
    const stream = await open(two);
    await one.dataSource.query(`INSERT INTO seat (show_id, "row", number, price) VALUES ($1, 'A', 11, 100)`, [showId]);
    await holder.hold(showId, ['A11']);
    await until(() => ofType(stream, 'snapshot').length === 2);
    expect(stream.events.at(-1)!.data.stats).toMatchObject({ total: 51, held: 1 });
  });

  test('what nobody told is found out by looking at the seats now and then', async () => {
    const third = await startApp({ DATABASE_URL: one.databaseUrl });
    try {
      const stream = await open(third);
      await holder.hold(showId, ['A1']);
      await until(() => changedSeats(stream).length === 1);
      await lapse(one.dataSource, showId, ['A1']); // no instance notices
      await until(() => changedSeats(stream).length === 2);
    } finally {
      await third.close();
    }
  });

  test('a listener that lost its connection sends a fresh snapshot', async () => {
    const stream = await open(two);
    const admin = new Client({ connectionString: one.databaseUrl });
    await admin.connect();
    await admin.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'rowlock-listen'`,
    );
    await admin.end();
    await until(() => ofType(stream, 'snapshot').length === 2);
    await holder.hold(showId, ['A1']);
    await until(() => changedSeats(stream).length === 1);
  });

  test('do not keep a server from stopping', async () => {
    const third = await startApp({ DATABASE_URL: one.databaseUrl });
    const stream = await watch(third, showId);
    await until(() => stream.events.length > 0);
    await third.close();
    await until(() => stream.ended);
  }, 15_000);

  test('of a show that does not exist are a problem', async () => {
    const answer = await request(one, 'GET', '/api/shows/999999/events/');
    expect([answer.status, answer.body.code]).toEqual([404, 'SHOW_NOT_FOUND']);
  });

  test('HEAD ends at once', async () => {
    const response = await fetch(`${one.url}/api/shows/${showId}/events/`, {
      method: 'HEAD',
      signal: AbortSignal.timeout(2_000),
    });
    expect([200, 404]).toContain(response.status);
  });
});

describe('activity', () => {
  let target: TestApp;
  let showId: number;
  beforeAll(async () => {
    target = await startApp();
  });
  afterAll(() => target.close());
  beforeEach(async () => {
    showId = await createShow(target.dataSource);
  });

  const activity = (query = '', token?: string) =>
    request(target, 'GET', `/api/shows/${showId}/activity/${query}`, { token });

  test('tells what happened, newest first, and nobody’s identity but one’s own', async () => {
    const [me, other] = [await person(target), await person(target)];
    await me.hold(showId, ['A1']);
    await me.release(showId, ['A1']);
    await other.hold(showId, ['A1']);
    await other.book(showId, ['A1']);

    const { status, body } = await activity('', me.token);
    expect(status).toBe(200);
    expect(body).toEqual({
      activity: [
        { ...seat('A1'), version: 4, command: 'book', from: 'HELD', to: 'BOOKED', at: expect.any(String) },
        { ...seat('A1'), version: 3, command: 'hold', from: 'AVAILABLE', to: 'HELD', at: expect.any(String) },
        {
          ...seat('A1'),
          version: 2,
          command: 'release',
          from: 'HELD',
          to: 'AVAILABLE',
          at: expect.any(String),
          by_me: true,
        },
        {
          ...seat('A1'),
          version: 1,
          command: 'hold',
          from: 'AVAILABLE',
          to: 'HELD',
          at: expect.any(String),
          by_me: true,
        },
      ],
      next: null,
    });
    expect(JSON.stringify((await activity()).body)).not.toContain('by_me');
  });

  test('is the same whether or not a sweep has come by', async () => {
    const me = await person(target);
    await me.hold(showId, ['A1', 'A2']);
    await lapse(target.dataSource, showId, ['A1', 'A2']);
    const before = (await activity('', me.token)).body;
    expect(before.activity.map((entry: { command: string }) => entry.command)).toEqual([
      'expire',
      'expire',
      'hold',
      'hold',
    ]);
    expect(await target.app.get(SeatSweeper).sweep()).toBe(2);
    expect((await activity('', me.token)).body).toEqual(before);
  });

  test('comes in pages', async () => {
    const me = await person(target);
    for (const name of ['A1', 'A2', 'A3', 'A4', 'A5']) await me.hold(showId, [name]);
    const pages: number[][] = [];
    for (let after: string | null = ''; after !== null;) {
      const { body }: { body: { activity: { number: number }[]; next: string | null } } = await activity(
        `?limit=2${after && `&after=${after}`}`,
      );
      pages.push(body.activity.map((entry) => entry.number));
      after = body.next;
    }
    expect(pages).toEqual([[5, 4], [3, 2], [1]]);
  });

  test('goes on behind any entry, whatever its row is called, and takes nothing else for a cursor', async () => {
    const me = await person(target);
    await me.hold(showId, ['A1', 'A2']);
    await me.release(showId, ['A1']);
    // As in a database whose rows were there before the check.
    await target.dataSource.query('ALTER TABLE seat DROP CONSTRAINT seat_name');
    for (const table of ['seat', 'seat_transition'])
      await target.dataSource.query(
        `UPDATE ${table} SET "row" = $2 WHERE show_id = $1 AND "row" = 'A' AND number = 2`,
        [showId, 'Bühne. 1/"2" und noch mehr als erlaubt'],
      );
    await lapse(target.dataSource, showId, []);
    const all = (await activity()).body.activity;
    for (let count = 1; count < all.length; count++) {
      const { body } = await activity(`?limit=${count}`);
      expect((await activity(`?after=${body.next}`)).body.activity).toEqual(all.slice(count));
      // It names no instant: the public must not learn the deadline of a hold from it.
      expect(Buffer.from(body.next, 'base64url').toString()).not.toMatch(/\d{10}/);
    }
    const answer = (text: string) => activity(`?after=${Buffer.from(text).toString('base64url')}`);
    for (const place of ['A', 'A.1', 'A.x.1', 'A.1.2147483648', 'A\0.1.1', 'A.1.9', 'B.1.1', '1.A/1/1']) {
      const { status, body } = await answer(place);
      expect([place, status, body.code]).toEqual([place, 400, 'VALIDATION_FAILED']);
    }
  });

  test('tells the times of others to the minute, and one’s own to the millisecond', async () => {
    const [me, other] = [await person(target), await person(target)];
    const [{ body: mine }, { body: others }] = [await me.hold(showId, ['A1']), await other.hold(showId, ['A2'])];
    await other.book(showId, ['A2']);
    await lapse(target.dataSource, showId, ['A1']);
    const times = async (token?: string) =>
      (await activity('', token)).body.activity.map(({ at }: { at: string }) => at) as string[];
    for (const at of await times()) expect(at).toMatch(/:00\.000Z$/);
    const own = (await activity('', me.token)).body.activity.filter(({ by_me: isMine }: { by_me?: true }) => isMine);
    expect(own.map(({ command }: { command: string }) => command)).toEqual(['expire', 'hold']);
    expect(Date.parse(own[0].at) - Date.parse(own[1].at)).toBe(
      Date.parse(mine.expires_at) - Date.parse(mine.server_time),
    );
    expect(JSON.stringify((await activity('', me.token)).body)).not.toContain(others.server_time);
  });

  test('of a show that does not exist is a problem, of a quiet one empty', async () => {
    expect((await activity()).body).toEqual({ activity: [], next: null });
    expect((await request(target, 'GET', '/api/shows/999999/activity/')).body.code).toBe('SHOW_NOT_FOUND');
  });
});
