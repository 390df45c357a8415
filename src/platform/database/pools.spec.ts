import fc from 'fast-check';
import { poolSizes } from './pools';

type Settings = Parameters<typeof poolSizes>[0];
const sizes = (poolMax: number, lanes: number, readPoolMax: number) =>
  poolSizes({ database: { poolMax, readPoolMax }, combining: { lanes } } as Settings);

describe('the connections of a process', () => {
  it('are shared out: lanes first, then reads', () => {
    expect(sizes(20, 2, 6)).toEqual({ commands: 4, reads: 6, others: 10 });
    expect(sizes(8, 2, 6)).toEqual({ commands: 3, reads: 3, others: 2 });
    expect(sizes(4, 2, 6)).toEqual({ commands: 2, reads: 1, others: 1 });
    expect(sizes(66, 64, 400)).toEqual({ commands: 64, reads: 1, others: 1 });
  });

  it('are never more than there may be, and each kind of work has its own', () => {
    const anySettings = fc
      .tuple(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 1, max: 400 }), fc.integer({ min: 0, max: 500 }))
      .map(([lanes, readPoolMax, more]) => ({ lanes, readPoolMax, poolMax: lanes + 2 + more }));
    fc.assert(
      fc.property(anySettings, ({ lanes, readPoolMax, poolMax }) => {
        const { commands, reads, others } = sizes(poolMax, lanes, readPoolMax);
        expect(commands + reads + others).toBe(poolMax);
        expect(commands).toBeGreaterThanOrEqual(lanes);
        expect(reads).toBeGreaterThanOrEqual(1);
        expect(reads).toBeLessThanOrEqual(readPoolMax);
        expect(others).toBeGreaterThanOrEqual(1);
      }),
    );
  });
});
