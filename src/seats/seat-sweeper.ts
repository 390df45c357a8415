import { Inject, Injectable, OnApplicationBootstrap } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { APP_CONFIG } from '../platform/config/app-config';
import type { AppConfig } from '../platform/config/app-config';
import { Jobs } from '../platform/jobs/jobs';
import { lapseCommand } from './seat-command';
import { SeatCommandQueue } from './seat-command-queue';
import type { SeatRef } from './seat-transitions';

/**
 * Tidies up: finds lapsed holds and sends `expire` commands down the path of every other command. No answer depends on it,
 * as a hold is over at its deadline, not at the sweep. Several instances may sweep at once: the command is decided under
 * the lock, so the second of two sweeps changes nothing.
 */
@Injectable()
export class SeatSweeper implements OnApplicationBootstrap {
  constructor(
    private readonly dataSource: DataSource,
    private readonly queue: SeatCommandQueue,
    private readonly jobs: Jobs,
    @Inject(APP_CONFIG)
    private readonly config: Pick<AppConfig, 'sweep' | 'commands'>,
  ) {}

  onApplicationBootstrap(): void {
    const { enabled, intervalMs } = this.config.sweep;
    if (enabled) this.jobs.every('sweep', intervalMs, (stopping) => this.sweep(stopping));
  }

  /** Expires every hold that has lapsed, batch by batch until `stopping` is aborted, and returns how many seats that were. */
  async sweep(stopping?: AbortSignal): Promise<number> {
    let expired = 0;
    for (;;) {
      const lapsed = await this.findLapsed();
      const counts = await Promise.all(
        [...lapsed].flatMap(([showId, seats]) =>
          chunks(seats, this.config.commands.maxSeats).map((chunk) => this.expire(showId, chunk)),
        ),
      );
      const changed = counts.reduce((sum, count) => sum + count, 0);
      expired += changed;
      // Another instance took a batch in which nothing changed here: going on would chase the same seats.
      if (changed === 0 || stopping?.aborted) return expired;
    }
  }

  private async expire(showId: number, seats: readonly SeatRef[]): Promise<number> {
    const { outcome } = await this.queue.submit(lapseCommand(showId, seats));
    return outcome.kind === 'expired' ? outcome.expired.length : 0;
  }

  private async findLapsed(): Promise<Map<number, SeatRef[]>> {
    const rows = await this.dataSource.query<{ show_id: number; row: string; number: number }[]>(
      'SELECT show_id, "row", number FROM seat_now WHERE lapsed ORDER BY hold_expires_at LIMIT $1',
      [this.config.sweep.batchSize],
    );
    const byShow = new Map<number, SeatRef[]>();
    for (const { show_id, row, number } of rows) {
      byShow.set(show_id, [...(byShow.get(show_id) ?? []), { row, number }]);
    }
    return byShow;
  }
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
