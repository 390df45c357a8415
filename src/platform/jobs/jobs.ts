import { BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { Gauge } from 'prom-client';
import { Metrics } from '../metrics/metrics';

/** Periodic work. The metric of the last success shows a job that fails again and again, or hangs. */
@Injectable()
export class Jobs implements BeforeApplicationShutdown {
  private readonly logger = new Logger(Jobs.name);
  private readonly running = new Map<string, Promise<void>>();
  private readonly stopping = new AbortController();
  private readonly lastSuccess: Gauge<'job'>;

  constructor(
    private readonly scheduler: SchedulerRegistry,
    { registry }: Metrics,
  ) {
    this.lastSuccess = new Gauge({
      name: 'job_last_success_timestamp_seconds',
      help: 'When a round of the job last succeeded',
      labelNames: ['job'],
      registers: [registry],
    });
  }

  /**
   * Runs a round of the job at every interval until the app shuts down. A round that is still running lets the next one
   * drop out. A round that fails is logged, and the next one tries again.
   *
   * @param round gets a signal that is aborted at shutdown. The shutdown waits for the round, so a long one looks at it.
   */
  every(name: string, intervalMs: number, round: (stopping: AbortSignal) => unknown): void {
    this.scheduler.addInterval(name, setInterval(() => this.start(name, round), intervalMs).unref());
  }

  async beforeApplicationShutdown(): Promise<void> {
    // The scheduler has cleared the intervals by now, so no round begins while this waits.
    this.stopping.abort();
    await Promise.all(this.running.values());
  }

  private start(name: string, round: (stopping: AbortSignal) => unknown): void {
    if (this.running.has(name)) return;
    this.running.set(
      name,
      this.run(name, round).finally(() => this.running.delete(name)),
    );
  }

  private async run(name: string, round: (stopping: AbortSignal) => unknown): Promise<void> {
    try {
      await round(this.stopping.signal);
      this.lastSuccess.setToCurrentTime({ job: name });
    } catch (error) {
      this.logger.warn(`A round of the job "${name}" failed; the next round tries again: ${String(error)}`);
    }
  }
}
