import { Problem } from '../problem/problem';
import { Cursors, INSTANT_PART, INTEGER_PART } from './cursor';
import { readPage } from './page';

/** Five entries; two of them share an instant. */
const ENTRIES = [10, 20, 20, 30, 40].map((atMs, index) => ({ atMs, id: index + 1 }));
type Entry = (typeof ENTRIES)[number];
const isBehind = (entry: Entry, place: Entry) =>
  entry.atMs > place.atMs || (entry.atMs === place.atMs && entry.id > place.id);

let counts: number[];
const list = {
  cursors: new Cursors({ atMs: INSTANT_PART, id: INTEGER_PART }),
  read: (count: number, after: Entry | undefined) => {
    counts.push(count);
    return Promise.resolve(ENTRIES.filter((entry) => !after || isBehind(entry, after)).slice(0, count));
  },
  placeOf: (entry: Entry) => entry,
};

beforeEach(() => (counts = []));

describe('a list page by page', () => {
  it.each([1, 2, 3, 4, 5, 6])(
    'has each entry once, in order, with %d on a page, and no empty page at its end',
    async (limit) => {
      const seen: number[][] = [];
      for (let after: string | undefined; ;) {
        const { page, next } = await readPage({ after, limit }, list);
        seen.push(page.map(({ id }) => id));
        if (next === null) break;
        after = next;
      }
      expect(seen.flat()).toEqual([1, 2, 3, 4, 5]);
      expect(seen.map((page) => page.length)).toEqual(
        Array.from({ length: Math.ceil(5 / limit) }, (_, index) => Math.min(limit, 5 - index * limit)),
      );
      expect(new Set(counts)).toEqual(new Set([limit + 1]));
    },
  );

  it('has 50 entries on a page unless another number is wanted', async () => {
    await readPage({}, list);
    expect(counts).toEqual([51]);
  });

  it('of nothing is one empty page', async () => {
    expect(await readPage({}, { ...list, read: () => Promise.resolve([]) })).toEqual({ page: [], next: null });
  });

  it('refuses the cursor of another list before it reads', async () => {
    await expect(readPage({ after: 'MS5hYmM' }, list)).rejects.toThrow(Problem);
    expect(counts).toEqual([]);
  });
});
