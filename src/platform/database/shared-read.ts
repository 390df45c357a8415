/**
 * Lets callers that ask the same question share one answer, without anybody getting an answer older than the question:
 * who asks while a query runs waits for the next one, which starts when that one ends, and everybody who asks meanwhile
 * shares it. So at most one query a key runs at a time, however many ask.
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
    // Where somebody waits, the entry stays until the next query replaces it in the very next microtask.
    const done = () => {
      if (!state.next) this.running.delete(key);
    };
    state.current.then(done, done);
    return state.current;
  }
}
