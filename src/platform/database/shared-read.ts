interface Shared<Value> {
  readonly current: Promise<Value>;
  readonly startedMs: number;
  next?: Promise<Value>;
  isOver?: boolean;
}

/**
 * Lets callers that ask the same question share one answer that is never older than the question. A caller that asks while
 * a query runs waits for the next one, which starts when that one ends, and shares it with all callers that ask meanwhile.
 * So at most one query a key runs at a time.
 *
 * With `maxAgeMs`, an answer may be older than the question by as much. Those that are too old are forgotten at the next question.
 */
export class SharedRead<Key, Value> {
  /** In the order in which the queries started. */
  private readonly reads = new Map<Key, Shared<Value>>();

  constructor(
    private readonly query: (key: Key) => Promise<Value>,
    private readonly maxAgeMs = 0,
    private readonly nowMs = () => performance.now(),
  ) {}

  /** How many answers are on their way or kept. */
  get size(): number {
    return this.reads.size;
  }

  read(key: Key): Promise<Value> {
    if (this.maxAgeMs > 0) this.forgetOld();
    const state = this.reads.get(key);
    if (!state) return this.start(key);
    if (this.maxAgeMs > 0 && !this.isOld(state)) return state.current;
    // A failed query says nothing about the next one.
    state.next ??= state.current.then(
      () => this.start(key),
      () => this.start(key),
    );
    return state.next;
  }

  private start(key: Key): Promise<Value> {
    const state: Shared<Value> = { current: this.query(key), startedMs: this.nowMs() };
    this.reads.delete(key);
    this.reads.set(key, state);
    // Where a caller waits, the entry stays until the next query replaces it in the very next microtask.
    const forget = () => {
      if (!state.next) this.reads.delete(key);
    };
    state.current.then(this.maxAgeMs > 0 ? () => (state.isOver = true) : forget, forget);
    return state.current;
  }

  private isOld({ startedMs }: Shared<Value>): boolean {
    return this.nowMs() - startedMs > this.maxAgeMs;
  }

  private forgetOld(): void {
    for (const [key, state] of this.reads) {
      if (!this.isOld(state)) return;
      if (state.isOver && !state.next) this.reads.delete(key);
    }
  }
}
