import { renderSeenSeat, SeenSeat } from '../seats/reading/seat-map';

/** A part of an event as it goes to one watcher. */
export interface Sending {
  readonly pieces: readonly Buffer[];
  /** The bytes among them that are sent to others as well. */
  readonly shared: Buffer;
}

/** A comment. Without it, proxies and clients would take a long silence for a dead connection. */
export const HEARTBEAT = sameForAll(': heartbeat\n\n');

/** The last event of a stream whose token has expired. Without it a client would take the end for a failure. */
export const TOKEN_EXPIRED = sameForAll('event: token-expired\ndata: {}\n\n');

/** A text that is the same for every watcher. */
export function sameForAll(text: string): Sending {
  const shared = Buffer.from(text);
  return { pieces: [shared], shared };
}

/** What the copy of a hold's holder says beyond that of the others, and where. */
interface OwnPart {
  readonly at: number;
  readonly text: string;
}

/**
 * An event about seats, rendered once, however many watchers it goes to. In the memory of the process it is there once,
 * too: what a watcher gets are views of the same bytes, with the time before them and the marks of the watcher's own holds
 * between them.
 */
export class SharedEvent {
  readonly seatCount: number;
  private readonly bytes: Buffer;
  private readonly ownParts = new Map<string, OwnPart[]>();

  /** @param about what else the data says, beside the time and the seats */
  constructor(
    private readonly type: 'snapshot' | 'seats',
    readonly id: string,
    about: object,
    seats: readonly SeenSeat[],
  ) {
    this.seatCount = seats.length;
    const head = `${JSON.stringify(about).slice(0, -1)},"seats":[`.slice(1);
    let length = Buffer.byteLength(head);
    const texts = seats.map((seat, index) => {
      const text = `${index > 0 ? ',' : ''}${JSON.stringify(renderSeenSeat(seat, null))}`;
      length += Buffer.byteLength(text);
      // The closing brace of the seat comes behind it.
      if (seat.status === 'HELD') this.keepOwnPart(seat, length - 1);
      return text;
    });
    this.bytes = Buffer.from(`${head}${texts.join('')}]}\n\n`);
  }

  /** The event as it goes to one watcher. */
  sendingTo(viewerId: string | null, serverTimeMs: number): Sending {
    const pieces = [this.head(serverTimeMs)];
    let start = 0;
    for (const { at, text } of viewerId === null ? [] : (this.ownParts.get(viewerId) ?? [])) {
      pieces.push(this.bytes.subarray(start, at), Buffer.from(text));
      start = at;
    }
    pieces.push(this.bytes.subarray(start));
    return { pieces, shared: this.bytes };
  }

  /** The event as it goes to all at one time, but for those with holds in it. */
  sendingToAll(serverTimeMs: number): Sending {
    const shared = Buffer.concat([this.head(serverTimeMs), this.bytes]);
    return { pieces: [shared], shared };
  }

  /** Whether the viewer's copy differs from that of the others. */
  hasOwn(viewerId: string | null): boolean {
    return viewerId !== null && this.ownParts.has(viewerId);
  }

  private head(serverTimeMs: number): Buffer {
    const time = new Date(serverTimeMs).toISOString();
    return Buffer.from(`event: ${this.type}\nid: ${this.id}\ndata: {"server_time":"${time}",`);
  }

  private keepOwnPart(seat: SeenSeat, at: number): void {
    const [own, others] = [seat.holderId, null].map((viewerId) => JSON.stringify(renderSeenSeat(seat, viewerId)));
    const part = { at, text: own!.slice(others!.length - 1, -1) };
    const parts = this.ownParts.get(seat.holderId!);
    if (parts) parts.push(part);
    else this.ownParts.set(seat.holderId!, [part]);
  }
}
