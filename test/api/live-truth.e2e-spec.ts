import { connect, Socket } from 'node:net';
import { SchedulerRegistry } from '@nestjs/schedule';
import { until } from '../../proof/kit/until';
import { AccessTokenService } from '../../src/identity/access-token.service';
import { ChangeChannel } from '../../src/live/change-channel';
import { ShowFeeds } from '../../src/live/show-feeds';
import { UnreadBytes } from '../../src/live/unread-bytes';
import { startApp, TestApp } from '../support/app';
import { person, request, seat } from '../support/client';
import { changedSeats, ofType, Stream, watch } from '../support/event-stream';
import { createShow } from '../support/house';

const CHANNEL = 'rowlock_seats';

describe('what watchers are told', () => {
  let target: TestApp;
  let showId: number;
  const streams: Stream[] = [];

  const open = async (headers?: Record<string, string>) => {
    const stream = await watch(target, showId, headers);
    streams.push(stream);
    await until(() => stream.events.length > 0);
    return stream;
  };
  const sql = (text: string, parameters: unknown[] = []) => target.dataSource.query(text, parameters);
  const notify = (payload: string) => sql('SELECT pg_notify($1, $2)', [CHANNEL, payload]);
  const metric = async (name: string) => {
    const { body } = await request(target, 'GET', '/metrics');
    return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(body as string)?.[1] ?? 0);
  };
  /** Waits for what the reconciliation, a few seconds later, would find. */
  const untilRead = (condition: () => boolean) => {
    target.app.get(ShowFeeds).onShows([showId]);
    return until(condition);
  };
  const stranger = '0'.repeat(8) + '-0000-4000-8000-' + '0'.repeat(12);

  beforeAll(async () => {
    target = await startApp();
  });
  afterAll(() => target.close());
  beforeEach(async () => {
    showId = await createShow(target.dataSource);
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    for (const stream of streams.splice(0)) stream.close();
    await until(() => target.app.get(ShowFeeds).watching === 0);
  });

  test('survives any noise on the channel', async () => {
    const stream = await open();
    const before = await metric('live_messages_received_total\\{kind="noise"\\}');
    const noise = [
      'x',
      '{',
      stranger,
      `${stranger}x`,
      `${stranger}null`,
      `${stranger}{"seats":null}`,
      'x'.repeat(7_999),
    ];
    for (const payload of noise) await notify(payload);
    await until(async () => (await metric('live_messages_received_total\\{kind="noise"\\}')) === before + noise.length);
    await (await person(target)).hold(showId, ['A1']);
    await until(() => changedSeats(stream).length === 1);
  });

  test('is nothing that a stranger made up, now or later', async () => {
    const stream = await open();
    const before = await metric('live_messages_received_total\\{kind="unsigned"\\}');
    const forged = [
      [showId, 'A', 1, 'BOOKED', 2_147_483_000, 'guest:evil', null],
      [showId, 'A', 2, 'HELD', 2_147_483_000, 'guest:evil', Date.now() + 86_400_000],
    ];
    await notify(stranger + JSON.stringify({ seats: forged }));
    await until(async () => (await metric('live_messages_received_total\\{kind="unsigned"\\}')) === before + 1);
    await (await person(target)).hold(showId, ['A1']);
    await until(() => changedSeats(stream).length > 0);
    const truth = { ...seat('A1'), status: 'HELD', version: 1 };
    expect(changedSeats(stream)).toEqual([truth]);
    const late = await open();
    expect(late.events[0]!.data.seats.slice(0, 2)).toEqual([truth, { ...seat('A2'), status: 'AVAILABLE', version: 0 }]);
  });

  test('is corrected by the next read, if an instance told something wrong', async () => {
    const stream = await open();
    target.app.get(ShowFeeds).onSeats([[showId, 'A', 1, 'BOOKED', 2_147_483_000, 'guest:x', null]]);
    await until(() => changedSeats(stream).length === 1);
    await untilRead(() => ofType(stream, 'snapshot').length === 2);
    expect(ofType(stream, 'snapshot')[1]!.data.seats[0]).toEqual({ ...seat('A1'), status: 'AVAILABLE', version: 0 });
    await (await person(target)).hold(showId, ['A1']);
    await until(() => changedSeats(stream).length === 2);
    expect(changedSeats(stream)[1]).toEqual({ ...seat('A1'), status: 'HELD', version: 1 });
  });

  test('comes at once when an instance of version 0.1 hints at it, which does not sign', async () => {
    const quiet = await startApp({ DATABASE_URL: target.databaseUrl });
    quiet.app.get(SchedulerRegistry).deleteInterval('live-reconcile');
    // It alone hears of the hold by this message.
    jest.spyOn(target.app.get(ChangeChannel), 'committed').mockImplementation(() => undefined);
    try {
      const stream = await watch(quiet, showId);
      await until(() => stream.events.length > 0);
      await (await person(target)).hold(showId, ['A1']);
      await notify(stranger + JSON.stringify({ seats: [[showId, 'A', 1, 'BOOKED', 9, 'guest:x', null]] }));
      await until(() => changedSeats(stream).length === 1);
      expect(changedSeats(stream)).toEqual([{ ...seat('A1'), status: 'HELD', version: 1 }]);
      stream.close();
    } finally {
      await quiet.close();
    }
  });

  describe('follows the seats, whatever becomes of them', () => {
    const total = (stream: Stream) => stream.events.at(-1)!.data.stats.total as number;

    test('a seat that is added, and one that goes', async () => {
      const stream = await open();
      await sql(`INSERT INTO seat (show_id, "row", number, price) VALUES ($1, 'A', 11, 100)`, [showId]);
      await untilRead(() => total(stream) === 51);
      expect(stream.events.at(-1)!.type).toBe('snapshot');
      const places = (stream.events.at(-1)!.data.seats as { row: string; number: number }[]).map(
        (s) => s.row + s.number,
      );
      expect(places.slice(9, 12)).toEqual(['A10', 'A11', 'B1']);

      await sql(`DELETE FROM seat WHERE show_id = $1 AND "row" = 'A' AND number = 11`, [showId]);
      await untilRead(() => total(stream) === 50);
    });

    test('a hall that is renamed', async () => {
      const stream = await open();
      await sql('UPDATE screen SET name = name || $2 FROM show WHERE show.screen_id = screen.id AND show.id = $1', [
        showId,
        ' (renamed)',
      ]);
      await untilRead(() => ofType(stream, 'snapshot').length === 2);
      expect(ofType(stream, 'snapshot')[1]!.data.screen).toMatch(/ \(renamed\)$/);
    });

    test('a database that was restored: its lower versions count, and ids of events from before do not', async () => {
      const me = await person(target);
      const stream = await open();
      for (let i = 0; i < 3; i++) {
        await me.hold(showId, ['A1']);
        await me.release(showId, ['A1']);
      }
      await until(() => changedSeats(stream).at(-1)?.version === 6);
      const idBefore = stream.events.at(-1)!.id;

      await sql('DELETE FROM seat_transition WHERE show_id = $1', [showId]);
      await sql('UPDATE seat SET version = 0 WHERE show_id = $1', [showId]);
      await untilRead(() => ofType(stream, 'snapshot').length === 2);
      expect(ofType(stream, 'snapshot')[1]!.data.seats[0]).toMatchObject({ ...seat('A1'), version: 0 });

      // As many steps as before, elsewhere: the versions have the same sum.
      for (let i = 0; i < 3; i++) {
        await me.hold(showId, ['B1']);
        await me.release(showId, ['B1']);
      }
      await until(() => changedSeats(stream).some(({ row, version }) => row === 'B' && version === 6));
      const back = await open({ 'last-event-id': idBefore });
      expect(back.events[0]!.type).toBe('snapshot');
    });

    test('a show that is no more', async () => {
      const stream = await open();
      await sql('DELETE FROM seat WHERE show_id = $1', [showId]);
      await sql('DELETE FROM show WHERE id = $1', [showId]);
      await untilRead(() => stream.ended);
      expect((await request(target, 'GET', `/api/shows/${showId}/events/`)).status).toBe(404);
    });
  });

  test('ends with the token, in words', async () => {
    const me = await person(target);
    const tokens = target.app.get(AccessTokenService);
    const verify = tokens.verify.bind(tokens);
    jest
      .spyOn(tokens, 'verify')
      .mockImplementation(async (token) => Object.assign({}, await verify(token), { expiresAtMs: Date.now() + 500 }));
    const stream = await open({ authorization: `Bearer ${me.token}` });
    expect(stream.ended).toBe(false);
    await until(() => stream.ended);
    expect(stream.events.at(-1)).toMatchObject({ type: 'token-expired', data: {} });
    const anonymous = await open();
    expect(anonymous.ended).toBe(false);
  });
});

describe('event streams are limited', () => {
  let target: TestApp;
  let shows: number[];
  const streams: Stream[] = [];

  beforeAll(async () => {
    target = await startApp({
      TRUST_PROXY_HOPS: '1',
      RATE_LIMIT_ENABLED: 'true',
      STREAMS_MAX: '6',
      STREAMS_PER_ADDRESS_MAX: '2',
      STREAMS_WATCHED_SEATS_MAX: '60',
    });
    shows = [];
    for (let i = 0; i < 3; i++) shows.push(await createShow(target.dataSource));
  });
  afterAll(() => target.close());
  afterEach(async () => {
    for (const stream of streams.splice(0)) stream.close();
    await until(() => target.app.get(ShowFeeds).watching === 0);
  });

  const open = async (ip: string, showId = shows[0]!): Promise<number> => {
    const stream = await watch(target, showId, { 'x-forwarded-for': ip });
    streams.push(stream);
    return stream.response.statusCode!;
  };

  test('from one address', async () => {
    expect([await open('203.0.113.7'), await open('203.0.113.7'), await open('203.0.113.8')]).toEqual([200, 200, 200]);
    const refused = await request(target, 'GET', `/api/shows/${shows[0]}/events/`, {
      headers: { 'x-forwarded-for': '203.0.113.7' },
    });
    expect([refused.status, refused.body.code, refused.headers.get('retry-after')]).toEqual([
      429,
      'RATE_LIMITED',
      '15',
    ]);
    expect(refused.body.detail).toContain('At most 2 event streams');
    streams[0]!.close();
    await until(async () => (await open('203.0.113.7')) === 200);
  });

  test('in all', async () => {
    const statuses: number[] = [];
    for (let i = 1; i <= 7; i++) statuses.push(await open(`203.0.113.${i}`));
    expect(statuses).toEqual([200, 200, 200, 200, 200, 200, 503]);
  });

  test('by the seats of the shows that are watched', async () => {
    expect([await open('203.0.113.1', shows[0]), await open('203.0.113.2', shows[1])]).toEqual([200, 200]);
    expect([await open('203.0.113.3', shows[2]), await open('203.0.113.3', shows[1])]).toEqual([503, 200]);
  });

  test('and one that was refused, or is of no show, takes no place', async () => {
    for (let i = 0; i < 8; i++) expect(await open('203.0.113.7', 2_147_483_647)).toBe(404);
    expect(await open('203.0.113.7')).toBe(200);
  });
});

describe('watchers that take nothing', () => {
  const WATCHERS = 20;
  /** They are cut after a second, once the system's buffers are full. */
  const CUT_WITHIN_MS = 15_000;
  let target: TestApp;
  let sockets: Socket[];

  beforeEach(async () => {
    target = await startApp({ STREAMS_TAKE_TIMEOUT_SECONDS: '1' });
    sockets = [];
  });
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    await target.close();
  });

  test('share what waits for them in memory, and are cut off; others do not notice', async () => {
    const showId = await createShow(target.dataSource, { rows: 26, seatsPerRow: 400 });
    const [feeds, unread] = [target.app.get(ShowFeeds), target.app.get(UnreadBytes)];
    const other = await watch(target, showId);
    await until(() => other.events.length === 1);
    const snapshotBytes = JSON.stringify(other.events[0]!.data).length;
    for (let i = 0; i < WATCHERS; i++) {
      const socket = connect(Number(new URL(target.url).port), '127.0.0.1');
      socket.on('error', () => undefined);
      socket.pause();
      socket.write(`GET /api/shows/${showId}/events/ HTTP/1.1\r\nHost: localhost\r\n\r\n`);
      sockets.push(socket);
    }
    await until(() => feeds.watching === WATCHERS + 1);
    const me = await person(target);
    let mostBytes = 0;
    const endMs = performance.now() + CUT_WITHIN_MS;
    for (let i = 1; feeds.watching > 1 && performance.now() < endMs; i++) {
      // Each snapshot is of another state. The system's own buffers take some megabytes for each connection.
      await me.hold(showId, [`A${(i % 9) + 1}`]);
      await me.release(showId, [`A${(i % 9) + 1}`]);
      feeds.onGap();
      await until(() => ofType(other, 'snapshot').length > i);
      mostBytes = Math.max(mostBytes, unread.total);
    }
    expect(feeds.watching).toBe(1);
    expect(mostBytes).toBeGreaterThan(snapshotBytes / 2);
    expect(mostBytes).toBeLessThan(4 * snapshotBytes);
    expect(other.ended).toBe(false);
    await until(() => unread.total === 0);
    const { body } = await request(target, 'GET', '/metrics');
    expect(body).toContain(`event_streams_cut_total ${WATCHERS}`);
    expect(body).toContain('event_streams_open 1');
    other.close();
  }, 60_000);
});
