import { block, Blocker, LOCK_SEAT, STOP_ALL } from '../../proof/kit/blocker';
import { post } from '../../proof/kit/raw-load';
import { until } from '../../proof/kit/until';
import { Overload } from '../../src/platform/http/overload';
import { startApp, TestApp } from '../support/app';
import { person, request, seats as seatsOf } from '../support/client';
import { expectProblem } from '../support/expectations';
import { createShow } from '../support/house';
import { get, Wire } from '../support/wire';

let target: TestApp;
let showId: number;
const wires: Wire[] = [];

const open = async (app: TestApp, from?: string) => {
  const wire = await Wire.open(app, from);
  wires.push(wire);
  return wire;
};
/** How often a limit turned somebody away so far. */
const refusals = async (app: TestApp, reason: string) => {
  const { body } = await request(app, 'GET', '/metrics');
  return Number(new RegExp(`rowlock_refusals_total{reason="${reason}"} (\\d+)`).exec(body as string)?.[1] ?? 0);
};

beforeAll(async () => {
  target = await startApp();
  showId = await createShow(target.dataSource);
});
afterAll(() => target.close());
afterEach(() => {
  for (const wire of wires.splice(0)) wire.close();
});

const seats = () => get(`/api/seats/?show_id=${showId}`);
const events = () => get(`/api/shows/${showId}/events/`);
const alive = get('/health/live');

describe('the requests of one connection', () => {
  it('are answered in their order, up to 16 at a time', async () => {
    const wire = await open(target);
    wire.send(seats().repeat(15) + get('/nothing'));
    expect(await wire.untilAnswers(16)).toEqual([...Array<string>(15).fill('200'), '404 NOT_FOUND']);
    wire.send(alive.repeat(16));
    expect((await wire.untilAnswers(32)).slice(16)).toEqual(Array(16).fill('200'));
    expect(wire.isOver).toBe(false);
  });

  it('the seventeenth is refused in its turn, and is the last', async () => {
    const before = await refusals(target, 'requests_per_connection');
    const wire = await open(target);
    wire.send(seats().repeat(20));
    expect(await wire.untilOver()).toEqual([...Array<string>(16).fill('200'), '429 RATE_LIMITED']);
    expect(wire.received).toContain('No more than 16 unanswered requests of one connection');
    expect(await refusals(target, 'requests_per_connection')).toBe(before + 1);
  });

  it.each([
    ['a route', () => seats()],
    ['an address that is none', () => get('/%zz')],
  ])('many more are cut off: %s', async (_, one) => {
    const wire = await open(target);
    wire.send(one().repeat(1_000));
    await wire.untilOver();
    expect(wire.answers.length).toBeLessThanOrEqual(16);
  });

  it('commands of a connection that is cut are not begun', async () => {
    const flooded = await startApp({ DATABASE_URL: target.databaseUrl });
    const me = await person(flooded);
    const wire = await open(flooded);
    wire.send(post('/api/seats/hold-batch/', me.token, { show_id: showId, seats: seatsOf('B1') }).repeat(100));
    await wire.untilOver();
    // Its commands would be before this one in the queue.
    expect((await me.hold(showId, ['B1'])).body.seats[0].version).toBe(1);
    const { body } = await request(flooded, 'GET', '/metrics');
    expect(body).toContain('rowlock_seat_commands_total{command="hold",outcome="held"} 1\n');
    await flooded.close();
  });

  it('a refused one that is no valid address ends the connection as well', async () => {
    const wire = await open(target);
    wire.send(seats().repeat(16) + get('/%zz').repeat(3));
    expect((await wire.untilOver()).slice(16)).toEqual(['400 VALIDATION_FAILED']);
  });

  it('a stream is alone: a request behind it ends it', async () => {
    const together = await open(target);
    together.send(events() + alive);
    await together.untilOver();
    const later = await open(target);
    later.send(events());
    await until(() => later.received.includes('event: snapshot'));
    later.send(alive);
    expect(await later.untilOver()).toEqual(['200']);
  });

  it('a stream is alone: it is refused behind a request that is not answered yet', async () => {
    const wire = await open(target);
    wire.send(seats() + events());
    expect(await wire.untilOver()).toEqual(['200', '429 RATE_LIMITED']);
    expect(wire.received).toContain('A stream must be the only unanswered request of its connection.');
  });

  it('a connection that has had its answers may have a stream, and go on after one that was refused', async () => {
    const wire = await open(target);
    wire.send(get('/api/shows/2147483647/events/'));
    expect(await wire.untilAnswers(1)).toEqual(['404 SHOW_NOT_FOUND']);
    wire.send(seats());
    expect((await wire.untilAnswers(2))[1]).toBe('200');
    wire.send(events());
    await until(() => wire.received.includes('event: snapshot'));
  });
});

it('bytes that are no request are never taken for the answer to the request before them', async () => {
  const blocker = await block(target.databaseUrl, STOP_ALL);
  const wire = await open(target);
  wire.send(seats());
  await blocker.untilWaiting(1);
  wire.send('GARBAGE\r\n\r\n');
  expect(await wire.untilOver()).toEqual([]);
  await blocker.release();
});

describe('the requests of one address', () => {
  let behindProxy: TestApp;
  let blocker: Blocker | undefined;

  beforeAll(async () => {
    behindProxy = await startApp({
      DATABASE_URL: target.databaseUrl,
      TRUST_PROXY_HOPS: '1',
      RATE_LIMIT_ENABLED: 'true',
      MAX_REQUESTS_PER_ADDRESS: '3',
    });
  });
  afterAll(() => behindProxy.close());
  afterEach(() => blocker?.release());

  const from = (address: string) => get(`/api/seats/?show_id=${showId}`, `X-Forwarded-For: ${address}\r\n`);
  const stop = async () => (blocker = await block(target.databaseUrl, STOP_ALL));
  const send = async (address: string, count: number) => {
    const wire = await open(behindProxy);
    return wire.send(from(address).repeat(count));
  };

  it.each([
    ['an IPv4 address', '203.0.113.7', '203.0.113.7:4711', '203.0.113.8'],
    ['a network of IPv6', '2001:db8:1:1::1', '2001:db8:1:1:ffff::2', '2001:db8:1:2::1'],
  ])(
    '%s: are refused beyond the limit, whatever the connection; others are served',
    async (_, address, same, other) => {
      await stop();
      await send(address, 3);
      await blocker!.untilWaiting(1);
      const fourth = await send(same, 1);
      expect(await fourth.untilAnswers(1)).toEqual(['429 RATE_LIMITED']);
      expect(fourth.received).toContain('No more than 3 unanswered requests of one address');
      const another = await send(other, 1);
      await blocker!.release();
      expect(await another.untilAnswers(1)).toEqual(['200']);
      // Its own are over by then.
      await until(async () => (await (await send(address, 1)).untilAnswers(1))[0] === '200');
    },
  );

  it('are given back when a connection ends that has answers to come', async () => {
    await stop();
    const wire = await send('203.0.113.9', 3);
    await blocker!.untilWaiting(1);
    wire.close();
    await until(async () => {
      const another = await send('203.0.113.9', 1);
      const outcome = await Promise.race([
        another.untilAnswers(1).then(([status]) => status),
        blocker!.untilWaiting(1).then(() => 'waits'),
      ]);
      return outcome === 'waits';
    });
  });

  it('are not counted for health checks, nor for this machine', async () => {
    await stop();
    await send('127.0.0.1', 5);
    await send('203.0.113.10', 3);
    await blocker!.untilWaiting(1);
    const health = await open(behindProxy);
    health.send(get('/health/live', 'X-Forwarded-For: 203.0.113.10\r\n'));
    expect(await health.untilAnswers(1)).toEqual(['200']);
    expect(await refusals(behindProxy, 'requests_per_address')).toBe(2);
  });
});

describe('connections', () => {
  let small: TestApp;

  beforeEach(async () => {
    small = await startApp({
      DATABASE_URL: target.databaseUrl,
      MAX_CONNECTIONS: '10',
      MAX_CONNECTIONS_PER_ADDRESS: '4',
    });
  });
  afterEach(() => small.close());

  /** Connections that are busy: each watches the show. */
  const watch = async (from: string, count: number) => {
    for (let i = 0; i < count; i++) {
      const wire = await open(small, from);
      wire.send(events());
      await until(() => wire.received.includes('event: snapshot'));
    }
  };
  const ask = async (text: string, from?: string) => {
    const wire = await open(small, from);
    wire.send(text);
    const answers = await wire.untilAnswers(1);
    return { wire, answers };
  };

  it('beyond those of one address are told so and end; its health checks, and others, are served', async () => {
    await watch('127.0.0.2', 4);
    const { wire, answers } = await ask(seats(), '127.0.0.2');
    expect(answers).toEqual(['429 RATE_LIMITED']);
    expect(wire.received).toContain('No more than 4 connections of one address at a time');
    await wire.untilOver();
    const health = await ask(alive, '127.0.0.2');
    expect(health.answers).toEqual(['200']);
    await health.wire.untilOver();
    expect((await ask(seats(), '127.0.0.3')).answers).toEqual(['200']);
    expect(await refusals(small, 'connections_per_address')).toBe(2);
  });

  it('beyond those of all are told so and end; health checks are served', async () => {
    for (const from of ['127.0.0.2', '127.0.0.3']) await watch(from, 4);
    await watch('127.0.0.4', 2);
    const { wire, answers } = await ask(seats(), '127.0.0.9');
    expect(answers).toEqual(['503 BUSY']);
    expect(wire.received).toContain('No more than 10 connections at a time');
    await wire.untilOver();
    for (const path of ['/health/live', '/health/ready'])
      expect((await ask(get(path), '127.0.0.9')).answers).toEqual(['200']);
    wires.shift()!.close();
    await until(async () => (await ask(seats(), '127.0.0.9')).answers[0] === '200');
  });

  it('that wait for a next request make way for others', async () => {
    for (const from of ['127.0.0.2', '127.0.0.3', '127.0.0.4']) {
      for (let i = 0; i < 3; i++) await ask(seats(), from);
    }
    await ask(seats(), '127.0.0.5');
    const idle = [...wires];
    await ask(seats(), '127.0.0.9');
    await until(() => idle.every(({ isOver }) => isOver));
    expect((await ask(seats(), '127.0.0.9')).answers).toEqual(['200']);
  });

  it('that are one too many and say nothing can’t keep the health checks out', async () => {
    await watch('127.0.0.2', 4);
    const silent: Wire[] = [];
    for (let i = 0; i < 70; i++) silent.push(await open(small, '127.0.0.2'));
    await silent[0]!.untilOver();
    await until(() => silent.filter(({ isOver }) => !isOver).length <= 64);
    expect((await ask(alive, '127.0.0.2')).answers).toEqual(['200']);
  });

  it('that have sent no whole request don’t keep the server from stopping', async () => {
    const silent = await open(small);
    (await open(small)).send('GET / HTTP/1.1\r\nHost');
    await Promise.all([small.app.close(), silent.untilOver()]);
  });

  it('are counted', async () => {
    await watch('127.0.0.2', 3);
    const { body } = await request(small, 'GET', '/metrics');
    expect(body).toMatch(/^rowlock_connections 4$/m);
  });
});

describe('too much to do', () => {
  it('refuses commands while the queue is full, before their bodies are read', async () => {
    const busy = await startApp({
      DATABASE_URL: target.databaseUrl,
      QUEUE_MAX: '1',
      COMBINE_LANES: '1',
      LOCK_TIMEOUT_MS: '60000',
    });
    const me = await person(busy);
    const blocker = await block(target.databaseUrl, LOCK_SEAT, [showId, 'A', 1]);
    const running = me.hold(showId, ['A1']);
    await blocker.untilWaiting(1);
    const waiting = me.hold(showId, ['A2']);
    const send = () => request(busy, 'POST', '/api/seats/hold-batch/', { token: me.token, body: '{' });
    await until(async () => (await send()).status === 503);
    const answer = await send();
    expectProblem(answer, 'BUSY');
    expect(answer.body.detail).toBe('The queue of seat commands is full: 1 wait (QUEUE_MAX). Nothing was changed.');
    expect((await request(busy, 'GET', '/health/live')).status).toBe(200);
    expect(await refusals(busy, 'overload')).toBeGreaterThan(0);
    await blocker.release();
    expect([(await running).status, (await waiting).status]).toEqual([200, 200]);
    expect((await send()).status).toBe(400);
    await busy.close();
  });

  it('refuses commands, and nothing else, when the process is behind', async () => {
    const late = await startApp({ DATABASE_URL: target.databaseUrl });
    const me = await person(late);
    late.app.get(Overload).add(() => 'Late.');
    expectProblem(await me.hold(showId, ['A3']), 'BUSY');
    expect((await me.seatMap(showId)).status).toBe(200);
    expect((await request(late, 'GET', '/health/live')).status).toBe(200);
    await late.close();
  });
});
