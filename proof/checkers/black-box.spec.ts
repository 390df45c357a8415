import { backgroundOf } from './background';
import { checkBlackBox } from './black-box';
import type { Attempt } from './history';
import { operationsOf } from './operations';
import { booked, held, overLimit, refused, released, saw, TTL_MS, unanswered } from './testing';

const SEAT_LIMITS = { held: 2, seats: 4 };

/** Everything starts from an empty show with two seats. */
const EMPTY = saw([0, 1], 'reader', { 'A/1': 'AVAILABLE 0', 'A/2': 'AVAILABLE 0' });

function rulesBroken(attempts: Attempt[], options = {}): string[] {
  const all = [EMPTY, ...attempts];
  return checkBlackBox(operationsOf(all).operations, backgroundOf(all), {
    seatLimits: SEAT_LIMITS,
    ...options,
  }).violations.map(({ rule }) => rule);
}

describe('histories that could have been', () => {
  it.each(
    Object.entries<Attempt[]>({
      'a life': [
        held([2, 3], 'ann', { 'A/1': 1 }),
        booked([4, 5], 'ann', ['A/1'], 'b1'),
        saw([6, 7], 'bob', { 'A/1': 'BOOKED 2', 'A/2': 'AVAILABLE 0' }),
      ],
      'commands at once, in either order': [
        held([2, 9], 'ann', { 'A/1': 3 }),
        held([2, 9], 'bob', { 'A/1': 1 }),
        released([3, 8], 'bob', ['A/1']),
      ],
      'a refusal that was true in between': [
        refused([2, 20], 'bob', 'hold', { 'A/1': 'SEAT_HELD' }),
        held([3, 4], 'ann', { 'A/1': 1 }),
        released([5, 6], 'ann', ['A/1']),
      ],
      'holding again, with the same deadline': [
        held([2, 3], 'ann', { 'A/1': 1 }),
        held([4, 5], 'ann', { 'A/1': 1 }, { atMs: 3 }),
      ],
      'booking again': [
        held([2, 3], 'ann', { 'A/1': 1 }),
        booked([4, 5], 'ann', ['A/1'], 'b1'),
        booked([6, 7], 'ann', ['A/1'], 'b1'),
      ],
      'releasing what is free': [released([2, 3], 'ann', ['A/1'], [])],
      'an unanswered hold that happened': [
        unanswered(2, 'ann', 'hold', ['A/1']),
        refused([5, 6], 'bob', 'hold', { 'A/1': 'SEAT_HELD' }),
      ],
      'one that did not': [unanswered(2, 'ann', 'hold', ['A/1']), held([5, 6], 'bob', { 'A/1': 1 })],
      'one that happened late': [
        unanswered(2, 'ann', 'hold', ['A/1']),
        saw([5, 6], 'bob', { 'A/1': 'AVAILABLE 0', 'A/2': 'AVAILABLE 0' }),
        held([7, 8], 'ann', { 'A/1': 1 }, { atMs: 7 }),
      ],
      'an unanswered book that a retry finds': [
        held([2, 3], 'ann', { 'A/1': 1 }),
        unanswered(4, 'ann', 'book', ['A/1']),
        saw([5, 6], 'bob', { 'A/1': 'BOOKED 2', 'A/2': 'AVAILABLE 0' }),
        booked([7, 8], 'ann', ['A/1'], 'b1'),
      ],
      'a retry under the key of a refusal': [
        held([2, 3], 'ann', { 'A/1': 1 }),
        refused([4, 5], 'bob', 'hold', { 'A/1': 'SEAT_HELD' }, ['A/1'], { key: 'k' }),
        released([6, 7], 'ann', ['A/1']),
        refused([8, 9], 'bob', 'hold', { 'A/1': 'SEAT_HELD' }, ['A/1'], { key: 'k' }),
      ],
      'a hold that lapses': [
        held([2, 3], 'ann', { 'A/1': 1 }),
        saw([TTL_MS + 10, TTL_MS + 11], 'bob', { 'A/1': 'AVAILABLE 2', 'A/2': 'AVAILABLE 0' }),
        held([TTL_MS + 12, TTL_MS + 13], 'bob', { 'A/1': 3 }),
      ],
      'an unanswered hold that lapses': [
        held([2, 3], 'bob', { 'A/2': 1 }),
        unanswered(4, 'ann', 'hold', ['A/1']),
        held([2 * TTL_MS, 2 * TTL_MS + 1], 'bob', { 'A/1': 3 }),
      ],
      'the limit': [held([2, 3], 'ann', { 'A/1': 1, 'A/2': 1 }), held([4, 5], 'ann', { 'A/1': 1 }, { atMs: 3 })],
    }),
  )('%s', (_, attempts) => {
    expect(rulesBroken(attempts)).toEqual([]);
  });

  it('also for a seat that was held before the history', () => {
    const all = [saw([0, 1], 'reader', { 'A/1': 'HELD 5' }), held([3, 4], 'ann', { 'A/1': 7 })];
    expect(
      checkBlackBox(operationsOf(all).operations, backgroundOf(all), { seatLimits: SEAT_LIMITS }).violations,
    ).toEqual([]);
  });
});

it('a wrong guess about what nobody answered is found out at once, not when a later read does not fit', () => {
  const seats = Array.from({ length: 10 }, (_, index) => `A/${index + 1}`);
  const all = [
    saw([0, 1], 'reader', Object.fromEntries(seats.map((seat) => [seat, 'AVAILABLE 0']))),
    // His may have been before hers, and have lapsed; but then there were more versions.
    ...seats.flatMap((seat) => [
      unanswered(2, `bob of ${seat}`, 'hold', [seat]),
      unanswered(3, `ann of ${seat}`, 'hold', [seat]),
    ]),
    ...seats.map((seat, index) =>
      released([TTL_MS + 10 * index + 5, TTL_MS + 10 * index + 9], `ann of ${seat}`, [seat]),
    ),
    saw([2 * TTL_MS, 2 * TTL_MS + 1], 'reader', Object.fromEntries(seats.map((seat) => [seat, 'AVAILABLE 2']))),
  ];
  const { violations, steps } = checkBlackBox(operationsOf(all).operations, backgroundOf(all), {
    seatLimits: SEAT_LIMITS,
    limits: { timeMs: 5_000, memory: 100_000 },
  });
  expect(violations).toEqual([]);
  expect(steps).toBeLessThan(200);
});

describe('histories that could not', () => {
  it.each(
    Object.entries<Attempt[]>({
      'one seat held by two': [held([2, 3], 'ann', { 'A/1': 1 }), held([4, 5], 'bob', { 'A/1': 2 })],
      'the same version given twice': [held([2, 9], 'ann', { 'A/1': 1 }), held([3, 8], 'bob', { 'A/1': 1 })],
      'one seat sold twice': [
        held([2, 3], 'ann', { 'A/1': 1 }),
        booked([4, 5], 'ann', ['A/1'], 'b1'),
        held([6, 7], 'bob', { 'A/1': 3 }),
        booked([8, 9], 'bob', ['A/1'], 'b2'),
      ],
      'a second booking for a repeated book': [
        held([2, 3], 'ann', { 'A/1': 1 }),
        booked([4, 5], 'ann', ['A/1'], 'b1'),
        booked([6, 7], 'ann', ['A/1'], 'b2'),
      ],
      'an acknowledged hold that is lost': [held([2, 3], 'ann', { 'A/1': 1 }), held([4, 5], 'bob', { 'A/1': 1 })],
      'half a batch': [held([2, 3], 'ann', { 'A/1': 1, 'A/2': 1 }), held([4, 5], 'bob', { 'A/2': 1 })],
      'half an unanswered batch': [
        unanswered(2, 'ann', 'hold', ['A/1', 'A/2']),
        saw([4, 5], 'bob', { 'A/1': 'HELD 1', 'A/2': 'AVAILABLE 0' }),
      ],
      'a refused hold that happened': [
        held([2, 3], 'ann', { 'A/1': 1 }),
        refused([4, 5], 'bob', 'hold', { 'A/1': 'SEAT_HELD' }, ['A/1', 'A/2']),
        saw([6, 7], 'bob', { 'A/1': 'HELD 1', 'A/2': 'HELD 1 600006' }),
      ],
      'a refusal without a reason': [refused([2, 3], 'ann', 'hold', { 'A/1': 'SEAT_HELD' })],
      'a refusal that leaves out a seat': [
        held([2, 3], 'ann', { 'A/1': 1, 'A/2': 1 }),
        refused([4, 5], 'bob', 'hold', { 'A/1': 'SEAT_HELD' }, ['A/1', 'A/2']),
      ],
      'a refusal that was over before it was asked': [
        held([2, 3], 'ann', { 'A/1': 1 }),
        released([4, 5], 'ann', ['A/1']),
        refused([6, 7], 'bob', 'hold', { 'A/1': 'SEAT_HELD' }),
      ],
      'a stale read': [
        held([2, 3], 'ann', { 'A/1': 1 }),
        saw([4, 5], 'bob', { 'A/1': 'AVAILABLE 0', 'A/2': 'AVAILABLE 0' }),
      ],
      'a read that goes back': [
        held([2, 20], 'ann', { 'A/1': 1 }),
        saw([4, 5], 'bob', { 'A/1': 'HELD 1', 'A/2': 'AVAILABLE 0' }),
        saw([6, 7], 'bob', { 'A/1': 'AVAILABLE 0', 'A/2': 'AVAILABLE 0' }),
      ],
      'a read of two moments': [
        held([2, 20], 'ann', { 'A/1': 1, 'A/2': 1 }),
        saw([4, 5], 'bob', { 'A/1': 'HELD 1', 'A/2': 'AVAILABLE 0' }),
      ],
      "another's hold shown as one's own": [
        held([2, 3], 'ann', { 'A/1': 1 }),
        saw([4, 5], 'bob', { 'A/1': 'HELD 1 600003', 'A/2': 'AVAILABLE 0' }),
      ],
      'a deadline that moved': [held([2, 3], 'ann', { 'A/1': 1 }), held([4, 5], 'ann', { 'A/1': 1 })],
      'a version left out': [held([2, 3], 'ann', { 'A/1': 2 })],
      'a book of what is not held': [booked([2, 3], 'ann', ['A/1'], 'b1')],
      "a book of another's hold": [held([2, 3], 'ann', { 'A/1': 1 }), booked([4, 5], 'bob', ['A/1'], 'b1')],
      "a release of another's hold": [held([2, 3], 'ann', { 'A/1': 1 }), released([4, 5], 'bob', ['A/1'])],
      'a release that says it did nothing': [held([2, 3], 'ann', { 'A/1': 1 }), released([4, 5], 'ann', ['A/1'], [])],
      'a book after the hold has lapsed': [
        held([2, 3], 'ann', { 'A/1': 1 }),
        booked([TTL_MS + 10, TTL_MS + 11], 'ann', ['A/1'], 'b1'),
      ],
      'a hold that lapses too early': [
        held([2, 3], 'ann', { 'A/1': 1 }),
        saw([9, 10], 'bob', { 'A/1': 'AVAILABLE 2', 'A/2': 'AVAILABLE 0' }),
      ],
      'a hold that does not lapse': [
        held([2, 3], 'ann', { 'A/1': 1 }),
        saw([TTL_MS + 10, TTL_MS + 11], 'bob', { 'A/1': 'HELD 1', 'A/2': 'AVAILABLE 0' }),
      ],
      'more than the limit': [held([2, 3], 'ann', { 'A/1': 1, 'A/2': 1 }), overLimit([4, 5], 'bob', ['A/1'])],
      'an unanswered hold that happened twice': [
        unanswered(2, 'ann', 'hold', ['A/1']),
        saw([4, 5], 'bob', { 'A/1': 'HELD 1', 'A/2': 'AVAILABLE 0' }),
        released([6, 7], 'ann', ['A/1']),
        saw([8, 9], 'bob', { 'A/1': 'HELD 3', 'A/2': 'AVAILABLE 0' }),
      ],
      'a key that is forgotten': [
        held([2, 3], 'ann', { 'A/1': 1 }, { key: 'k' }),
        released([4, 5], 'ann', ['A/1']),
        held([6, 7], 'ann', { 'A/1': 1 }, { key: 'k', atMs: 3 }),
        saw([8, 9], 'bob', { 'A/1': 'HELD 3', 'A/2': 'AVAILABLE 0' }),
      ],
    }),
  )('%s', (_, attempts) => {
    expect(rulesBroken(attempts)).toEqual(['LINEARIZABLE']);
  });

  it('a holder beyond the limit', () => {
    const both = held([2, 3], 'ann', { 'A/1': 1, 'A/2': 1 });
    expect(rulesBroken([both], { seatLimits: { held: 1, seats: 9 } })).toEqual(['LINEARIZABLE']);
    expect(rulesBroken([both], { seatLimits: { held: 9, seats: 1 } })).toEqual(['LINEARIZABLE']);
  });

  it('a holder beyond the limit of held and booked seats', () => {
    const bought = [held([2, 3], 'ann', { 'A/1': 1 }), booked([4, 5], 'ann', ['A/1'], 'b')];
    const seatLimits = { held: 1, seats: 1 };
    expect(rulesBroken([...bought, held([6, 7], 'ann', { 'A/2': 1 })], { seatLimits })).toEqual(['LINEARIZABLE']);
    const refusal = overLimit([6, 7], 'ann', ['A/2'], 'SEAT_LIMIT_EXCEEDED');
    expect(rulesBroken([...bought, refusal], { seatLimits })).toEqual([]);
    expect(rulesBroken([...bought, refusal], { seatLimits: { held: 1, seats: 2 } })).toEqual(['LINEARIZABLE']);
  });

  it('tells what is wrong', () => {
    const all = [EMPTY, held([2, 3], 'ann', { 'A/1': 1 }), held([4, 5], 'bob', { 'A/1': 2 })];
    const [violation] = checkBlackBox(operationsOf(all).operations, backgroundOf(all), {
      seatLimits: SEAT_LIMITS,
    }).violations;
    expect(violation!.detail).toMatch(
      /1 of 2 events have an order, which leaves A\/1 HELD by ann v1; then none of these can be next: #\d+ hold A\/1 by bob: held A\/1 v2/,
    );
  });
});

describe('what can not be judged', () => {
  it('is a violation: a history without a beginning', () => {
    const all = [held([2, 3], 'ann', { 'A/1': 1 })];
    expect(
      checkBlackBox(operationsOf(all).operations, backgroundOf(all), { seatLimits: SEAT_LIMITS }).violations.map(
        ({ rule }) => rule,
      ),
    ).toEqual(['STARTS_WITH_READ']);
  });

  it('is a violation: a search that takes too long', () => {
    // Any of many may have happened, and none explains what was seen.
    const maybe = Array.from({ length: 24 }, (_, index) =>
      unanswered(2, `p${index}`, 'hold', [`A/${1 + (index % 2)}`]),
    );
    const free = Array.from({ length: 24 }, (_, index) =>
      unanswered(2, `p${index}`, 'release', [`A/${1 + (index % 2)}`]),
    );
    const seen = saw([50, 51], 'bob', { 'A/1': 'BOOKED 24', 'A/2': 'AVAILABLE 24' });
    expect(rulesBroken([...maybe, ...free, seen], { limits: { timeMs: 50, memory: 1_000_000 } })).toEqual(['DECIDED']);
  });
});

describe('a long history of a hot seat', () => {
  it('is judged at once', () => {
    const attempts: Attempt[] = [];
    for (let round = 0; round < 1_000; round++) {
      const at = 10 + round * 10;
      attempts.push(held([at, at + 5], `p${round % 40}`, { 'A/1': 2 * round + 1 }, { atMs: at + 1 }));
      for (let other = 1; other < 4; other++)
        attempts.push(refused([at + 1, at + 4], `p${(round + other) % 40}`, 'hold', { 'A/1': 'SEAT_HELD' }));
      attempts.push(released([at + 6, at + 9], `p${round % 40}`, ['A/1']));
    }
    const startedMs = performance.now();
    expect(rulesBroken(attempts)).toEqual([]);
    expect(performance.now() - startedMs).toBeLessThan(5_000);
  });
});
