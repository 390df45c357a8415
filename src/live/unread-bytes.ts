import { Inject, Injectable } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { APP_CONFIG } from '../platform/config/app-config';
import type { AppConfig } from '../platform/config/app-config';
import { Metrics } from '../platform/metrics/metrics';
import type { Sending } from './shared-event';

/**
 * The bytes that this process keeps in memory because watchers have not taken them yet. Bytes that go to several watchers
 * are there once, and count once.
 */
@Injectable()
export class UnreadBytes {
  private bytes = 0;
  /** How many streams still have to take the shared bytes. */
  private readonly takers = new Map<Buffer, number>();
  private readonly maxBytes: number;

  constructor(@Inject(APP_CONFIG) { streams }: Pick<AppConfig, 'streams'>, { registry }: Metrics) {
    this.maxBytes = streams.unreadMaxBytes;
    new Gauge({
      name: 'event_stream_unread_bytes',
      help: 'Bytes in memory that watchers have not taken yet',
      registers: [registry],
      collect: this.gauge(),
    });
  }

  /** While it is, nobody else may begin to watch, and a watcher that has something unread gets nothing more. */
  get isFull(): boolean {
    return this.bytes >= this.maxBytes;
  }

  get total(): number {
    return this.bytes;
  }

  add({ pieces, shared }: Sending): void {
    const takers = this.takers.get(shared) ?? 0;
    this.takers.set(shared, takers + 1);
    this.bytes += ownBytes(pieces, shared) + (takers === 0 ? shared.length : 0);
  }

  remove({ pieces, shared }: Sending): void {
    const takers = this.takers.get(shared)! - 1;
    if (takers > 0) this.takers.set(shared, takers);
    else this.takers.delete(shared);
    this.bytes -= ownBytes(pieces, shared) + (takers === 0 ? shared.length : 0);
  }

  private gauge() {
    const total = () => this.total;
    return function (this: Gauge) {
      this.set(total());
    };
  }
}

const ownBytes = (pieces: readonly Buffer[], shared: Buffer): number =>
  pieces.reduce((sum, piece) => sum + piece.length, -shared.length);
