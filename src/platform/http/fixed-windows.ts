/** A hit, and where it leaves its key. Times are whole seconds. */
export interface Hit {
  readonly totalHits: number;
  readonly timeToExpire: number;
  readonly isBlocked: boolean;
  readonly timeToBlockExpire: number;
}

/**
 * Counts hits in windows that begin with the first hit, in the memory of this process. A client that makes up ever new keys
 * can't use it up: beyond `windowsMax` windows the oldest are forgotten. The limits of a forgotten key begin anew, so a full
 * table refuses nobody that an empty one would let through.
 */
export class FixedWindows {
  /** In the order in which they end: all are equally long, and an ended one is forgotten before its key begins another. */
  private readonly windows = new Map<string, { hits: number; endsAtMs: number }>();

  constructor(
    private readonly windowsMax = 100_000,
    private readonly nowMs = () => performance.now(),
  ) {}

  get size(): number {
    return this.windows.size;
  }

  /** @param windowMs the same for all keys */
  hit(key: string, windowMs: number, limit: number): Hit {
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

  /** Whether the key has hits in a window that has not ended. */
  has(key: string): boolean {
    const window = this.windows.get(key);
    return window !== undefined && window.hits > 0 && window.endsAtMs > this.nowMs();
  }

  /** The key's hits in a window that has not ended, and how long until that ends. */
  current(key: string): { readonly hits: number; readonly secondsLeft: number } {
    const window = this.windows.get(key);
    const leftMs = (window?.endsAtMs ?? 0) - this.nowMs();
    return window && leftMs > 0
      ? { hits: window.hits, secondsLeft: Math.ceil(leftMs / 1_000) }
      : { hits: 0, secondsLeft: 0 };
  }

  /** Takes one hit of the key's window back, if the window has not ended. */
  takeBack(key: string): void {
    const window = this.windows.get(key);
    if (window && window.hits > 0) window.hits--;
  }

  /** Forgets the windows that have ended, and the oldest if that is not enough. */
  private makeRoom(nowMs: number): void {
    for (const [key, { endsAtMs }] of this.windows) {
      if (endsAtMs > nowMs && this.windows.size < this.windowsMax) return;
      this.windows.delete(key);
    }
  }
}
