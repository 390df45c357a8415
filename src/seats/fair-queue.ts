/**
 * Commands that wait for their turn, in fair turns between their holders: a batch takes one of each holder, then another of
 * each, so a holder who sends hundreds keeps nobody waiting longer than one batch. Each holder's own commands keep their
 * order. Pure, and each step costs the same however many wait.
 *
 * Fair between holders, not between people: somebody with many guest tokens has as many turns. The limits by address are
 * for those.
 */
export class FairQueue<T> {
  /** The holders of whom something waits, by their names and in the order of their turns. */
  private readonly waiting = new Map<string, Turn<T>>();
  private readonly turns = new Fifo<Turn<T>>();
  private arrivals = 0;

  get isEmpty(): boolean {
    return this.waiting.size === 0;
  }

  push(holder: string, item: T): void {
    const arrived = { item, arrival: this.arrivals++ };
    const turn = this.waiting.get(holder);
    if (turn) {
      turn.items.push(arrived);
    } else {
      const first = { holder, items: new Fifo<Arrived<T>>() };
      first.items.push(arrived);
      this.waiting.set(holder, first);
      this.turns.push(first);
    }
  }

  /**
   * Takes the next batch. Within it the order is that of arrival: turns decide only what goes with it.
   *
   * @param maxOfHolder how many of one holder it takes while others wait; a holder alone may fill it
   */
  take(max: number, maxOfHolder: number): T[] {
    const limit = this.waiting.size > 1 ? maxOfHolder : max;
    const batch: Arrived<T>[] = [];
    // Each round takes one of every holder that began it.
    for (let round = 0; round < limit && batch.length < max && !this.isEmpty; round++) {
      for (let left = this.waiting.size; left > 0 && batch.length < max; left--) batch.push(this.next());
    }
    return batch.sort((a, b) => a.arrival - b.arrival).map(({ item }) => item);
  }

  private next(): Arrived<T> {
    const turn = this.turns.shift()!;
    const arrived = turn.items.shift()!;
    if (turn.items.isEmpty) this.waiting.delete(turn.holder);
    else this.turns.push(turn);
    return arrived;
  }
}

interface Arrived<T> {
  readonly item: T;
  readonly arrival: number;
}

interface Turn<T> {
  readonly holder: string;
  readonly items: Fifo<Arrived<T>>;
}

/** An array's own `shift()` moves all that is behind. */
class Fifo<T> {
  private items: (T | undefined)[] = [];
  private head = 0;

  get isEmpty(): boolean {
    return this.head === this.items.length;
  }

  push(item: T): void {
    this.items.push(item);
  }

  shift(): T | undefined {
    const item = this.items[this.head];
    this.items[this.head++] = undefined;
    // Half of it is used up: moving the rest costs each item as much again as adding it did.
    if (this.head * 2 > this.items.length) {
      this.items = this.items.slice(this.head);
      this.head = 0;
    }
    return item;
  }
}
