/**
 * Runs a task for keys that ask for it. No key's task runs twice at once or soon again, and only some run at once; a key
 * that asks meanwhile, however often, gets one more run. So no flood of requests becomes a flood of tasks.
 */
export class Rereads<Key extends object> {
  private readonly waiting = new Set<Key>();
  private readonly running = new Set<Key>();
  private readonly startedAtMs = new WeakMap<Key, number>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    /** Must not fail. */
    private readonly task: (key: Key) => Promise<void>,
    private readonly atOnceMax: number,
    private readonly spacingMs: number,
  ) {}

  want(key: Key): void {
    this.waiting.add(key);
    this.startSome();
  }

  /** The key is not there any more. */
  drop(key: Key): void {
    this.waiting.delete(key);
  }

  private startSome(): void {
    clearTimeout(this.timer);
    let soonestMs = Infinity;
    for (const key of this.waiting) {
      if (this.running.size >= this.atOnceMax) return;
      if (this.running.has(key)) continue;
      const restMs = (this.startedAtMs.get(key) ?? -Infinity) + this.spacingMs - performance.now();
      if (restMs <= 0) this.start(key);
      else soonestMs = Math.min(soonestMs, restMs);
    }
    if (soonestMs < Infinity) this.timer = setTimeout(() => this.startSome(), soonestMs).unref();
  }

  private start(key: Key): void {
    this.waiting.delete(key);
    this.running.add(key);
    this.startedAtMs.set(key, performance.now());
    void this.task(key).finally(() => {
      this.running.delete(key);
      this.startSome();
    });
  }
}
