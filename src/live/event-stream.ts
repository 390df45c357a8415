import type { ServerResponse } from 'node:http';
import type { Sending } from './shared-event';
import type { UnreadBytes } from './unread-bytes';

/** A client with more unread than this gets no further events, and a fresh snapshot once it has caught up. */
const UNREAD_MAX_BYTES = 256 * 1_024;

/** One client's Server-Sent Events (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
export class EventStream {
  private behind = false;
  private isOver = false;
  /** What the client has not taken yet, the oldest first. */
  private readonly unread: Sending[] = [];
  /** Since when the oldest is the next for the client to take. */
  private waitingSinceMs = 0;

  /** @param onCaughtUp called when a client that had fallen behind has taken everything */
  constructor(
    private readonly response: ServerResponse,
    private readonly memory: UnreadBytes,
    private readonly onCaughtUp: () => void,
  ) {
    // Bytes that wait behind another answer on the same connection are never written when it breaks.
    response.on('close', () => this.forget());
    response.on('error', () => this.forget());
  }

  /** Sends an event, or leaves it out when the client has fallen behind. */
  send(event: Sending): void {
    if (this.behind || this.isOver) return;
    // Counts what is unread before this event. A snapshot of a large house alone exceeds the limit: counted with it,
    // each snapshot would call for the next one, for ever.
    if (this.response.writableLength > UNREAD_MAX_BYTES || (this.unread.length > 0 && this.memory.isFull)) {
      this.behind = true;
      return;
    }
    if (this.unread.length === 0) this.waitingSinceMs = performance.now();
    this.unread.push(event);
    this.memory.add(event);
    this.response.cork();
    for (const piece of event.pieces.slice(0, -1)) this.response.write(piece);
    this.response.write(event.pieces.at(-1)!, () => this.taken());
    this.response.uncork();
  }

  /** How long the client has let the oldest event wait. */
  get waitingMs(): number {
    return this.unread.length === 0 ? 0 : performance.now() - this.waitingSinceMs;
  }

  /** Ends the stream behind what was sent. */
  end(): void {
    this.isOver = true;
    this.response.end();
  }

  /** Hangs up. What the client has not taken is lost. */
  cut(): void {
    this.forget();
    this.response.destroy();
  }

  private taken(): void {
    const event = this.unread.shift();
    if (!event) return;
    this.memory.remove(event);
    this.waitingSinceMs = performance.now();
    if (this.unread.length > 0 || !this.behind) return;
    this.behind = false;
    this.onCaughtUp();
  }

  private forget(): void {
    this.isOver = true;
    for (const event of this.unread.splice(0)) this.memory.remove(event);
  }
}
