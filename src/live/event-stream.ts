import type { ServerResponse } from 'node:http';

/** A client with more unread than this gets no further events, and a fresh snapshot once it has caught up. */
const MAX_BUFFERED_BYTES = 256 * 1_024;

/** One client's Server-Sent Events (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
export class EventStream {
  private behind = false;

  /** @param onCaughtUp called when a client that had fallen behind has read everything */
  constructor(
    private readonly response: ServerResponse,
    private readonly onCaughtUp: () => void,
  ) {
    response.on('drain', () => {
      if (!this.behind) return;
      this.behind = false;
      this.onCaughtUp();
    });
  }

  /** Sends an event rendered by {@link renderEvent}, or leaves it out when the client has fallen behind. */
  send(event: string): void {
    if (this.behind || this.response.writableEnded) return;
    // Counts what is unread before this event. A snapshot of a large house alone exceeds the limit: counted with it,
    // each snapshot would call for the next one, for ever.
    if (this.response.writableLength > MAX_BUFFERED_BYTES) this.behind = true;
    else this.response.write(event);
  }

  end(): void {
    this.response.end();
  }
}

export function renderEvent(type: string, id: string, data: unknown): string {
  return `event: ${type}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** A comment. Without it, proxies and clients would take a long silence for a dead connection. */
export const HEARTBEAT = ': heartbeat\n\n';
