import { BeforeApplicationShutdown, Injectable, Logger, OnApplicationBootstrap } from '@nestjs/common';
import { Jobs } from '../platform/jobs/jobs';
import { SeatListener } from '../seats/seat-listener';
import { renderSeatMap, renderSeenSeat, SeatMap, SeatMapReader, SeenSeat, seenSeats } from '../seats/reading/seat-map';
import type { SeatState } from '../seats/seat-transitions';
import { ChangeChannel, ChannelListener, WireSeat } from './change-channel';
import { EventStream, HEARTBEAT, renderEvent } from './event-stream';
import { LiveSeats } from './live-seats';

/** Changes within this time go out as one event. */
const FLUSH_INTERVAL_MS = 20;
const HEARTBEAT_INTERVAL_MS = 15_000;
/** How often a feed reads its seats. Makes up for lost messages. */
const RECONCILE_INTERVAL_MS = 5_000;
/** How many past events a feed keeps for clients that reconnect. */
const KEPT_EVENTS = 256;

/** A client that watches a show. */
export interface Watcher {
  readonly viewerId: string | null;
  readonly stream: EventStream;
}

/**
 * Keeps the seats of each watched show in memory and sends their changes to its watchers. It hears of changes from the
 * commits of this instance, from the messages of the others and from deadlines that pass, and it reads the seats every
 * few seconds to correct itself. A show without watchers costs nothing.
 */
@Injectable()
export class ShowFeeds
  extends SeatListener
  implements ChannelListener, OnApplicationBootstrap, BeforeApplicationShutdown
{
  private readonly logger = new Logger(ShowFeeds.name);
  private readonly feeds = new Map<number, ShowFeed>();
  private stopped = false;

  constructor(
    private readonly seatMaps: SeatMapReader,
    channel: ChangeChannel,
    private readonly jobs: Jobs,
  ) {
    super();
    channel.listen(this);
  }

  onApplicationBootstrap(): void {
    this.jobs.every('live-heartbeat', HEARTBEAT_INTERVAL_MS, () => this.each((feed) => feed.beat()));
    this.jobs.every('live-reconcile', RECONCILE_INTERVAL_MS, () => this.each((feed) => feed.refresh()));
  }

  /** An open stream would keep the server from closing. */
  beforeApplicationShutdown(): void {
    this.stopped = true;
    this.each((feed) => feed.end());
  }

  /** The number of watchers of all shows. */
  get watching(): number {
    let count = 0;
    this.each((feed) => (count += feed.watching));
    return count;
  }

  /**
   * Reads the seats and begins to follow them. Returns a function that attaches a watcher and returns another one to
   * detach it; undefined when there is no such show.
   */
  async open(showId: number): Promise<((watcher: Watcher, lastEventId?: string) => () => void) | undefined> {
    const feed = this.feeds.get(showId) ?? this.create(showId);
    feed.reserve();
    try {
      if (this.stopped || !(await feed.ready())) {
        feed.unreserve();
        return undefined;
      }
    } catch (error) {
      feed.unreserve();
      throw error;
    }
    return (watcher, lastEventId) => {
      feed.attach(watcher, lastEventId);
      feed.unreserve();
      return () => feed.detach(watcher);
    };
  }

  /** Brings a slow watcher up to date. Its stream left out events, and can be written to again. */
  catchUp(showId: number, watcher: Watcher): void {
    this.feeds.get(showId)?.sendSnapshot(watcher);
  }

  committed(seats: readonly SeatState[]): void {
    for (const seat of seats) this.feeds.get(seat.showId)?.report([seat]);
  }

  uncertain(showIds: readonly number[]): void {
    this.onShows(showIds);
  }

  onSeats(seats: readonly WireSeat[]): void {
    for (const [showId, row, number, status, version, holderId, holdExpiresAtMs] of seats) {
      this.feeds.get(showId)?.report([{ row, number, status, version, holderId, holdExpiresAtMs }]);
    }
  }

  onShows(showIds: readonly number[]): void {
    for (const showId of showIds) this.feeds.get(showId)?.refresh();
  }

  onGap(): void {
    this.each((feed) => feed.restart());
  }

  private create(showId: number): ShowFeed {
    const feed = new ShowFeed(showId, this.seatMaps, this.logger, () => this.feeds.delete(showId));
    this.feeds.set(showId, feed);
    return feed;
  }

  private each(visit: (feed: ShowFeed) => void): void {
    for (const feed of this.feeds.values()) visit(feed);
  }
}

interface SentEvent {
  readonly id: string;
  readonly seats: readonly SeenSeat[];
}

/** One show's watchers, and the seats as they know them. Ends when the last watcher leaves. */
class ShowFeed {
  private readonly watchers = new Set<Watcher>();
  private readonly sentEvents: SentEvent[] = [];
  private live: LiveSeats | undefined;
  private loading: Promise<boolean> | undefined;
  /** Reports that arrive during the first read. */
  private early: SeenSeat[] = [];
  private reserved = 0;
  private flushTimer: NodeJS.Timeout | undefined;
  private lapseTimer: NodeJS.Timeout | undefined;
  /** The database's clock minus this process's monotonic one. */
  private clockOffsetMs = 0;
  private refreshing = false;
  private refreshAgain = false;

  constructor(
    private readonly showId: number,
    private readonly seatMaps: SeatMapReader,
    private readonly logger: Logger,
    private readonly onEmpty: () => void,
  ) {}

  get watching(): number {
    return this.watchers.size;
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
    this.watchers.add(watcher);
    this.flush();
    const missed = lastEventId === undefined ? undefined : this.eventsAfter(lastEventId);
    if (!missed) return this.sendSnapshot(watcher);
    for (const event of missed) watcher.stream.send(this.render(event, watcher.viewerId));
    // A client that has missed nothing takes this for the sign that it is up to date.
    watcher.stream.send(HEARTBEAT);
  }

  detach(watcher: Watcher): void {
    this.watchers.delete(watcher);
    this.endIfEmpty();
  }

  sendSnapshot({ viewerId, stream }: Watcher): void {
    const { json } = renderSeatMap(this.live!.snapshot(this.nowMs()), viewerId);
    stream.send(`event: snapshot\nid: ${this.live!.stateId}\ndata: ${json}\n\n`);
  }

  report(seats: readonly SeenSeat[]): void {
    if (!this.live) {
      if (this.loading) this.early.push(...seats);
      return;
    }
    this.live.merge(seats);
    this.scheduleFlush();
  }

  /** Reads the seats and sends the differences. */
  refresh(): void {
    if (!this.live) return;
    if (this.refreshing) {
      this.refreshAgain = true;
      return;
    }
    this.refreshing = true;
    this.seatMaps
      .read(this.showId)
      .then((map) => map && this.live && this.adopt(map))
      .catch((error: unknown) => this.logger.warn(`Seats could not be read for the watchers: ${String(error)}`))
      .finally(() => {
        this.refreshing = false;
        if (this.refreshAgain) {
          this.refreshAgain = false;
          this.refresh();
        }
      });
  }

  /** Sends a fresh snapshot to all: messages may have been lost, and with them events that clients rely on. */
  restart(): void {
    if (!this.live) return;
    this.seatMaps
      .read(this.showId)
      .then((map) => {
        if (!map || !this.live) return;
        this.adopt(map);
        this.flush();
        this.sentEvents.length = 0;
        for (const watcher of this.watchers) this.sendSnapshot(watcher);
      })
      .catch((error: unknown) => this.logger.warn(`Seats could not be read for the watchers: ${String(error)}`));
  }

  beat(): void {
    for (const { stream } of this.watchers) stream.send(HEARTBEAT);
  }

  end(): void {
    for (const { stream } of this.watchers) stream.end();
    this.watchers.clear();
    this.endIfEmpty();
  }

  private async load(): Promise<boolean> {
    const map = await this.seatMaps.read(this.showId);
    if (!map) return false;
    this.synchronize(map);
    this.live = new LiveSeats(map);
    this.live.merge(this.early.splice(0));
    this.live.takeChanges(); // The first watcher gets a snapshot, which has them.
    this.scheduleLapse();
    return true;
  }

  private adopt(map: SeatMap): void {
    this.synchronize(map);
    this.live!.merge(seenSeats(map));
    this.scheduleFlush();
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
    clearTimeout(this.flushTimer);
    this.flushTimer = undefined;
    const live = this.live!;
    live.lapse(this.nowMs());
    this.scheduleLapse();
    if (!live.hasChanges) return;
    const event = { id: live.stateId, seats: live.takeChanges() };
    this.sentEvents.push(event);
    if (this.sentEvents.length > KEPT_EVENTS) this.sentEvents.shift();
    const shared = this.render(event, null);
    const owners = new Set(event.seats.map((seat) => seat.holderId));
    for (const { viewerId, stream } of this.watchers) {
      stream.send(viewerId !== null && owners.has(viewerId) ? this.render(event, viewerId) : shared);
    }
  }

  private scheduleLapse(): void {
    clearTimeout(this.lapseTimer);
    const nextMs = this.live!.nextLapseMs;
    if (nextMs === undefined) return;
    this.lapseTimer = setTimeout(() => this.flush(), Math.max(1, nextMs - this.nowMs())).unref();
  }

  private render(event: SentEvent, viewerId: string | null): string {
    return renderEvent('seats', event.id, {
      show_id: this.showId,
      server_time: new Date(this.nowMs()).toISOString(),
      stats: this.live!.counts,
      seats: event.seats.map((seat) => renderSeenSeat(seat, viewerId)),
    });
  }

  /** The events after the one that a client saw last; undefined when the feed no longer keeps that one. */
  private eventsAfter(lastEventId: string): SentEvent[] | undefined {
    if (lastEventId === this.live!.stateId) return [];
    const index = this.sentEvents.findIndex((event) => event.id === lastEventId);
    return index < 0 ? undefined : this.sentEvents.slice(index + 1);
  }

  private endIfEmpty(): void {
    if (this.watchers.size > 0 || this.reserved > 0) return;
    clearTimeout(this.flushTimer);
    clearTimeout(this.lapseTimer);
    this.live = undefined;
    this.onEmpty();
  }
}
