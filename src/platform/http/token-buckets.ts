/**
 * Counts takings by key in the memory of this process: each key has a bucket that is full at first and fills up steadily. A
 * client that makes up ever new keys can't use the memory up: beyond `bucketsMax` buckets the one that was not used for
 * longest is forgotten.
 */
export class TokenBuckets {
  /** In the order of their last use. */
  private readonly buckets = new Map<string, { tokens: number; atMs: number }>();

  constructor(
    private readonly size: number,
    private readonly perMinute: number,
    private readonly bucketsMax = 100_000,
    private readonly nowMs = () => performance.now(),
  ) {}

  /** How long until there is a token for the key; 0 when there is one now. */
  waitMs(key: string): number {
    return Math.max(0, ((1 - this.tokensOf(key, this.nowMs())) / this.perMinute) * 60_000);
  }

  take(key: string): void {
    const atMs = this.nowMs();
    const tokens = this.tokensOf(key, atMs) - 1;
    this.buckets.delete(key);
    if (this.buckets.size >= this.bucketsMax) this.buckets.delete(this.buckets.keys().next().value!);
    this.buckets.set(key, { tokens, atMs });
  }

  private tokensOf(key: string, nowMs: number): number {
    const bucket = this.buckets.get(key);
    if (!bucket) return this.size;
    return Math.min(this.size, bucket.tokens + ((nowMs - bucket.atMs) / 60_000) * this.perMinute);
  }
}
