/**
 * Lets callers that ask the same question share one answer that is never older than the question. A caller that asks while
 * a query runs waits for the next one, which starts when that one ends, and shares it with all callers that ask meanwhile.
 * So at most one query a key runs at a time.
 */
export class SharedRead<Key, Value> {
  private readonly running = new Map<Key, { current: Promise<Value>; next?: Promise<Value> }>();

  constructor(private readonly query: (key: Key) => Promise<Value>) {}

  read(key: Key): Promise<Value> {
    const state = this.running.get(key);
    if (!state) return this.start(key);
    // A failed query says nothing about the next one.
    state.next ??= state.current.then(
      () => this.start(key),
      () => this.start(key),
    );
    return state.next;
  }

  private start(key: Key): Promise<Value> {
    const state: { current: Promise<Value>; next?: Promise<Value> } = { current: this.query(key) };
    this.running.set(key, state);
    // Where a caller waits, the entry stays until the next query replaces it in the very next microtask.
    const done = () => {
      if (!state.next) this.running.delete(key);
    };
    state.current.then(done, done);
    return state.current;
  }
}
