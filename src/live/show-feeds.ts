import { BeforeApplicationShutdown, Inject, Injectable, OnApplicationBootstrap } from '@nestjs/common';
import { Counter } from 'prom-client';
import { APP_CONFIG } from '../platform/config/app-config';
import type { AppConfig } from '../platform/config/app-config';
import { Jobs } from '../platform/jobs/jobs';
import { Metrics } from '../platform/metrics/metrics';
import { Problem } from '../platform/problem/problem';
import { SeatListener } from '../seats/seat-listener';
import { SeatMapReader } from '../seats/reading/seat-map';
import type { SeatState } from '../seats/seat-transitions';
import { ChangeChannel, ChannelListener } from './change-channel';
import type { WireSeat } from './change-message';
import { Rereads } from './rereads';
import { ShowFeed, Watcher } from './show-feed';

const HEARTBEAT_INTERVAL_MS = 15_000;
/** How often a feed reads its seats. Makes up for lost messages, and for wrong ones. */
const RECONCILE_INTERVAL_MS = 5_000;
/** How often slow watchers are looked for. */
const CUT_INTERVAL_MS = 1_000;
/** The reads of feeds leave connections for those of clients. */
const READS_AT_ONCE_MAX = 2;
/** Least time between two reads of a show. */
const READ_SPACING_MS = 200;
const RETRY_AFTER_SECONDS = 15;

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
  private readonly feeds = new Map<number, ShowFeed>();
  private readonly rereads = new Rereads((feed: ShowFeed) => feed.read(), READS_AT_ONCE_MAX, READ_SPACING_MS);
  private readonly cuts: Counter;
  private stopped = false;

  constructor(
    private readonly seatMaps: SeatMapReader,
    channel: ChangeChannel,
    private readonly jobs: Jobs,
    @Inject(APP_CONFIG) private readonly config: Pick<AppConfig, 'streams'>,
    { registry }: Metrics,
  ) {
    super();
    channel.listen(this);
    this.cuts = new Counter({
      name: 'event_streams_cut_total',
      help: 'Event streams that were cut off because the watcher did not take what was sent',
      registers: [registry],
    });
  }

  onApplicationBootstrap(): void {
    this.jobs.every('live-heartbeat', HEARTBEAT_INTERVAL_MS, () => this.each((feed) => feed.beat()));
    this.jobs.every('live-reconcile', RECONCILE_INTERVAL_MS, () => this.each((feed) => this.rereads.want(feed)));
    this.jobs.every('live-cut', CUT_INTERVAL_MS, () => this.each((feed) => this.cutSlow(feed)));
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
   *
   * @throws Problem BUSY when this instance follows too many seats to take on another show
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
    const feed = this.feeds.get(showId);
    if (feed?.has(watcher)) feed.sendSnapshot(watcher);
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
    for (const showId of showIds) {
      const feed = this.feeds.get(showId);
      if (feed) this.rereads.want(feed);
    }
  }

  onGap(): void {
    this.each((feed) => feed.restart());
  }

  private create(showId: number): ShowFeed {
    const { watchedSeatsMax } = this.config.streams;
    let seats = 0;
    this.each((feed) => (seats += feed.seatCount));
    if (seats >= watchedSeatsMax) {
      throw new Problem('BUSY', {
        detail: `This instance follows ${seats} seats for its watchers, of at most ${watchedSeatsMax}, and takes on no further show.`,
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      });
    }
    const feed = new ShowFeed(showId, {
      seatMaps: this.seatMaps,
      wantRead: (wanting) => this.rereads.want(wanting),
      onEmpty: (empty) => {
        this.rereads.drop(empty);
        if (this.feeds.get(showId) === empty) this.feeds.delete(showId);
      },
    });
    this.feeds.set(showId, feed);
    return feed;
  }

  private cutSlow(feed: ShowFeed): void {
    for (const stream of feed.streams) {
      if (stream.waitingMs <= this.config.streams.takeTimeoutMs) continue;
      this.cuts.inc();
      stream.cut();
    }
  }

  private each(visit: (feed: ShowFeed) => void): void {
    for (const feed of this.feeds.values()) visit(feed);
  }
}
