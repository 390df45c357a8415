import { once } from 'node:events';
import { connect, Socket } from 'node:net';

/** The answers, by status and problem code, and how long they took. */
export interface LoadResult {
  readonly seconds: number;
  readonly answers: number;
  /** How many answers each client got. */
  readonly answersOf: readonly number[];
  /** E.g. `{ '200': 41000, '409 SEAT_UNAVAILABLE': 3 }`. */
  readonly counts: Record<string, number>;
  /** Latency of each answer, in milliseconds, unsorted; connections stand before. */
  readonly latenciesMs: number[];
}

export interface Load {
  readonly port: number;
  readonly clients: number;
  readonly seconds: number;
  /** The k-th request of a client, as raw HTTP/1.1 text; undefined ends the client. */
  readonly request: (client: number, k: number) => string | undefined;
  /** Is told of each answer before the client's next request is asked for. */
  readonly onAnswer?: (client: number, outcome: string, tookMs: number) => void;
  /**
   * Requests a second, however slow the answers are (an open loop): a request that finds all clients busy waits, and its
   * latency counts from when it was due. Without it each client sends its next request when the last is answered.
   */
  readonly arrivalsPerSecond?: number;
}

/**
 * Load over keep-alive connections. It writes on bare sockets, because the generator shares the machine's cores with the
 * server: with Node's own HTTP client a benchmark would measure mostly that client.
 */
export async function runLoad({
  port,
  clients,
  seconds,
  request,
  onAnswer,
  arrivalsPerSecond,
}: Load): Promise<LoadResult> {
  const counts: Record<string, number> = {};
  const latenciesMs: number[] = [];
  const answersOf = Array.from({ length: clients }, () => 0);
  const connections = await Promise.all(Array.from({ length: clients }, () => Connection.open(port)));
  const startedMs = performance.now();
  const endMs = startedMs + seconds * 1_000;
  const arrivals = arrivalsPerSecond === undefined ? undefined : new Arrivals(startedMs, endMs, arrivalsPerSecond);
  try {
    await Promise.all(connections.map(run));
  } finally {
    arrivals?.stop();
    for (const connection of connections) connection.close();
  }
  return {
    seconds: (performance.now() - startedMs) / 1_000,
    answers: latenciesMs.length,
    answersOf,
    counts,
    latenciesMs,
  };

  async function run(connection: Connection, client: number): Promise<void> {
    for (let k = 0; ; k++) {
      const dueMs = arrivals ? await arrivals.next() : performance.now() < endMs ? performance.now() : undefined;
      const text = dueMs === undefined ? undefined : request(client, k);
      if (text === undefined) return;
      const outcome = await connection.ask(text);
      const tookMs = performance.now() - dueMs!;
      latenciesMs.push(tookMs);
      counts[outcome] = (counts[outcome] ?? 0) + 1;
      answersOf[client]!++;
      onAnswer?.(client, outcome, tookMs);
    }
  }
}

/** Hands out the moments at which requests are due, at a steady rate. */
class Arrivals {
  private readonly idle: ((dueMs: number | undefined) => void)[] = [];
  private readonly timer = setInterval(() => this.handOut(), 1);
  private dueMs: number;
  private readonly intervalMs: number;

  constructor(
    startedMs: number,
    private readonly endMs: number,
    perSecond: number,
  ) {
    this.dueMs = startedMs;
    this.intervalMs = 1_000 / perSecond;
  }

  /** When the next request is due, as soon as it is; undefined when there is none any more. */
  next(): Promise<number | undefined> {
    return new Promise((resolve) => {
      this.idle.push(resolve);
      this.handOut();
    });
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private handOut(): void {
    const nowMs = performance.now();
    while (this.idle.length > 0 && this.dueMs <= nowMs && this.dueMs < this.endMs) {
      this.idle.shift()!(this.dueMs);
      this.dueMs += this.intervalMs;
    }
    if (this.dueMs >= this.endMs) for (const resolve of this.idle.splice(0)) resolve(undefined);
  }
}

/** One question at a time; the server sends a Content-Length with each answer. */
class Connection {
  private received = '';
  private waiting: { resolve: (outcome: string) => void; reject: (error: Error) => void } | undefined;

  static async open(port: number): Promise<Connection> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new Connection(socket);
  }

  private constructor(private readonly socket: Socket) {
    this.socket.setEncoding('latin1');
    this.socket.on('data', (chunk: string) => {
      this.received += chunk;
      this.deliver();
    });
    this.socket.on('error', (error) => this.waiting?.reject(error));
    this.socket.on('close', () => this.waiting?.reject(new Error('The server closed the connection')));
  }

  /** The status of the answer, with the problem's code if there is one. */
  ask(text: string): Promise<string> {
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject };
      this.socket.write(text);
    });
  }

  close(): void {
    this.socket.destroy();
  }

  private deliver(): void {
    const headEnd = this.received.indexOf('\r\n\r\n');
    if (headEnd < 0 || !this.waiting) return;
    const length = Number(/content-length: (\d+)/i.exec(this.received.slice(0, headEnd))?.[1] ?? 0);
    const end = headEnd + 4 + length;
    if (this.received.length < end) return;
    const status = this.received.slice(9, 12);
    const code = status === '200' ? undefined : /"code":"(\w+)"/.exec(this.received.slice(headEnd, end))?.[1];
    this.received = this.received.slice(end);
    const { resolve } = this.waiting;
    this.waiting = undefined;
    resolve(code ? `${status} ${code}` : status);
  }
}

/** Returns the result. @throws when any answer was another one */
export function expectOnly(outcome: string, result: LoadResult): LoadResult {
  if (result.counts[outcome] !== result.answers) throw new Error(`Wrong answers: ${JSON.stringify(result.counts)}`);
  return result;
}

export function post(path: string, token: string, body: unknown): string {
  const json = JSON.stringify(body);
  return [
    `POST ${path} HTTP/1.1`,
    'Host: localhost',
    `Authorization: Bearer ${token}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(json)}`,
    '',
    json,
  ].join('\r\n');
}

export function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
}

/** Answers a second. */
export const perSecond = ({ answers, seconds }: LoadResult): number => answers / seconds;
