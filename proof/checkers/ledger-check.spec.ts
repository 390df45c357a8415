import { backgroundOf } from './background';
import type { Attempt } from './history';
import { checkLedger } from './ledger-check';
import { operationsOf } from './operations';
import type { Step } from './seat-ledger';
import { booked, EPOCH_MS, held, refused, released, saw, step, TTL_MS, unanswered } from './testing';

function rulesBroken(attempts: Attempt[], steps: Step[], options = {}): string[] {
  // A read of another show tells how the clocks differ.
  const all = [saw([0, 1], 'reader', {}, { showId: 99 }), ...attempts];
  return [
    ...new Set(checkLedger(operationsOf(all).operations, steps, backgroundOf(all), options).map(({ rule }) => rule)),
  ].sort();
}

const book = (
  seat: string,
  version: number,
  holder: string,
  atMs: number,
  bookingId: string,
  given: Partial<Step> = {},
) => step('book', seat, version, holder, atMs, { bookingId, ...given });

describe('what agrees', () => {
  it.each(
    Object.entries<[Attempt[], Step[]]>({
      'a life': [
        [
          held([2, 3], 'ann', { 'A/1': 1 }),
          released([4, 5], 'ann', ['A/1']),
          held([6, 7], 'bob', { 'A/1': 3 }),
          booked([8, 9], 'bob', ['A/1'], 'b1'),
        ],
        [
          step('hold', 'A/1', 1, 'ann', 3),
          step('release', 'A/1', 2, 'ann', 5),
          step('hold', 'A/1', 3, 'bob', 7),
          book('A/1', 4, 'bob', 9, 'b1'),
        ],
      ],
      'holding again': [
        [held([2, 3], 'ann', { 'A/1': 1 }), held([4, 5], 'ann', { 'A/1': 1 }, { atMs: 3 })],
        [step('hold', 'A/1', 1, 'ann', 3)],
      ],
      'holding one more': [
        [held([2, 3], 'ann', { 'A/1': 1 }), refused([4, 5], 'bob', 'hold', { 'A/1': 'SEAT_HELD' })],
        [step('hold', 'A/1', 1, 'ann', 3)],
      ],
      'unanswered, and it happened': [[unanswered(2, 'ann', 'hold', ['A/1'])], [step('hold', 'A/1', 1, 'ann', 3)]],
      'unanswered, and it did not': [[unanswered(2, 'ann', 'hold', ['A/1'])], []],
      'unanswered, seen, and found by the retry': [
        [
          unanswered(2, 'ann', 'hold', ['A/1']),
          saw([4, 5], 'bob', { 'A/1': 'HELD 1' }),
          held([6, 7], 'ann', { 'A/1': 1 }, { atMs: 3 }),
        ],
        [step('hold', 'A/1', 1, 'ann', 3)],
      ],
      'unanswered, seen, found by the retry, given up, and unanswered again': [
        [
          unanswered(2, 'ann', 'hold', ['A/1']),
          saw([4, 5], 'bob', { 'A/1': 'HELD 1' }),
          held([6, 7], 'ann', { 'A/1': 1 }, { atMs: 3 }),
          released([8, 9], 'ann', ['A/1']),
          unanswered(10, 'ann', 'hold', ['A/1']),
        ],
        [step('hold', 'A/1', 1, 'ann', 3), step('release', 'A/1', 2, 'ann', 9), step('hold', 'A/1', 3, 'ann', 11)],
      ],
      'a lapsed hold, not tidied up': [
        [
          held([2, 3], 'ann', { 'A/1': 1 }),
          saw([TTL_MS + 4, TTL_MS + 5], 'bob', { 'A/1': 'AVAILABLE 2' }),
          refused([TTL_MS + 6, TTL_MS + 7], 'ann', 'book', { 'A/1': 'HOLD_GONE' }),
        ],
        [step('hold', 'A/1', 1, 'ann', 3)],
      ],
      'two unanswered, and the second happened': [
        [unanswered(2, 'ann', 'hold', ['A/1', 'A/2']), unanswered(3, 'ann', 'hold', ['A/1'])],
        [step('hold', 'A/1', 1, 'ann', 5)],
      ],
      'steps of strangers': [[], [step('hold', 'A/1', 1, 'stranger', 3)]],
      'released with one that was free': [
        [held([2, 3], 'ann', { 'A/1': 1 }), released([4, 5], 'ann', ['A/1', 'A/2'], ['A/1'])],
        [step('hold', 'A/1', 1, 'ann', 3), step('release', 'A/1', 2, 'ann', 5)],
      ],
    }),
  )('%s', (_, [attempts, steps]) => {
    expect(rulesBroken(attempts, steps)).toEqual([]);
  });
});

describe('what does not', () => {
  it.each(
    Object.entries<[string[], Attempt[], Step[]]>({
      'an acknowledged hold is lost': [['ACKNOWLEDGED'], [held([2, 3], 'ann', { 'A/1': 1 })], []],
      'a hold with another deadline': [
        ['ACKNOWLEDGED', 'EXPLAINED'],
        [held([2, 3], 'ann', { 'A/1': 1 })],
        [step('hold', 'A/1', 1, 'ann', 3, { deadlineMs: EPOCH_MS })],
      ],
      'a hold acknowledged to two': [
        ['ACKNOWLEDGED'],
        [held([2, 3], 'ann', { 'A/1': 1 }), held([2, 3], 'bob', { 'A/1': 1 })],
        [step('hold', 'A/1', 1, 'ann', 3)],
      ],
      'an acknowledged book is lost': [['ACKNOWLEDGED'], [booked([4, 5], 'ann', ['A/1'], 'b1')], []],
      'an acknowledged release is lost': [
        ['ACKNOWLEDGED'],
        [held([2, 3], 'ann', { 'A/1': 1 }), released([4, 5], 'ann', ['A/1'])],
        [step('hold', 'A/1', 1, 'ann', 3)],
      ],
      'two releases acknowledged for one': [
        ['ACKNOWLEDGED'],
        [held([2, 3], 'ann', { 'A/1': 1 }), released([4, 6], 'ann', ['A/1']), released([4, 6], 'ann', ['A/1'])],
        [step('hold', 'A/1', 1, 'ann', 3), step('release', 'A/1', 2, 'ann', 5)],
      ],
      'a refused hold happened': [
        ['EXPLAINED'],
        [refused([4, 5], 'bob', 'hold', { 'A/1': 'SEAT_HELD' }, ['A/1', 'A/2']), held([2, 3], 'ann', { 'A/1': 1 })],
        [step('hold', 'A/1', 1, 'ann', 3), step('hold', 'A/2', 1, 'bob', 5)],
      ],
      'an unanswered hold happened twice': [
        ['EXPLAINED'],
        [unanswered(2, 'ann', 'hold', ['A/1']), released([4, 5], 'ann', ['A/1'])],
        [step('hold', 'A/1', 1, 'ann', 3), step('release', 'A/1', 2, 'ann', 5), step('hold', 'A/1', 3, 'ann', 7)],
      ],
      'it happened before it was sent': [
        ['EXPLAINED'],
        [unanswered(50, 'ann', 'hold', ['A/1'])],
        [step('hold', 'A/1', 1, 'ann', 3)],
      ],
      'later is less': [
        ['ORDER'],
        [held([2, 3], 'ann', { 'A/1': 3 }), held([6, 7], 'bob', { 'A/1': 1 })],
        [step('hold', 'A/1', 1, 'bob', 7), step('release', 'A/1', 2, 'carl', 2), step('hold', 'A/1', 3, 'ann', 3)],
      ],
      'a stale read': [
        ['ORDER'],
        [held([2, 3], 'ann', { 'A/1': 1 }), saw([4, 5], 'bob', { 'A/1': 'AVAILABLE 0' })],
        [step('hold', 'A/1', 1, 'ann', 3)],
      ],
      'a read of what never was': [['READ'], [saw([4, 5], 'bob', { 'A/1': 'HELD 1' })], []],
      'a read of another status': [
        ['READ'],
        [held([2, 3], 'ann', { 'A/1': 1 }), saw([4, 5], 'bob', { 'A/1': 'BOOKED 1' })],
        [step('hold', 'A/1', 1, 'ann', 3)],
      ],
      "a read that shows another's deadline": [
        ['READ'],
        [held([2, 3], 'ann', { 'A/1': 1 }), saw([4, 5], 'bob', { 'A/1': 'HELD 1 600003' })],
        [step('hold', 'A/1', 1, 'ann', 3)],
      ],
      'a refusal without a reason': [['REFUSAL'], [refused([4, 5], 'bob', 'hold', { 'A/1': 'SEAT_HELD' })], []],
      'a refusal that was over': [
        ['REFUSAL'],
        [
          held([2, 3], 'ann', { 'A/1': 1 }),
          released([4, 5], 'ann', ['A/1']),
          refused([6, 7], 'bob', 'hold', { 'A/1': 'SEAT_HELD' }),
        ],
        [step('hold', 'A/1', 1, 'ann', 3), step('release', 'A/1', 2, 'ann', 5)],
      ],
      'a refusal of a live hold of one’s own': [
        ['REFUSAL'],
        [held([2, 3], 'ann', { 'A/1': 1 }), refused([4, 5], 'ann', 'book', { 'A/1': 'HOLD_GONE' })],
        [step('hold', 'A/1', 1, 'ann', 3)],
      ],
      'a command in two transactions': [
        ['ONE_TRANSACTION'],
        [held([2, 3], 'ann', { 'A/1': 1, 'A/2': 1 })],
        [step('hold', 'A/1', 1, 'ann', 3), step('hold', 'A/2', 1, 'ann', 3, { transaction: 'other' })],
      ],
      'half an unanswered hold': [
        ['WHOLE'],
        [unanswered(2, 'ann', 'hold', ['A/1', 'A/2'])],
        [step('hold', 'A/1', 1, 'ann', 3)],
      ],
      'half an unanswered book': [
        ['WHOLE'],
        [held([2, 3], 'ann', { 'A/1': 1, 'A/2': 1 }), unanswered(4, 'ann', 'book', ['A/1', 'A/2'])],
        [step('hold', 'A/1', 1, 'ann', 3), step('hold', 'A/2', 1, 'ann', 3), book('A/1', 2, 'ann', 5, 'b1')],
      ],
      'half an unanswered release': [
        ['WHOLE'],
        [held([2, 3], 'ann', { 'A/1': 1, 'A/2': 1 }), unanswered(4, 'ann', 'release', ['A/1', 'A/2'])],
        [step('hold', 'A/1', 1, 'ann', 3), step('hold', 'A/2', 1, 'ann', 3), step('release', 'A/1', 2, 'ann', 5)],
      ],
      'a booking with one seat more': [
        ['BOOKING', 'EXPLAINED'],
        [held([2, 3], 'ann', { 'A/1': 1, 'A/2': 1 }), booked([4, 5], 'ann', ['A/1'], 'b1')],
        [
          step('hold', 'A/1', 1, 'ann', 3),
          step('hold', 'A/2', 1, 'ann', 3),
          book('A/1', 2, 'ann', 5, 'b1'),
          book('A/2', 2, 'ann', 5, 'b1'),
        ],
      ],
      'a booking at another time': [
        ['BOOKING'],
        [held([2, 3], 'ann', { 'A/1': 1 }), booked([4, 5], 'ann', ['A/1'], 'b1', { atMs: 4 })],
        [step('hold', 'A/1', 1, 'ann', 3), book('A/1', 2, 'ann', 5, 'b1')],
      ],
      "a booking of another's": [
        ['BOOKING'],
        [held([2, 3], 'ann', { 'A/1': 1 }), booked([4, 5], 'ann', ['A/1'], 'b1')],
        [step('hold', 'A/1', 1, 'ann', 3), book('A/1', 2, 'carl', 5, 'b1')],
      ],
    }),
  )('%s', (_, [rules, attempts, steps]) => {
    expect(rulesBroken(attempts, steps)).toEqual(rules);
  });

  it('but transactions are not compared after a restore', () => {
    const attempts = [held([2, 3], 'ann', { 'A/1': 1, 'A/2': 1 })];
    const steps = [step('hold', 'A/1', 1, 'ann', 3), step('hold', 'A/2', 1, 'ann', 3, { transaction: 'other' })];
    expect(rulesBroken(attempts, steps, { isRestored: true })).toEqual([]);
  });
});
