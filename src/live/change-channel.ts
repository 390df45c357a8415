import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { BeforeApplicationShutdown, Inject, Injectable, Logger, OnApplicationBootstrap } from '@nestjs/common';
import { Client } from 'pg';
import { Counter } from 'prom-client';
import { DataSource } from 'typeorm';
import { APP_CONFIG } from '../platform/config/app-config';
import type { AppConfig } from '../platform/config/app-config';
import { derivedKeys } from '../platform/config/derived-keys';
import { connectionOptions } from '../platform/database/data-source-options';
import { Jobs } from '../platform/jobs/jobs';
import { Metrics } from '../platform/metrics/metrics';
import { SeatListener } from '../seats/seat-listener';
import type { SeatState } from '../seats/seat-transitions';
import { ChangeMessages, Message, WireSeat } from './change-message';

const CHANNEL = 'rowlock_seats';
const RECONNECT_DELAY_MS = 500;
/** Least time between two NOTIFYs. Under load one NOTIFY then carries the changes of several transactions. */
const SEND_INTERVAL_MS = 25;
/** So many seats wait for the next NOTIFY. Of further ones only the show is told, and the others read it. */
const OUTGOING_SEATS_MAX = 5_000;
const APPLICATION_NAME = 'rowlock-listen';
/** How often an instance counts the others. */
const PEERS_INTERVAL_MS = 30_000;
/** Least time between two lines in the log about messages that no instance has signed. */
const WARN_INTERVAL_MS = 60_000;

export interface ChannelListener {
  /** Another instance changed these seats. */
  onSeats(seats: readonly WireSeat[]): void;
  /** Seats of these shows may have changed: read them again. */
  onShows(showIds: readonly number[]): void;
  /** Messages may have been lost: read all watched shows again. */
  onGap(): void;
}

/**
 * Tells the other instances of changed seats, through PostgreSQL's NOTIFY. It sends outside the transactions that make
 * the changes, because a transaction with a NOTIFY takes a lock of the whole cluster at its commit. Changes that come
 * up while one NOTIFY is under way go with the next. An instance that is alone sends nothing.
 *
 * Correctness does not depend on it. When a message is lost, the other instances see the change at their next read of
 * the seats. When a message lies, that read corrects it.
 */
@Injectable()
export class ChangeChannel extends SeatListener implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(ChangeChannel.name);
  private readonly instance = randomUUID();
  private readonly messages: ChangeMessages;
  private readonly received: Counter<'kind'>;
  private listener: ChannelListener | undefined;
  /** Connecting, or connected. */
  private client: Client | undefined;
  private reconnectTimer: NodeJS.Timeout | undefined;
  private stopped = false;
  private outgoing: WireSeat[] = [];
  private readonly outgoingShows = new Set<number>();
  private sending = false;
  private warnedAtMs = -WARN_INTERVAL_MS;
  /**
   * Whether other instances listen. Each says hello when it begins to. While this instance can't hear that, it assumes
   * that others are there.
   */
  private hasPeers = true;
  private hellos = 0;

  constructor(
    private readonly dataSource: DataSource,
    private readonly jobs: Jobs,
    @Inject(APP_CONFIG) private readonly config: AppConfig,
    { registry }: Metrics,
  ) {
    super();
    this.messages = new ChangeMessages(derivedKeys(config.auth, 'live changes'));
    this.received = new Counter({
      name: 'live_messages_received_total',
      help: 'Messages of other instances: signed, not signed (version 0.1, another secret, or forged), or noise',
      labelNames: ['kind'],
      registers: [registry],
    });
  }

  listen(listener: ChannelListener): void {
    this.listener = listener;
  }

  async onApplicationBootstrap(): Promise<void> {
    this.jobs.every('live-peers', PEERS_INTERVAL_MS, () => this.lookForPeers());
    await this.connect();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.reconnectTimer);
    await this.client?.end().catch(() => undefined);
  }

  /** Sends the changes soon, if there are other instances. Never throws. */
  committed(seats: readonly SeatState[]): void {
    if (!this.hasPeers) return;
    for (const { showId, row, number, status, version, holderId, holdExpiresAtMs } of seats) {
      if (this.outgoing.length >= OUTGOING_SEATS_MAX) this.outgoingShows.add(showId);
      else this.outgoing.push([showId, row, number, status, version, holderId, holdExpiresAtMs]);
    }
    if (!this.sending && !this.stopped) void this.drain();
  }

  /** The other instances find out at their next read of the seats. */
  uncertain(): void {}

  private async drain(): Promise<void> {
    this.sending = true;
    while (this.outgoing.length + this.outgoingShows.size > 0 && !this.stopped) {
      const [seats, shows] = [this.outgoing, [...this.outgoingShows]];
      this.outgoing = [];
      this.outgoingShows.clear();
      try {
        await this.notify(...(seats.length > 0 ? [{ seats }] : []), ...(shows.length > 0 ? [{ shows }] : []));
      } catch (error) {
        this.logger.warn(
          `Other instances were not told of changes; they find out at their next read: ${String(error)}`,
        );
      }
      await pause(SEND_INTERVAL_MS, undefined, { ref: false });
    }
    this.sending = false;
  }

  private async notify(...messages: Message[]): Promise<void> {
    const payloads = messages.flatMap((message) => this.messages.encode(this.instance, message));
    await this.dataSource.query('SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload', [
      CHANNEL,
      payloads,
    ]);
  }

  private async lookForPeers(): Promise<void> {
    if (!this.client) return;
    const { hellos } = this;
    try {
      const [{ listeners }] = await this.dataSource.query<[{ listeners: number }]>(
        'SELECT count(*)::int AS listeners FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1',
        [APPLICATION_NAME],
      );
      // An instance that said hello meanwhile may be missing in this count.
      if (hellos === this.hellos && this.client) this.hasPeers = listeners > 1;
    } catch {
      this.hasPeers = true;
    }
  }

  private async connect(): Promise<void> {
    const client = new Client({ ...connectionOptions(this.config), application_name: APPLICATION_NAME });
    this.client = client;
    const lost = (error?: Error) => {
      if (this.client !== client) return;
      this.client = undefined;
      this.hasPeers = true;
      client.end().catch(() => undefined);
      if (this.stopped) return;
      if (error) this.logger.warn(`The connection that listens for changes was lost: ${error.message}`);
      this.reconnectTimer = setTimeout(() => void this.connect(), RECONNECT_DELAY_MS).unref();
    };
    client.on('error', lost);
    client.on('end', () => lost());
    client.on('notification', ({ payload }) => payload && this.receive(payload));
    try {
      await client.connect();
      await client.query(`LISTEN ${CHANNEL}`);
      await this.notify({ hello: true });
      this.listener?.onGap();
      await this.lookForPeers();
    } catch (error) {
      lost(error as Error);
    }
  }

  /** Nothing here may throw: an exception would end the process, and any role of the database can send a message. */
  private receive(payload: string): void {
    // Its own messages are skipped unread.
    if (payload.startsWith(this.instance)) return;
    const heard = this.messages.decode(payload);
    this.received.inc({ kind: !heard ? 'noise' : heard.isSigned ? 'signed' : 'unsigned' });
    if (!heard?.isSigned) this.warnOfStrangers();
    if (!heard) return;
    const { message } = heard;
    this.hasPeers = true;
    if ('seats' in message) this.listener?.onSeats(message.seats);
    else if ('shows' in message) this.listener?.onShows(message.shows);
    else this.hellos++;
  }

  private warnOfStrangers(): void {
    if (performance.now() - this.warnedAtMs < WARN_INTERVAL_MS) return;
    this.warnedAtMs = performance.now();
    this.logger.warn(
      `A message on the channel ${CHANNEL} bears no signature of this deployment. Harmless while instances of version 0.1 ` +
        'or with another AUTH_JWT_SECRET run; otherwise somebody with access to the database makes messages up.',
    );
  }
}
