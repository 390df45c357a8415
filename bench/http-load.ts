import { once } from 'node:events';
import { connect, Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** What came back, by status and problem code, and how long it took. */
export interface LoadResult {
  readonly seconds: number;
  readonly answers: number;
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
  /** Least time between two requests of a client, in milliseconds; without it the next is sent when the last is answered. */
  readonly everyMs?: number;
  /** Told of each answer, by status and problem code. */
  readonly onAnswer?: (client: number, answer: string, tookMs: number) => void;
}

/**
 * Closed-loop load over keep-alive connections: each client sends its next request when the last is answered. With a pace
 * longer than the answers take it is an open one: what is sent does not depend on how fast it is answered. Written on
 * bare sockets, as the generator shares the machine's cores with the server and must take as little of them as it can.
 */
export async function runLoad({ port, clients, seconds, request, everyMs = 0, onAnswer }: Load): Promise<LoadResult> {
  const counts: Record<string, number> = {};
  const latenciesMs: number[] = [];
  const started = performance.now();
  const endAt = started + seconds * 1_000;
  await Promise.all(Array.from({ length: clients }, (_, client) => runClient(client)));
  return { seconds: (performance.now() - started) / 1_000, answers: latenciesMs.length, counts, latenciesMs };

  async function runClient(client: number): Promise<void> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const answers = new AnswerReader(socket);
    try {
      await once(socket, 'connect');
      // Clients that keep a pace don't keep it in step.
      const firstAt = started + (everyMs * client) / clients;
      for (let k = 0; performance.now() < endAt; k++) {
        const dueAt = everyMs === 0 ? 0 : firstAt + k * everyMs;
        if (dueAt >= endAt) return;
        const waitMs = dueAt - performance.now();
        if (waitMs > 0) await pause(waitMs);
        const text = request(client, k);
        if (text === undefined) return;
        const sentAt = performance.now();
        socket.write(text);
        const key = await answers.next();
        const tookMs = performance.now() - sentAt;
        latenciesMs.push(tookMs);
        counts[key] = (counts[key] ?? 0) + 1;
        onAnswer?.(client, key, tookMs);
      }
    } finally {
      socket.destroy();
    }
  }
}

/** Reads one answer at a time; the server sends a Content-Length with each. */
class AnswerReader {
  private received = '';
  private waiting: { resolve: (key: string) => void; reject: (error: Error) => void } | undefined;

  constructor(socket: Socket) {
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      this.received += chunk;
      this.deliver();
    });
    socket.on('error', (error) => this.waiting?.reject(error));
    socket.on('close', () => this.waiting?.reject(new Error('The server closed the connection')));
  }

  next(): Promise<string> {
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject };
    });
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

export function post(path: string, token: string, body: unknown): string {
  const json = JSON.stringify(body);
  return `POST ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(json)}\r\n\r\n${json}`;
}
