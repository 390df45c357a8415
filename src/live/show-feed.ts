import { Logger } from '@nestjs/common';
import type { SeatMap, SeatMapReader, SeenSeat } from '../seats/reading/seat-map';
import type { EventStream } from './event-stream';
import { LiveSeats } from './live-seats';
import { HEARTBEAT, SharedEvent } from './shared-event';

/** Changes within this time go out as one event. */
const FLUSH_INTERVAL_MS = 20;
/** Node's timers hold no more; a longer one would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** A client that watches a show. */
export interface Watcher {
  readonly viewerId: string | null;
  readonly stream: EventStream;
}

/** What a feed needs of those around it. */
export interface FeedSurroundings {
  readonly seatMaps: SeatMapReader;
  /** The feed wants {@link ShowFeed.read} to be called soon. */
  readonly wantRead: (feed: ShowFeed) => void;
  readonly onEmpty: (feed: ShowFeed) => void;
}

/** One show's watchers, and the seats as they know them. Ends when the last watcher leaves. */
export class ShowFeed {
  private readonly logger = new Logger(ShowFeed.name);
  private readonly watchers = new Set<Watcher>();
  /** The last events, for clients that reconnect: no more than have the seats of one snapshot together. */
  private readonly sentEvents: SharedEvent[] = [];
  private sentSeats = 0;
  private live: LiveSeats | undefined;
  private loading: Promise<boolean> | undefined;
  /** Reports that arrive during the first read: the newest of each seat. */
  private readonly early = new Map<string, SeenSeat>();
  private reserved = 0;
  private flushTimer: NodeJS.Timeout | undefined;
  private lapseTimer: NodeJS.Timeout | undefined;
  /** The database's clock minus this process's monotonic one. */
  private clockOffsetMs = 0;
  private snapshotOfState: SharedEvent | undefined;
  private wantsSnapshots = false;
  private isUnreadable = false;

  constructor(
    readonly showId: number,
    private readonly surroundings: FeedSurroundings,
  ) {}

  get watching(): number {
    return this.watchers.size;
  }

  get streams(): EventStream[] {
    return Array.from(this.watchers, ({ stream }) => stream);
  }

  has(watcher: Watcher): boolean {
    return this.watchers.has(watcher);
  }

  get seatCount(): number {
    return this.live?.counts.total ?? 0;
  }

  /** Keeps the feed alive until the watcher that asked for it is attached. */
  reserve(): void {
    this.reserved++;
  }

  unreserve(): void {
    this.reserved--;
    this.endIfEmpty();
  }

  /** Waits for the seats; false when the show does not exist. */
  ready(): Promise<boolean> {
    if (this.live) return Promise.resolve(true);
    this.loading ??= this.load().finally(() => (this.loading = undefined));
    return this.loading;
  }

  attach(watcher: Watcher, lastEventId?: string): void {
    // Before the watcher is one of them: its first event is the snapshot.
    this.flush();
    this.watchers.add(watcher);
    const missed = lastEventId === undefined ? undefined : this.eventsAfter(lastEventId);
    if (!missed) return this.sendSnapshot(watcher);
    for (const event of missed) watcher.stream.send(event.sendingTo(watcher.viewerId, this.nowMs()));
    // A client that has missed nothing takes this for the sign that it is up to date.
    watcher.stream.send(HEARTBEAT);
  }

  detach(watcher: Watcher): void {
    this.watchers.delete(watcher);
    this.endIfEmpty();
  }

  sendSnapshot({ viewerId, stream }: Watcher): void {
    stream.send(this.snapshot().sendingTo(viewerId, this.nowMs()));
  }

  report(seats: readonly SeenSeat[]): void {
    if (!this.live) {
      if (this.loading) this.keepEarly(seats);
      return;
    }
    // A seat that is not known was added to the show.
    if (!this.live.merge(seats)) this.surroundings.wantRead(this);
    this.scheduleFlush();
  }

  /** Reads the seats, and sends the differences. Never fails. */
  async read(): Promise<void> {
    const { live } = this;
    if (!live) return;
    const mark = live.mark;
    try {
      const map = await this.surroundings.seatMaps.read(this.showId);
      this.isUnreadable = false;
      // The last watcher may have left meanwhile.
      if (live !== this.live) return;
      if (map) this.adopt(live, map, mark);
      else this.end(); // The show is gone: clients that come back are told so.
    } catch (error) {
      if (!this.isUnreadable) {
        this.logger.warn(`Seats of show ${this.showId} could not be read for the watchers: ${String(error)}`);
      }
      this.isUnreadable = true;
    }
  }

  /** Messages may have been lost, and with them events that clients rely on: the next read goes to all as a snapshot. */
  restart(): void {
    this.wantsSnapshots = true;
    this.surroundings.wantRead(this);
  }

  beat(): void {
    for (const { stream } of this.watchers) stream.send(HEARTBEAT);
  }

  /** The watchers leave as their connections close. */
  end(): void {
    for (const { stream } of this.watchers) stream.end();
  }

  private async load(): Promise<boolean> {
    const map = await this.surroundings.seatMaps.read(this.showId);
    if (!map) return false;
    this.synchronize(map);
    this.live = new LiveSeats(map);
    const isWhole = this.live.merge(this.early.values());
    this.early.clear();
    this.live.takeChanges(); // The first watcher gets a snapshot, which has them.
    if (!isWhole) this.surroundings.wantRead(this);
    this.scheduleLapse();
    return true;
  }

  private keepEarly(seats: readonly SeenSeat[]): void {
    for (const seat of seats) {
      const key = `${seat.row}/${seat.number}`;
      const known = this.early.get(key);
      if (!known || known.version < seat.version) this.early.set(key, seat);
    }
  }

  private adopt(live: LiveSeats, map: SeatMap, mark: number): void {
    this.synchronize(map);
    const inSteps = live.adopt(map, mark);
    if (inSteps && !this.wantsSnapshots) {
      this.scheduleLapse();
      return this.scheduleFlush();
    }
    this.wantsSnapshots = false;
    live.lapse(this.nowMs());
    live.takeChanges();
    this.changed();
    // No event leads from what clients know to this.
    this.sentEvents.length = this.sentSeats = 0;
    for (const watcher of this.watchers) this.sendSnapshot(watcher);
  }

  private synchronize(map: SeatMap): void {
    this.clockOffsetMs = map.serverTimeMs - performance.now();
  }

  /** The database's time, late by as long as its answer was under way. */
  private nowMs(): number {
    return Math.floor(performance.now() + this.clockOffsetMs);
  }

  private scheduleFlush(): void {
    if (this.live!.hasChanges) this.flushTimer ??= setTimeout(() => this.flush(), FLUSH_INTERVAL_MS);
  }

  private flush(): void {
    const live = this.live!;
    live.lapse(this.nowMs());
    const changes = live.takeChanges();
    this.changed();
    if (changes.length === 0) return;
    const about = { show_id: this.showId, stats: live.counts };
    const event = new SharedEvent('seats', live.stateId, about, changes);
    this.keep(event);
    const toAll = event.sendingToAll(this.nowMs());
    for (const { viewerId, stream } of this.watchers) {
      stream.send(event.hasOwn(viewerId) ? event.sendingTo(viewerId, this.nowMs()) : toAll);
    }
  }

  /** The state is, or may be, another one. */
  private changed(): void {
    clearTimeout(this.flushTimer);
    this.flushTimer = undefined;
    if (this.snapshotOfState?.id !== this.live!.stateId) this.snapshotOfState = undefined;
    this.scheduleLapse();
  }

  private scheduleLapse(): void {
    clearTimeout(this.lapseTimer);
    const nextMs = this.live!.nextLapseMs;
    if (nextMs === undefined) return;
    const inMs = Math.min(Math.max(1, nextMs - this.nowMs()), LONGEST_TIMER_MS);
    this.lapseTimer = setTimeout(() => this.flush(), inMs).unref();
  }

  /** All seats, as the watchers know them. Rendered once for a state. */
  private snapshot(): SharedEvent {
    const live = this.live!;
    if (this.snapshotOfState?.id !== live.stateId) {
      const about = { show_id: this.showId, screen: live.screen, stats: live.counts };
      this.snapshotOfState = new SharedEvent('snapshot', live.stateId, about, live.seats);
    }
    return this.snapshotOfState;
  }

  private keep(event: SharedEvent): void {
    this.sentEvents.push(event);
    this.sentSeats += event.seatCount;
    while (this.sentSeats > this.seatCount) this.sentSeats -= this.sentEvents.shift()!.seatCount;
  }

  /** The events after the one that a client saw last; undefined when the feed no longer keeps that one. */
  private eventsAfter(lastEventId: string): SharedEvent[] | undefined {
    if (lastEventId === this.live!.stateId) return [];
    const index = this.sentEvents.findLastIndex((event) => event.id === lastEventId);
    return index < 0 ? undefined : this.sentEvents.slice(index + 1);
  }

  private endIfEmpty(): void {
    if (this.watchers.size > 0 || this.reserved > 0) return;
    clearTimeout(this.flushTimer);
    clearTimeout(this.lapseTimer);
    this.live = undefined;
    this.surroundings.onEmpty(this);
  }
}
