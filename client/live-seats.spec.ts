import { Connection, LiveSeats, retryDelayMs, SeatsChange } from './live-seats';

const INSTANT = '2026-05-01T18:00:00.000Z';
const event = (type: string, id: number, ...seats: object[]) =>
  `event: ${type}\nid: ${id}\ndata: ${JSON.stringify({ server_time: INSTANT, seats })}\n\n`;
const seat = (number: number, status: string, version: number) => ({ row: 'A', number, status, version });

/** A server whose answers the test gives, one after the other. */
class Server {
  readonly requests: Headers[] = [];
  onRequest = (): unknown => undefined;
  private readonly answers: ((signal: AbortSignal) => Response)[] = [];

  readonly fetch = (async (_url: string, init: RequestInit) => {
    this.requests.push(new Headers(init.headers));
    this.onRequest();
    const answer = this.answers.shift();
    if (!answer) throw new TypeError('fetch failed');
    return answer(init.signal!);
  }) as typeof fetch;

  /** An answer that is sent whole and then ends, or stays open until it is aborted. */
  willAnswer(status: number, text = '', { stays = false } = {}): void {
    this.answers.push((signal) => {
      const body = new ReadableStream({
        start(controller) {
          if (text) controller.enqueue(new TextEncoder().encode(text));
          if (!stays) controller.close();
          else signal.addEventListener('abort', () => controller.error(new Error('aborted')));
        },
      });
      return new Response(body, { status });
    });
  }
}

describe('the live client', () => {
  let server: Server;
  let changes: SeatsChange[];
  let connections: Connection[];
  let refused: number;
  let live: LiveSeats;

  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['queueMicrotask', 'nextTick', 'setImmediate', 'performance'] });
    server = new Server();
    [changes, connections, refused] = [[], [], 0];
    live = new LiveSeats({
      baseUrl: 'http://rowlock.example',
      showId: 1,
      token: () => `token-${refused}`,
      onTokenRefused: () => refused++,
      onChange: (change) => changes.push(change),
      onConnection: (connection) => connections.push(connection),
      fetch: server.fetch,
    });
  });
  afterEach(() => {
    live.stop();
    jest.useRealTimers();
  });

  const reaches = async (state: Connection['state']) => {
    for (let i = 0; i < 1_000 && connections.at(-1)?.state !== state; i++)
      await new Promise((resolve) => setImmediate(resolve));
    expect(connections.at(-1)?.state).toBe(state);
  };

  test('comes back with the last id it saw, and keeps what it knows meanwhile', async () => {
    server.willAnswer(
      200,
      event('snapshot', 4, seat(1, 'AVAILABLE', 0), seat(2, 'HELD', 1)) + event('seats', 5, seat(1, 'HELD', 1)),
    );
    server.willAnswer(200, event('seats', 6, seat(2, 'BOOKED', 2)), { stays: true });
    live.start();
    await reaches('waiting');
    expect(live.counts).toEqual({ total: 2, available: 0, held: 2, booked: 0, blocked: 0 });

    jest.runOnlyPendingTimers();
    await reaches('live');
    expect(server.requests.map((headers) => headers.get('last-event-id'))).toEqual([null, '5']);
    expect(changes.at(-1)).toEqual({
      seats: [seat(2, 'BOOKED', 2)],
      gone: [],
      counts: { total: 2, available: 0, held: 1, booked: 1, blocked: 0 },
    });
    expect(connections.map(({ state }) => state)).toEqual(['connecting', 'live', 'waiting', 'live']);
  });

  test('keeps trying while the server is away, ever less often', async () => {
    live.start();
    for (let attempt = 1; attempt <= 8; attempt++) {
      await reaches('waiting');
      expect(connections.at(-1)).toMatchObject({ attempt, reason: 'fetch failed' });
      connections.push({ state: 'connecting' });
      live.retryNow();
    }
    expect([1, 2, 3, 20].map((attempt) => retryDelayMs(attempt, 1))).toEqual([500, 1_000, 2_000, 15_000]);
    expect(retryDelayMs(1, 0)).toBe(250);
  });

  test('asks for another token when one is refused', async () => {
    server.willAnswer(401);
    server.willAnswer(200, event('snapshot', 1, seat(1, 'AVAILABLE', 0)), { stays: true });
    live.start();
    await reaches('waiting');
    live.retryNow();
    await reaches('live');
    expect(server.requests.map((headers) => headers.get('authorization'))).toEqual([
      'Bearer token-0',
      'Bearer token-1',
    ]);
  });

  test('gives up on a show that does not exist', async () => {
    server.willAnswer(404);
    live.start();
    await reaches('stopped');
    expect(connections.at(-1)).toEqual({ state: 'stopped', reason: 'no such show' });
  });

  test('takes silence for a lost connection', async () => {
    server.willAnswer(200, event('snapshot', 1, seat(1, 'AVAILABLE', 0)), { stays: true });
    live.start();
    await reaches('live');
    jest.advanceTimersByTime(40_000);
    await reaches('waiting');
  });

  test('takes over the answer to a command before its event comes, and then nothing twice', async () => {
    server.willAnswer(200, event('snapshot', 1, seat(1, 'AVAILABLE', 0)), { stays: true });
    live.start();
    await reaches('live');
    live.report([seat(1, 'HELD', 1) as never]);
    expect(changes.at(-1)?.counts.held).toBe(1);
    const before = changes.length;
    live.report([seat(1, 'HELD', 1) as never, seat(1, 'AVAILABLE', 0) as never]);
    expect(changes).toHaveLength(before);
  });

  test('takes a snapshot for all there is: seats come and go, halls are renamed, versions begin again', async () => {
    const whole = (id: number, screen: string, ...seats: object[]) =>
      event('snapshot', id, ...seats).replace('{"server', `{"screen":"${screen}","server`);
    server.willAnswer(200, whole(1, 'Hall', seat(1, 'BOOKED', 8), seat(2, 'AVAILABLE', 0)));
    server.willAnswer(
      200,
      whole(2, 'Hall', seat(1, 'AVAILABLE', 2), seat(3, 'HELD', 1)) +
        whole(3, 'Cave', seat(1, 'AVAILABLE', 2), seat(3, 'HELD', 1)),
      { stays: true },
    );
    live.start();
    await reaches('waiting');
    live.retryNow();
    await reaches('live');
    expect(changes[1]).toEqual({
      seats: [seat(1, 'AVAILABLE', 2), seat(3, 'HELD', 1)],
      gone: ['A/2'],
      counts: { total: 2, available: 1, held: 1, booked: 0, blocked: 0 },
    });
    expect([...live.seats]).toEqual([seat(1, 'AVAILABLE', 2), seat(3, 'HELD', 1)]);
    expect(changes[2]).toMatchObject({ seats: [], gone: [] });
    expect(live.screen).toBe('Cave');
  });

  test('does not let a snapshot undo the answer to a command that came while it was on its way', async () => {
    server.willAnswer(200, event('snapshot', 1, seat(1, 'AVAILABLE', 0)), { stays: true });
    live.start();
    live.report([seat(1, 'HELD', 1) as never]);
    await reaches('live');
    expect(live.seat('A/1')).toEqual(seat(1, 'HELD', 1));
  });

  test('connects again at once, with the next token, when the token of a stream has expired', async () => {
    const ending = event('snapshot', 1, seat(1, 'AVAILABLE', 0)) + 'event: token-expired\ndata: {}\n\n';
    server.willAnswer(200, ending);
    server.willAnswer(200, ': heartbeat\n\n', { stays: true });
    const now = jest.spyOn(performance, 'now');
    const startMs = performance.now();
    // As if it had lasted; a stream that ends as soon as it began would be asked for without end.
    server.onRequest = () => now.mockReturnValue(startMs + 60_000 * server.requests.length);
    now.mockReturnValue(startMs);
    live.start();
    for (let i = 0; i < 1_000 && server.requests.length < 2; i++) await new Promise((resolve) => setImmediate(resolve));
    await reaches('live');
    now.mockRestore();
    expect(connections.map(({ state }) => state)).toEqual(['connecting', 'live', 'live']);
    expect(server.requests.map((headers) => headers.get('last-event-id'))).toEqual([null, '1']);
  });
});
