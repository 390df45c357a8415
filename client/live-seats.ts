/**
 * Follows the seats of a show. The reference client: no dependencies, for browsers and Node.js 20 or newer.
 *
 *     const live = new LiveSeats({
 *       baseUrl: 'http://localhost:3000',
 *       showId: 1,
 *       token: () => accessToken, // optional: with it, the caller's own holds are marked
 *       onChange: ({ seats, counts }) => draw(seats, counts),
 *       onConnection: (connection) => console.log(connection.state),
 *     });
 *     live.start();
 *
 * It reads the event stream with fetch rather than EventSource, which can't send a bearer token.
 */
import { EventParser, ServerSentEvent } from './event-parser.ts';
import { Mark, SeatCounts, SeatMerge, SeatReport } from './seat-merge.ts';
import { ServerClock } from './server-clock.ts';

export type Connection =
  /** No snapshot yet. */
  | { readonly state: 'connecting' }
  | { readonly state: 'live' }
  /** The stream was lost, or never came up; the client tries again by itself. */
  | { readonly state: 'waiting'; readonly attempt: number; readonly retryInMs: number; readonly reason: string }
  /** For good: {@link LiveSeats.stop} was called, or there is no such show. */
  | { readonly state: 'stopped'; readonly reason: 'stopped' | 'no such show' };

export interface SeatsChange {
  /** The changed seats and new ones; after the first snapshot, all of them. */
  readonly seats: readonly SeatReport[];
  /** The keys of seats that the show has no more. */
  readonly gone: readonly string[];
  readonly counts: SeatCounts;
}

export interface LiveSeatsOptions {
  readonly baseUrl: string;
  readonly showId: number;
  /** Called before every connection. */
  readonly token?: () => string | undefined | Promise<string | undefined>;
  /** The server refused the token. Drop it: the next attempt calls {@link token} again. */
  readonly onTokenRefused?: () => void;
  readonly onChange: (change: SeatsChange) => void;
  readonly onConnection?: (connection: Connection) => void;
  readonly fetch?: typeof fetch;
}

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 15_000;
/** The server sends something every 15 seconds. A longer silence means a dead connection, of which no error tells. */
const LONGEST_SILENCE_MS = 40_000;

/**
 * The wait before a further attempt: twice as long each time, and random, so that the clients of a restarted server
 * spread out.
 */
export function retryDelayMs(attempt: number, random: number): number {
  const fullMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (attempt - 1));
  return Math.round(fullMs * (0.5 + random / 2));
}

type StreamEnd = 'ended' | 'token expired';

/** What an event says; `screen` in a snapshot alone. */
interface EventData {
  readonly seats: SeatReport[];
  readonly server_time: string;
  readonly screen?: string;
}

class NoSuchShow extends Error {}

export class LiveSeats {
  private readonly merge = new SeatMerge();
  private readonly clock = new ServerClock(() => performance.timeOrigin + performance.now());
  private lastEventId: string | undefined;
  private running: AbortController | undefined;
  private endWait: (() => void) | undefined;
  private lapseTimer: ReturnType<typeof setTimeout> | undefined;
  private hall: string | undefined;

  constructor(private readonly options: LiveSeatsOptions) {}

  /** Connects, and stays connected until {@link stop}. */
  start(): void {
    if (this.running) return;
    const running = new AbortController();
    this.running = running;
    void this.run(running.signal);
  }

  stop(): void {
    if (!this.running) return;
    this.running.abort();
    this.running = undefined;
    clearTimeout(this.lapseTimer);
    this.tell({ state: 'stopped', reason: 'stopped' });
  }

  /** Ends the wait before the next attempt: for a button, or when the network is back. */
  retryNow(): void {
    this.endWait?.();
  }

  /** Takes over the seats of an answer to a command. The map is then up to date before the event arrives. */
  report(seats: Iterable<SeatReport>): void {
    this.changed(this.merge.merge(seats));
  }

  /** Sets the clock by the `server_time` of an answer that has just arrived. */
  observeServerTime(serverTime: string): void {
    this.clock.observe(serverTime);
  }

  get nowMs(): number {
    return this.clock.nowMs;
  }

  seat(key: string): SeatReport | undefined {
    return this.merge.get(key);
  }

  get seats(): IterableIterator<SeatReport> {
    return this.merge.seats;
  }

  get counts(): SeatCounts {
    return this.merge.counts;
  }

  /** The name of the hall; undefined before the first snapshot. */
  get screen(): string | undefined {
    return this.hall;
  }

  private async run(signal: AbortSignal): Promise<void> {
    let attempt = 0;
    this.tell({ state: 'connecting' });
    while (!signal.aborted) {
      let reason: string;
      const startedAtMs = performance.now();
      try {
        const end = await this.connect(signal, () => {
          attempt = 0;
          this.tell({ state: 'live' });
        });
        // Nothing is wrong: the next connection sends the next token. Unless it is none, and ends at once.
        if (end === 'token expired' && performance.now() - startedAtMs > FIRST_RETRY_MS) continue;
        reason = 'The server ended the stream.';
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof NoSuchShow) {
          this.running = undefined;
          return this.tell({ state: 'stopped', reason: 'no such show' });
        }
        reason = error instanceof Error ? error.message : String(error);
      }
      if (signal.aborted) return;
      attempt++;
      const retryInMs = retryDelayMs(attempt, Math.random());
      this.tell({ state: 'waiting', attempt, retryInMs, reason });
      await this.wait(retryInMs, signal);
    }
  }

  /** One connection, to its end. @throws when it could not be made, or broke */
  private async connect(signal: AbortSignal, onLive: () => void): Promise<StreamEnd> {
    const { baseUrl, showId, token, onTokenRefused } = this.options;
    const connection = new AbortController();
    const abort = () => connection.abort();
    signal.addEventListener('abort', abort);
    let silence: ReturnType<typeof setTimeout> | undefined;
    const heard = () => {
      clearTimeout(silence);
      silence = setTimeout(() => connection.abort(new Error('The server has gone silent.')), LONGEST_SILENCE_MS);
    };
    try {
      heard();
      const mark = this.merge.mark;
      const bearer = await token?.();
      const call = this.options.fetch ?? fetch;
      const response = await call(`${baseUrl}/api/shows/${showId}/events/`, {
        headers: {
          accept: 'text/event-stream',
          ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
          ...(this.lastEventId === undefined ? {} : { 'last-event-id': this.lastEventId }),
        },
        signal: connection.signal,
      });
      if (response.status === 401) onTokenRefused?.();
      if (response.status === 404) throw new NoSuchShow();
      if (!response.ok || !response.body) throw new Error(`The server answered ${response.status}.`);
      return await this.read(response.body, mark, heard, onLive);
    } finally {
      clearTimeout(silence);
      signal.removeEventListener('abort', abort);
      connection.abort();
    }
  }

  /** @param mark the end of the reports when the connection was asked for: later ones its first snapshot may not know */
  private async read(
    body: ReadableStream<Uint8Array>,
    mark: Mark,
    onHeard: () => void,
    onLive: () => void,
  ): Promise<StreamEnd> {
    const parser = new EventParser();
    const decoder = new TextDecoder();
    const reader = body.getReader();
    let [hasEvents, isLive] = [false, false];
    let end: StreamEnd = 'ended';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return end;
      onHeard();
      const text = decoder.decode(value, { stream: true });
      for (const event of parser.push(text)) {
        if (event.type === 'token-expired') end = 'token expired';
        if (!hasEvents) this.clock.reset();
        this.take(event, hasEvents ? this.merge.mark : mark);
        hasEvents = true;
      }
      // To a client that has missed nothing the server sends a mere comment. A big snapshot comes in pieces, so the
      // first piece alone does not make the map complete.
      if (!isLive && (hasEvents || text.startsWith(':'))) {
        isLive = true;
        onLive();
      }
    }
  }

  private take({ type, data, id }: ServerSentEvent, mark: Mark): void {
    if (type !== 'snapshot' && type !== 'seats') return;
    const { seats, server_time: serverTime, screen } = JSON.parse(data) as EventData;
    this.clock.observe(serverTime);
    this.lastEventId = id;
    if (type === 'seats') return this.changed(this.merge.merge(seats));
    const isRenamed = this.hall !== screen;
    this.hall = screen;
    const { changed, gone } = this.merge.replace(seats, mark);
    this.changed(changed, gone, isRenamed);
  }

  private changed(seats: SeatReport[], gone: string[] = [], isRenamed = false): void {
    if (seats.length + gone.length === 0 && !isRenamed) return;
    this.scheduleLapse();
    this.options.onChange({ seats, gone, counts: this.counts });
  }

  /** Ends the caller's own holds on time, even while there is no connection. */
  private scheduleLapse(): void {
    clearTimeout(this.lapseTimer);
    let nextMs = Infinity;
    for (const { hold_expires_at: expiresAt } of this.merge.seats) {
      if (expiresAt !== undefined) nextMs = Math.min(nextMs, Date.parse(expiresAt));
    }
    if (nextMs === Infinity || !this.running) return;
    this.lapseTimer = setTimeout(
      () => {
        const lapsed = this.merge.lapse(this.nowMs);
        if (lapsed.length > 0) this.changed(lapsed);
        else this.scheduleLapse();
      },
      Math.max(1, nextMs - this.nowMs),
    );
  }

  private wait(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        this.endWait = undefined;
        resolve();
      };
      const timer = setTimeout(end, ms);
      signal.addEventListener('abort', end);
      this.endWait = end;
    });
  }

  private tell(connection: Connection): void {
    this.options.onConnection?.(connection);
  }
}
