import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Answer, Attempt, HeldSeat, SeatName, SeenSeat, SeatStatus, Stats } from '../checkers/history';
import { seatName, seatRef } from '../checkers/history';

/** What came back for one request, and when, by the process's monotonic clock. */
export interface Reply {
  readonly sentMs: number;
  /** Null when nothing came back; `code` tells why. */
  readonly answeredMs: number | null;
  readonly status: number | null;
  readonly code: string | null;
  readonly isReplayed: boolean;
  readonly body: unknown;
}

export interface Sending {
  readonly token?: string;
  readonly key?: string | null;
  readonly body?: unknown;
  /** Hangs up after this time, as if the answer had been lost. */
  readonly dropAfterMs?: number;
}

const TIMEOUT_MS = 30_000;

/** Whoever answers requests: one server, or several that stand for one. */
export interface Target {
  request(method: 'GET' | 'POST', path: string, sending?: Sending): Promise<Reply>;
}

/** The server under test, over keep-alive connections. Never throws for what a server or a network can do. */
export class Api implements Target {
  private readonly agent;
  private readonly send;

  constructor(private readonly url: string) {
    const isTls = new URL(url).protocol === 'https:';
    this.agent = isTls ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true });
    this.send = isTls ? httpsRequest : httpRequest;
  }

  close(): void {
    this.agent.destroy();
  }

  request(method: 'GET' | 'POST', path: string, { token, key, body, dropAfterMs }: Sending = {}): Promise<Reply> {
    return new Promise((resolve) => {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const headers = {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(key == null ? {} : { 'idempotency-key': key }),
        ...(text === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
      };
      const sentMs = performance.now();
      const unanswered = (code: string) =>
        resolve({ sentMs, answeredMs: null, status: null, code, isReplayed: false, body: undefined });
      const request = this.send(new URL(path, this.url), { method, headers, agent: this.agent }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', () => unanswered('RESET'));
        response.on('end', () => {
          const answeredMs = performance.now();
          const parsed = parse(Buffer.concat(chunks).toString());
          const status = response.statusCode!;
          const code = status < 300 ? null : codeOf(parsed);
          resolve({
            sentMs,
            answeredMs,
            status,
            code,
            isReplayed: response.headers['idempotency-replayed'] === 'true',
            body: parsed,
          });
        });
      });
      request.on('error', (error) =>
        unanswered((error as { reason?: string }).reason ?? (error as NodeJS.ErrnoException).code ?? 'RESET'),
      );
      const hangUp = (reason: string) => request.destroy(Object.assign(new Error(reason), { reason }));
      request.setTimeout(TIMEOUT_MS, () => hangUp('TIMED_OUT'));
      request.end(text);
      if (dropAfterMs !== undefined) setTimeout(hangUp, dropAfterMs, 'DROPPED');
    });
  }
}

const PATHS: Readonly<Record<Attempt['command'], string>> = {
  hold: '/api/seats/hold-batch/',
  book: '/api/seats/book-batch/',
  release: '/api/seats/release-hold-batch/',
  read: '/api/seats/?show_id=',
};

export interface Question {
  readonly holder: { readonly id: string; readonly token: string };
  readonly command: Attempt['command'];
  readonly showId: number;
  readonly seats: readonly SeatName[];
  readonly key?: string | null;
  readonly dropAfterMs?: number;
}

/** Sends a seat command or a read, and puts what became of it into the words of the history. */
export async function attempt(api: Target, id: number, question: Question): Promise<Attempt> {
  const { holder, command, showId, seats, key = null, dropAfterMs } = question;
  const common = { token: holder.token, key, ...(dropAfterMs === undefined ? {} : { dropAfterMs }) };
  const reply =
    command === 'read'
      ? await api.request('GET', PATHS.read + showId, common)
      : await api.request('POST', PATHS[command], { ...common, body: { show_id: showId, seats: seats.map(seatRef) } });
  const { sentMs, answeredMs, status, isReplayed } = reply;
  let { code } = reply;
  let answer: Answer | null = null;
  try {
    answer = status === null ? null : answerOf(command, status, reply.body);
  } catch {
    code = 'MALFORMED';
  }
  return { id, sentMs, answeredMs, holder: holder.id, command, showId, seats, key, status, code, isReplayed, answer };
}

/** Throws for whatever is not as the contract says. */
function answerOf(command: Attempt['command'], status: number, body: unknown): Answer | null {
  if (status >= 500) return null;
  const read = reader(body);
  if (status >= 300) {
    const seats = Array.isArray(read.field('seats', true)) ? read.list('seats') : [];
    return {
      kind: 'refused',
      code: read.text('code'),
      seats: Object.fromEntries(seats.map((seat) => [nameIn(seat), seat.text('code')])),
    };
  }
  switch (command) {
    case 'hold':
      return { kind: 'held', serverTimeMs: read.instant('server_time'), seats: read.list('seats').map(heldSeat) };
    case 'book': {
      const booking = read.object('booking');
      const seats = booking.list('seats').map(nameIn);
      return { kind: 'booked', bookingId: booking.text('id'), bookedAtMs: booking.instant('booked_at'), seats };
    }
    case 'release':
      return { kind: 'released', seats: read.list('released').map(nameIn) };
    case 'read': {
      const stats = read.object('stats').all as unknown as Stats;
      return {
        kind: 'seen',
        serverTimeMs: read.instant('server_time'),
        stats,
        seats: read.list('seats').map(seenSeat),
      };
    }
  }
}

function heldSeat(seat: Reader): HeldSeat {
  if (seat.text('status') !== 'HELD') throw new TypeError('a held seat is HELD');
  return { seat: nameIn(seat), version: seat.number('version'), deadlineMs: seat.instant('hold_expires_at') };
}

function seenSeat(seat: Reader): SeenSeat {
  const isMine = seat.field('held_by_me', true) === true;
  const status = seat.text('status') as SeatStatus;
  return {
    seat: nameIn(seat),
    status,
    version: seat.number('version'),
    deadlineMs: isMine ? seat.instant('hold_expires_at') : null,
  };
}

const nameIn = (seat: Reader) => seatName({ row: seat.text('row'), number: seat.number('number') });

type Reader = ReturnType<typeof reader>;

/** Takes apart what came over the network. Every method throws a TypeError where the field is something else. */
function reader(from: unknown) {
  const all = from as Record<string, unknown>;
  const field = (name: string, isOptional = false): unknown => {
    if (typeof all !== 'object' || all === null || (!isOptional && !(name in all))) throw new TypeError(`no ${name}`);
    return all[name];
  };
  const of = <T>(name: string, isOne: (value: unknown) => value is T): T => {
    const value = field(name);
    if (!isOne(value)) throw new TypeError(`${name} is ${String(value)}`);
    return value;
  };
  const text = (name: string) => of(name, (value): value is string => typeof value === 'string');
  return {
    all,
    field,
    text,
    number: (name: string) => of(name, (value): value is number => Number.isInteger(value)),
    object: (name: string) => reader(of(name, (value): value is object => typeof value === 'object' && value !== null)),
    list: (name: string) => of(name, (value): value is unknown[] => Array.isArray(value)).map(reader),
    instant: (name: string) => {
      const ms = Date.parse(text(name));
      if (Number.isNaN(ms)) throw new TypeError(`${name} is no instant`);
      return ms;
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function codeOf(body: unknown): string | null {
  const code = (body as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : null;
}
