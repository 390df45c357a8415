import { randomUUID } from 'node:crypto';
import { BeforeApplicationShutdown, Inject, Injectable, Logger, OnApplicationBootstrap } from '@nestjs/common';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { APP_CONFIG } from '../platform/config/app-config';
import type { AppConfig } from '../platform/config/app-config';
import { connectionOptions } from '../platform/database/data-source-options';
import type { SeatStatus } from '../seats/seat-transitions';

const CHANNEL = 'rowlock_seats';
/** NOTIFY refuses a payload of 8,000 bytes and more. */
const MAX_PAYLOAD_BYTES = 7_900;
const RECONNECT_DELAY_MS = 500;

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

type Message = { from: string; seats: WireSeat[] } | { from: string; shows: number[] };

export interface ChannelListener {
  /** Seats changed, at another instance. */
  onSeats(seats: readonly WireSeat[]): void;
  /** Something about these shows changed, or may have: look for yourself. */
  onShows(showIds: readonly number[]): void;
  /** Messages may have been lost: look at everything anew. */
  onGap(): void;
}

/**
 * Tells the other instances what changed, through PostgreSQL. Outside the transactions that make the changes, as a NOTIFY
 * takes a lock of the whole cluster at its commit; and combined like them: what comes up while one NOTIFY is under way
 * goes with the next. Nothing depends on it for correctness: a message lost with its sender is made up for by the next
 * look at the seats themselves.
 */
@Injectable()
export class ChangeChannel implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(ChangeChannel.name);
  private readonly instance = randomUUID();
  private listener: ChannelListener | undefined;
  /** Connecting, or connected. */
  private client: Client | undefined;
  private reconnectTimer: NodeJS.Timeout | undefined;
  private stopped = false;
  private outgoing: WireSeat[] = [];
  private sending = false;

  constructor(
    private readonly dataSource: DataSource,
    @Inject(APP_CONFIG) private readonly config: AppConfig,
  ) {}

  listen(listener: ChannelListener): void {
    this.listener = listener;
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.connect();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.reconnectTimer);
    await this.client?.end().catch(() => undefined);
  }

  /** Sends changes to the other instances, soon. Never throws. */
  send(seats: readonly WireSeat[]): void {
    this.outgoing.push(...seats);
    if (!this.sending && !this.stopped) void this.drain();
  }

  private async drain(): Promise<void> {
    this.sending = true;
    while (this.outgoing.length > 0 && !this.stopped) {
      const payloads = this.payloads(this.outgoing.splice(0));
      try {
        await this.dataSource.query('SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload', [CHANNEL, payloads]);
      } catch (error) {
        this.logger.warn(`Other instances were not told of changes, and will find out by looking: ${String(error)}`);
      }
    }
    this.sending = false;
  }

  private payloads(seats: WireSeat[]): string[] {
    const whole = this.encode({ from: this.instance, seats });
    if (Buffer.byteLength(whole) <= MAX_PAYLOAD_BYTES) return [whole];
    if (seats.length > 1) {
      const half = Math.ceil(seats.length / 2);
      return [...this.payloads(seats.slice(0, half)), ...this.payloads(seats.slice(half))];
    }
    return [this.encode({ from: this.instance, shows: [seats[0]![0]] })];
  }

  private encode(message: Message): string {
    return JSON.stringify(message);
  }

  private async connect(): Promise<void> {
    const client = new Client({ ...connectionOptions(this.config), application_name: 'rowlock-listen' });
    this.client = client;
    const lost = (error?: Error) => {
      if (this.client !== client) return;
      this.client = undefined;
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
      this.listener?.onGap();
    } catch (error) {
      lost(error as Error);
    }
  }

  private receive(payload: string): void {
    const message = JSON.parse(payload) as Message;
    if (message.from === this.instance) return;
    if ('seats' in message) this.listener?.onSeats(message.seats);
    else this.listener?.onShows(message.shows);
  }
}
