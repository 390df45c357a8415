interface Known<Value> {
  readonly value: Value | undefined;
  readonly askedMs: number;
}

interface Batch<Key, Value> {
  readonly keys: Set<Key>;
  readonly answer: Promise<ReadonlyMap<Key, Value>>;
}

/**
 * Answers questions by reads that began at most `maxAgeMs` ago, for values that cost too much to be read for every question.
 * Keys that are asked for while a query runs are looked up together by the next one, so at most one query runs at a time,
 * however many callers there are. Values that are too old are forgotten: the memory is bounded by what the queries of that time can read.
 */
export class RecentRead<Key, Value> {
  /** In the order in which they were asked for. */
  private readonly known = new Map<Key, Known<Value>>();
  private waiting: Batch<Key, Value> | undefined;
  private running: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly query: (keys: readonly Key[]) => Promise<ReadonlyMap<Key, Value>>,
    private readonly bounds: { readonly maxAgeMs: number; readonly keysPerQuery: number },
    private readonly nowMs = () => performance.now(),
  ) {}

  /** How many values are kept. */
  get size(): number {
    return this.known.size;
  }

  /** The values of the keys; those without one are absent. */
  async read(keys: readonly Key[]): Promise<Map<Key, Value>> {
    this.forgetOld();
    const found = new Map<Key, Value>();
    const batches = new Map<Batch<Key, Value>, Key[]>();
    for (const key of keys) {
      const known = this.known.get(key);
      if (!known) {
        const batch = this.join(key);
        batches.set(batch, [...(batches.get(batch) ?? []), key]);
      } else if (known.value !== undefined) {
        found.set(key, known.value);
      }
    }
    await Promise.all(
      [...batches].map(async ([{ answer }, asked]) => {
        const values = await answer;
        for (const key of asked) if (values.has(key)) found.set(key, values.get(key)!);
      }),
    );
    return found;
  }

  private join(key: Key): Batch<Key, Value> {
    if (!this.waiting?.keys.has(key) && (this.waiting?.keys.size ?? Infinity) >= this.bounds.keysPerQuery) {
      const keys = new Set<Key>();
      const batch: Batch<Key, Value> = { keys, answer: this.running.then(() => this.run(batch)) };
      // A failed query says nothing about the next one.
      this.running = batch.answer.catch(() => undefined);
      this.waiting = batch;
    }
    this.waiting!.keys.add(key);
    return this.waiting!;
  }

  private async run(batch: Batch<Key, Value>): Promise<ReadonlyMap<Key, Value>> {
    if (this.waiting === batch) this.waiting = undefined;
    const askedMs = this.nowMs();
    const values = await this.query([...batch.keys]);
    if (this.bounds.maxAgeMs === 0) return values;
    for (const key of batch.keys) {
      this.known.delete(key);
      this.known.set(key, { value: values.get(key), askedMs });
    }
    return values;
  }

  private forgetOld(): void {
    const oldest = this.nowMs() - this.bounds.maxAgeMs;
    for (const [key, { askedMs }] of this.known) {
      if (askedMs >= oldest) return;
      this.known.delete(key);
    }
  }
}
