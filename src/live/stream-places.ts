import { Inject, Injectable } from '@nestjs/common';
import { Counter, Gauge } from 'prom-client';
import { APP_CONFIG } from '../platform/config/app-config';
import type { AppConfig } from '../platform/config/app-config';
import { clientAddress } from '../platform/http/client-address';
import { Metrics } from '../platform/metrics/metrics';
import { Problem } from '../platform/problem/problem';
import { UnreadBytes } from './unread-bytes';

/** A provider's customer has a /48 of IPv6 addresses, which is a company rather than a household. */
const WIDE_GROUP_FACTOR = 10;
const RETRY_AFTER_SECONDS = 15;

/** How many event streams are open, and from where. A stream is refused before anything is read or rendered for it. */
@Injectable()
export class StreamPlaces {
  /** Of each address with an open stream, and of no other. */
  private readonly taken = new Map<string, number>();
  private open = 0;
  private readonly refusals: Counter<'code'>;

  constructor(
    @Inject(APP_CONFIG) private readonly config: Pick<AppConfig, 'streams' | 'rateLimits'>,
    { registry }: Metrics,
    private readonly unread: UnreadBytes,
  ) {
    const count = () => this.open;
    new Gauge({
      name: 'event_streams_open',
      help: 'Event streams that are open',
      registers: [registry],
      collect() {
        this.set(count());
      },
    });
    this.refusals = new Counter({
      name: 'event_streams_refused_total',
      help: 'Event streams that were refused because there were too many already',
      labelNames: ['code'],
      registers: [registry],
    });
  }

  /**
   * Takes a place for a stream. Returns a function that gives it back; calling it again changes nothing.
   *
   * @throws Problem RATE_LIMITED for an address with too many streams, BUSY when this process has too many
   */
  take(ip: string): () => void {
    const { max, perAddressMax } = this.config.streams;
    const groups = this.groupsOf(ip);
    for (const { group, factor } of groups) {
      const most = factor * perAddressMax;
      if ((this.taken.get(group) ?? 0) >= most) {
        this.refuse('RATE_LIMITED', `At most ${most} event streams may be open from ${group}.`);
      }
    }
    if (this.open >= max) this.refuse('BUSY', `At most ${max} event streams may be open on one instance.`);
    if (this.unread.isFull) this.refuse('BUSY', 'Too many watchers are slow to take what was sent to them.');
    this.open++;
    for (const { group } of groups) this.taken.set(group, (this.taken.get(group) ?? 0) + 1);
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      this.open--;
      for (const { group } of groups) {
        const left = this.taken.get(group)! - 1;
        if (left > 0) this.taken.set(group, left);
        else this.taken.delete(group);
      }
    };
  }

  private groupsOf(ip: string): { group: string; factor: number }[] {
    const { group, wideGroup, isLoopback } = clientAddress(ip);
    if (isLoopback || !this.config.rateLimits.enabled) return [];
    return [
      { group, factor: 1 },
      ...(wideGroup === undefined ? [] : [{ group: wideGroup, factor: WIDE_GROUP_FACTOR }]),
    ];
  }

  private refuse(code: 'RATE_LIMITED' | 'BUSY', detail: string): never {
    this.refusals.inc({ code });
    throw new Problem(code, { detail, retryAfterSeconds: RETRY_AFTER_SECONDS }, { reason: 'streams' });
  }
}
