import { Agent as HttpAgent, IncomingHttpHeaders, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

/** The answer to one request, and when it came, by the process's monotonic clock. */
export interface Reply {
  readonly sentMs: number;
  /** Null when nothing came back; `code` tells why. */
  readonly answeredMs: number | null;
  readonly status: number | null;
  /** The problem's; for want of an answer why there is none; null for success. */
  readonly code: string | null;
  readonly headers: IncomingHttpHeaders;
  /** Whether the server said that this is a stored answer, given again. */
  readonly isReplayed: boolean;
  /** Read, if it is JSON; as text, if it is anything else. Undefined for JSON that is none. */
  readonly body: unknown;
}

export interface Sending {
  readonly token?: string | undefined;
  readonly key?: string | null | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Text as it is, anything else as JSON. */
  readonly body?: unknown;
  /** Hangs up after this time, as if the answer had been lost. */
  readonly dropAfterMs?: number | undefined;
}

const TIMEOUT_MS = 30_000;

/** One server, or several that stand for one. */
export interface Target {
  request(method: string, path: string, sending?: Sending): Promise<Reply>;
}

/** A server under test, over keep-alive connections. Never throws for what a server or a network can do. */
export class HttpClient implements Target {
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

  request(method: string, path: string, { token, key, headers, body, dropAfterMs }: Sending = {}): Promise<Reply> {
    return new Promise((resolve) => {
      const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
      const options = {
        method,
        agent: this.agent,
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(key == null ? {} : { 'idempotency-key': key }),
          ...(text === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
          ...headers,
        },
      };
      const sentMs = performance.now();
      const unanswered = (code: string) =>
        resolve({ sentMs, answeredMs: null, status: null, code, headers: {}, isReplayed: false, body: undefined });
      const request = this.send(new URL(path, this.url), options, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', () => unanswered('RESET'));
        response.on('end', () => {
          const answeredMs = performance.now();
          const { statusCode: status, headers: received } = response;
          const read = bodyOf(Buffer.concat(chunks).toString(), received);
          const code = status! < 300 ? null : codeOf(read);
          const isReplayed = received['idempotency-replayed'] === 'true';
          resolve({ sentMs, answeredMs, status: status!, code, headers: received, isReplayed, body: read });
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

function bodyOf(text: string, { 'content-type': type }: IncomingHttpHeaders): unknown {
  if (text === '' || !type?.includes('json')) return text;
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

/** How long an answer took; Infinity when there was none. */
export const tookMs = ({ sentMs, answeredMs }: Pick<Reply, 'sentMs' | 'answeredMs'>): number =>
  (answeredMs ?? Infinity) - sentMs;

/** The outcome of a request, in a word or two: `200`, `409 SEAT_UNAVAILABLE`, `ECONNRESET`. */
export const outcomeOf = ({ status, code }: Pick<Reply, 'status' | 'code'>): string =>
  [status, code].filter((part) => part !== null).join(' ');
