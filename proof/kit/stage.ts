/**
 * Servers, databases, directories and connections that a program has put up, and that are taken down when it ends, however
 * it ends. The last one comes down first.
 */
export class Stage {
  private readonly closers: (() => Promise<unknown>)[] = [];
  private closing: Promise<void> | undefined;

  /** Whether it is being taken down, or is down. */
  get isOver(): boolean {
    return this.closing !== undefined;
  }

  /** Puts something up. A stage that is closed meanwhile waits for it and takes it down. @throws what `start` throws */
  put<Thing>(start: () => Promise<Thing>, close: (thing: Thing) => unknown): Promise<Thing> {
    if (this.isOver) return Promise.reject(new Error('Nothing is started any more: the program is ending'));
    const starting = start();
    this.closers.push(() => starting.then(close, () => undefined));
    return starting;
  }

  /** Calls this when the stage is taken down. */
  defer(close: () => unknown): void {
    this.closers.push(async () => close());
  }

  /** May be called again. A failure is told on standard error, and the rest comes down all the same. */
  close(): Promise<void> {
    this.closing ??= (async () => {
      for (let close = this.closers.pop(); close; close = this.closers.pop())
        await close().catch((error: unknown) => console.error(error));
    })();
    return this.closing;
  }
}
