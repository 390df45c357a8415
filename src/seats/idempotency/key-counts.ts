/**
 * Counts the keys under which answers of each holder were stored, in spans that begin with a holder's first, in the memory
 * of this process. Beyond `holdersMax` holders it forgets those whose span began first, so ever new holders can't use the
 * memory up; who is forgotten may store as many keys again.
 */
export class KeyCounts {
  /** In the order in which the spans end: all are equally long, and an ended one goes before its holder begins another. */
  private readonly counts = new Map<string, { keys: number; readonly endsAtMs: number }>();

  constructor(
    private readonly spanMs: number,
    private readonly holdersMax = 100_000,
    private readonly nowMs = () => performance.now(),
  ) {}

  /** How many keys the holder has used in the span that runs. */
  of(holderId: string): number {
    return this.current(holderId)?.keys ?? 0;
  }

  /** How long until the holder's count begins anew. */
  secondsLeft(holderId: string): number {
    return Math.ceil(((this.current(holderId)?.endsAtMs ?? 0) - this.nowMs()) / 1_000);
  }

  add(holderId: string): void {
    const current = this.current(holderId);
    if (current) {
      current.keys++;
      return;
    }
    this.makeRoom();
    this.counts.set(holderId, { keys: 1, endsAtMs: this.nowMs() + this.spanMs });
  }

  private current(holderId: string) {
    const count = this.counts.get(holderId);
    return count && count.endsAtMs > this.nowMs() ? count : undefined;
  }

  /** Forgets the spans that have ended, and the oldest if that is not enough. */
  private makeRoom(): void {
    for (const [holderId, { endsAtMs }] of this.counts) {
      if (endsAtMs > this.nowMs() && this.counts.size < this.holdersMax) return;
      this.counts.delete(holderId);
    }
  }
}
