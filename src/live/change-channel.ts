import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { BeforeApplicationShutdown, Inject, Injectable, Logger, OnApplicationBootstrap } from '@nestjs/common';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { APP_CONFIG } from '../platform/config/app-config';
import type { AppConfig } from '../platform/config/app-config';
import { connectionOptions } from '../platform/database/data-source-options';
import { Jobs } from '../platform/jobs/jobs';
import { SeatListener } from '../seats/seat-listener';
import type { SeatState, SeatStatus } from '../seats/seat-transitions';

const CHANNEL = 'rowlock_seats';
/** NOTIFY refuses a payload of 8,000 bytes and more. */
const MAX_PAYLOAD_BYTES = 7_900;
const RECONNECT_DELAY_MS = 500;
/** Least time between two NOTIFYs. Under load one NOTIFY then carries the changes of several transactions. */
const SEND_INTERVAL_MS = 25;
const APPLICATION_NAME = 'rowlock-listen';
/** How often an instance counts the others. */
const PEERS_INTERVAL_MS = 30_000;

/** A changed seat on its way to the other instances. */
export type WireSeat = [
  showId: number,
  row: string,
  number: number,
  status: SeatStatus,
  version: number,
  holderId: string | null,
  holdExpiresAtMs: number | null,
];

type Message = { seats: WireSeat[] } | { shows: number[] } | { hello: true };

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
 * the seats.
 */
@Injectable()
export class ChangeChannel extends SeatListener implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(ChangeChannel.name);
  private readonly instance = randomUUID();
  private listener: ChannelListener | undefined;
  /** Connecting, or connected. */
  private client: Client | undefined;
  private reconnectTimer: NodeJS.Timeout | undefined;
  private stopped = false;
  private outgoing: WireSeat[] = [];
  private sending = false;
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
  ) {
    super();
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
      this.outgoing.push([showId, row, number, status, version, holderId, holdExpiresAtMs]);
    }
    if (!this.sending && !this.stopped) void this.drain();
  }

  /** The other instances find out at their next read of the seats. */
  uncertain(): void {}

  private async drain(): Promise<void> {
    this.sending = true;
    while (this.outgoing.length > 0 && !this.stopped) {
      const payloads = this.payloads(this.outgoing.splice(0));
      try {
        await this.dataSource.query('SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload', [
          CHANNEL,
          payloads,
        ]);
      } catch (error) {
        this.logger.warn(
          `Other instances were not told of changes; they find out at their next read: ${String(error)}`,
        );
      }
      await pause(SEND_INTERVAL_MS, undefined, { ref: false });
    }
    this.sending = false;
  }

  private payloads(seats: WireSeat[]): string[] {
    const whole = this.encode({ seats });
    if (Buffer.byteLength(whole) <= MAX_PAYLOAD_BYTES) return [whole];
    if (seats.length > 1) {
      const half = Math.ceil(seats.length / 2);
      return [...this.payloads(seats.slice(0, half)), ...this.payloads(seats.slice(half))];
    }
    return [this.encode({ shows: [seats[0]![0]] })];
  }

  /** The sender comes first, so that an instance can skip its own messages unread. */
  private encode(message: Message): string {
    return this.instance + JSON.stringify(message);
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
      await client.query('SELECT pg_notify($1, $2)', [CHANNEL, this.encode({ hello: true })]);
      this.listener?.onGap();
      await this.lookForPeers();
    } catch (error) {
      lost(error as Error);
    }
  }

  private receive(payload: string): void {
    if (payload.startsWith(this.instance)) return;
    const message = JSON.parse(payload.slice(this.instance.length)) as Message;
    this.hasPeers = true;
    if ('seats' in message) this.listener?.onSeats(message.seats);
    else if ('shows' in message) this.listener?.onShows(message.shows);
    else this.hellos++;
  }
}
