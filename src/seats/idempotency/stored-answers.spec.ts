import fc from 'fast-check';
import { SEAT_COMMANDS } from '../commands/registry';
import { fingerprint } from '../seat-command';
import { keyOf } from './stored-answers';

const ref = fc.record({ row: fc.constantFrom('A', 'B', 'A1', '1', '11'), number: fc.constantFrom(1, 2, 11, 12) });
const refs = fc.uniqueArray(ref, { minLength: 1, maxLength: 4, selector: ({ row, number }) => `${row}/${number}` });
const request = fc.record({ name: fc.constantFrom(...SEAT_COMMANDS), showId: fc.constantFrom(1, 11), seats: refs });
type Request = typeof request extends fc.Arbitrary<infer T> ? T : never;

const print = (given: Request) => fingerprint(given).toString('hex');

describe('the fingerprint of a request', () => {
  it('is the same for the same seats in any order', () => {
    const shuffled = request.chain((given) =>
      fc.tuple(fc.constant(given), fc.shuffledSubarray(given.seats, { minLength: given.seats.length })),
    );
    fc.assert(fc.property(shuffled, ([given, seats]) => expect(print({ ...given, seats })).toBe(print(given))));
  });

  it('is another for another command, show or set of seats', () => {
    const same = (a: Request, b: Request) =>
      a.name === b.name &&
      a.showId === b.showId &&
      a.seats.length === b.seats.length &&
      a.seats.every((seat) => b.seats.some(({ row, number }) => row === seat.row && number === seat.number));
    const a1: Request = { name: 'hold', showId: 1, seats: [{ row: 'A', number: 1 }] };
    const others: Request[] = [
      { ...a1, name: 'book' },
      { ...a1, showId: 11 },
      { ...a1, seats: [{ row: 'A', number: 11 }] },
      { ...a1, seats: [{ row: 'A1', number: 1 }] },
      { ...a1, seats: [...a1.seats, { row: 'A', number: 2 }] },
    ];
    fc.assert(
      fc.property(request, request, (a, b) => expect(print(a) === print(b)).toBe(same(a, b))),
      { examples: others.map((other) => [a1, other]), numRuns: 1_000 },
    );
  });

  it('says nothing of the request, in 32 bytes', () => {
    expect(fingerprint({ name: 'hold', showId: 1, seats: [{ row: 'A', number: 1 }] })).toHaveLength(32);
  });

  it('leaves the seats in their order', () => {
    const seats = [
      { row: 'B', number: 1 },
      { row: 'A', number: 1 },
    ];
    fingerprint({ name: 'hold', showId: 1, seats });
    expect(seats.map(({ row }) => row)).toEqual(['B', 'A']);
  });
});

describe('the key of a record', () => {
  it('belongs to its holder and show: no other holder, show and key make the same', () => {
    // A key has no spaces, whatever a holder is called.
    const record = fc.record({
      showId: fc.constantFrom(1, 11),
      holderId: fc.constantFrom('guest:1', 'guest:1 a', 'external:a b', 'external:a'),
      key: fc.constantFrom('a', 'b', 'a:b', 'ab'),
    });
    fc.assert(
      fc.property(record, record, (a, b) => {
        const isSame = a.showId === b.showId && a.holderId === b.holderId && a.key === b.key;
        expect(keyOf(a) === keyOf(b)).toBe(isSame);
      }),
      { numRuns: 500 },
    );
  });
});
