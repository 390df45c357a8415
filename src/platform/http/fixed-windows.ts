import type { ThrottlerStorage } from '@nestjs/throttler';

type Hit = Awaited<ReturnType<ThrottlerStorage['increment']>>;

/**
 * Counts hits in windows that begin with the first hit, in the memory of this process. A client that makes up ever new keys
 * can't use it up: beyond `windowsMax` windows the oldest are forgotten.
 */
export class FixedWindows implements ThrottlerStorage {
  /** In the order in which they end: all are equally long, and an ended one is forgotten before its key begins another. */
  private readonly windows = new Map<string, { hits: number; endsAtMs: number }>();

  constructor(
    private readonly windowsMax = 100_000,
    private readonly nowMs = () => performance.now(),
  ) {}

  async increment(key: string, windowMs: number, limit: number): Promise<Hit> {
    const nowMs = this.nowMs();
    let window = this.windows.get(key);
    if (!window || window.endsAtMs <= nowMs) {
      this.makeRoom(nowMs);
      window = { hits: 0, endsAtMs: nowMs + windowMs };
      this.windows.set(key, window);
    }
    window.hits++;
    const secondsLeft = Math.ceil((window.endsAtMs - nowMs) / 1_000);
    const isBlocked = window.hits > limit;
    return {
      totalHits: window.hits,
      timeToExpire: secondsLeft,
      isBlocked,
      timeToBlockExpire: isBlocked ? secondsLeft : 0,
    };
  }

  /** Forgets the windows that have ended, and the oldest if that is not enough. */
  private makeRoom(nowMs: number): void {
    for (const [key, { endsAtMs }] of this.windows) {
      if (endsAtMs > nowMs && this.windows.size < this.windowsMax) return;
      this.windows.delete(key);
    }
  }
}
