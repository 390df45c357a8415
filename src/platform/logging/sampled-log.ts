import type { Logger } from '@nestjs/common';

const WINDOW_MS = 60_000;

interface Window {
  told: number;
  leftOut: number;
  readonly timer: NodeJS.Timeout;
}

/**
 * Warns of things that clients can cause any number of times: of the first of each kind in a minute, and at its end of how
 * many more there were. Neither does an attack go unseen, nor does it fill the log.
 */
export class SampledLog {
  private readonly windows = new Map<string, Window>();

  constructor(
    private readonly logger: Logger,
    private readonly perMinute: number,
  ) {}

  /** @param kind one of few: each has a window of its own in memory */
  warn(kind: string, ...line: [message: string, particulars?: object]): void {
    const window = this.windowOf(kind);
    if (window.told < this.perMinute) {
      window.told++;
      this.logger.warn(...line);
    } else {
      window.leftOut++;
    }
  }

  /** Tells what is left to tell. */
  end(): void {
    for (const kind of this.windows.keys()) this.endWindow(kind);
  }

  private windowOf(kind: string): Window {
    let window = this.windows.get(kind);
    if (!window) {
      window = { told: 0, leftOut: 0, timer: setTimeout(() => this.endWindow(kind), WINDOW_MS).unref() };
      this.windows.set(kind, window);
    }
    return window;
  }

  private endWindow(kind: string): void {
    const { leftOut, timer } = this.windows.get(kind)!;
    clearTimeout(timer);
    this.windows.delete(kind);
    if (leftOut > 0) this.logger.warn(`${kind}: ${leftOut} more within a minute`);
  }
}
