import { ClientAddress, WIDE_FACTOR } from './client-address';

/** Counts what is in progress for each client address. An address with nothing in progress takes no memory. */
export class AddressCounts {
  private readonly counts = new Map<string, number>();

  /** @param max most in progress for one address */
  constructor(private readonly max: number) {}

  /** The number of addresses with anything in progress. */
  get size(): number {
    return this.counts.size;
  }

  /** Counts one more, and returns how to take it back; undefined, and nothing counted, where the address is at its limit. */
  take({ group, wideGroup }: ClientAddress): (() => void) | undefined {
    if (this.of(group) >= this.max) return undefined;
    if (wideGroup !== undefined && this.of(wideGroup) >= this.max * WIDE_FACTOR) return undefined;
    const keys = wideGroup === undefined ? [group] : [group, wideGroup];
    for (const key of keys) this.counts.set(key, this.of(key) + 1);
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      for (const key of keys) this.giveBack(key);
    };
  }

  private of(key: string): number {
    return this.counts.get(key) ?? 0;
  }

  private giveBack(key: string): void {
    const left = this.of(key) - 1;
    if (left > 0) this.counts.set(key, left);
    else this.counts.delete(key);
  }
}
