import fc from 'fast-check';
import { FairQueue } from './fair-queue';

/** What waits: its holder, and its number among the holder's own. */
type Item = `${string}${number}`;

function queueOf(...items: Item[]): FairQueue<Item> {
  const queue = new FairQueue<Item>();
  for (const item of items) queue.push(item[0]!, item);
  return queue;
}

function numbered(holder: string, count: number): Item[] {
  return Array.from({ length: count }, (_, index): Item => `${holder}${index + 1}`);
}

describe('a fair queue', () => {
  it('gives everything in the order of arrival where it all fits', () => {
    const queue = queueOf('a1', 'b1', 'a2', 'c1', 'b2');
    expect(queue.take(64, 4)).toEqual(['a1', 'b1', 'a2', 'c1', 'b2']);
    expect(queue.isEmpty).toBe(true);
  });

  it('serves a single command in the next batch, however many of another holder came before it', () => {
    expect(queueOf(...numbered('a', 600), 'b1').take(3, 4)).toEqual(['a1', 'a2', 'b1']);
  });

  it('takes no more of one holder than it may while others wait', () => {
    const queue = queueOf(...numbered('a', 10), 'b1');
    expect(queue.take(64, 4)).toEqual([...numbered('a', 4), 'b1']);
  });

  it('lets a holder alone fill the batch', () => {
    const queue = queueOf(...numbered('a', 10));
    expect(queue.take(8, 4)).toEqual(numbered('a', 8));
    expect(queue.take(8, 4)).toEqual(['a9', 'a10']);
  });

  it('goes on with those whose turn did not come', () => {
    const queue = queueOf('a1', 'a2', 'b1', 'c1', 'd1');
    expect(queue.take(2, 4)).toEqual(['a1', 'b1']);
    expect(queue.take(2, 4)).toEqual(['c1', 'd1']);
    expect(queue.take(2, 4)).toEqual(['a2']);
  });

  const arrivals = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 60 });
  const batches = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 60, maxLength: 60 });

  it('keeps each holder’s own order, loses nothing, and gives every holder a turn before another has two more', () => {
    fc.assert(
      fc.property(arrivals, batches, fc.integer({ min: 1, max: 4 }), (holders, sizes, maxOfHolder) => {
        const counts = new Map<string, number>();
        const items = holders.map((holder): Item => {
          counts.set(holder, (counts.get(holder) ?? 0) + 1);
          return `${holder}${counts.get(holder)!}`;
        });
        const queue = queueOf(...items);
        const given: Item[] = [];
        for (const size of sizes) {
          const waiting = new Set(items.filter((item) => !given.includes(item)).map((item) => item[0]!));
          const batch = queue.take(size, maxOfHolder);
          const perHolder = [...waiting].map((holder) => batch.filter((item) => item[0] === holder).length);
          if (waiting.size > 1) expect(Math.max(...perHolder)).toBeLessThanOrEqual(maxOfHolder);
          given.push(...batch);
          for (const holder of waiting) {
            const isWaiting = given.filter((item) => item[0] === holder).length < counts.get(holder)!;
            const most = Math.max(...perHolder);
            const own = batch.filter((item) => item[0] === holder).length;
            if (isWaiting) expect(most - own).toBeLessThanOrEqual(1);
          }
        }
        expect(given.toSorted()).toEqual(items.toSorted());
        for (const holder of counts.keys()) {
          expect(given.filter((item) => item[0] === holder)).toEqual(items.filter((item) => item[0] === holder));
        }
      }),
      { numRuns: 300 },
    );
  });
});
