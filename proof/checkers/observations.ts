import type { SeatName } from './history';
import type { Operation } from './operations';
import { firstIndex } from './sorted';

/** An operation that made a version of a seat, or saw it. */
export interface Observation {
  readonly operation: Operation;
  readonly version: number;
  /** Whether it was surely this operation that made the version. */
  readonly isChange: boolean;
}

interface Sorted {
  /** By answer, each with the highest version so far. */
  readonly ended: readonly Observation[];
  readonly highest: readonly Observation[];
  /** By sending, each with the lowest version of the changes from there on. */
  readonly begun: readonly Observation[];
  readonly lowest: readonly (Observation | undefined)[];
}

/** PURE. Which operations knew which version of a seat when, and so between which versions everything else was. */
export class Observations {
  private readonly seats = new Map<string, { showId: number; seat: SeatName; all: Observation[]; sorted?: Sorted }>();

  add(showId: number, seat: SeatName, observation: Observation): void {
    const name = `${showId} ${seat}`;
    const known = this.seats.get(name);
    if (known) known.all.push(observation);
    else this.seats.set(name, { showId, seat, all: [observation] });
  }

  /** Pairs in which the first was answered before the second was sent, and yet has the higher version, or made the same. */
  *outOfOrder(): Generator<{ showId: number; seat: SeatName; before: Observation; after: Observation }> {
    for (const { showId, seat, all } of this.seats.values()) {
      for (const after of all) {
        const before = this.latestBefore(showId, seat, after.operation.sentMs);
        if (before && (before.version > after.version || (after.isChange && before.version === after.version))) {
          yield { showId, seat, before, after };
        }
      }
    }
  }

  /** The versions a seat can have had while an operation took place. */
  window({ showId, sentMs, answeredMs }: Operation, seat: SeatName): { from: number; to: number } {
    const { begun = [], lowest = [] } = this.sorted(showId, seat) ?? {};
    const next = lowest[firstIndex(begun, ({ operation }) => operation.sentMs > answeredMs)];
    return { from: this.latestBefore(showId, seat, sentMs)?.version ?? 0, to: next ? next.version - 1 : Infinity };
  }

  private latestBefore(showId: number, seat: SeatName, timeMs: number): Observation | undefined {
    const { ended = [], highest = [] } = this.sorted(showId, seat) ?? {};
    return highest[firstIndex(ended, ({ operation }) => operation.answeredMs >= timeMs) - 1];
  }

  private sorted(showId: number, seat: SeatName): Sorted | undefined {
    const known = this.seats.get(`${showId} ${seat}`);
    return known && (known.sorted ??= sort(known.all));
  }
}

function sort(all: readonly Observation[]): Sorted {
  const ended = all.toSorted((a, b) => a.operation.answeredMs - b.operation.answeredMs || a.version - b.version);
  const begun = all.toSorted((a, b) => a.operation.sentMs - b.operation.sentMs);
  const highest: Observation[] = [];
  for (const one of ended) {
    const known = highest.at(-1);
    highest.push(known && known.version >= one.version ? known : one);
  }
  const lowest: (Observation | undefined)[] = [];
  for (const one of begun.toReversed()) {
    const known = lowest.at(-1);
    lowest.push(!one.isChange || (known && known.version <= one.version) ? known : one);
  }
  return { ended, highest, begun, lowest: lowest.reverse() };
}
