import type { Attempt } from './history';
import { judgeOneSeat } from './one-seat';
import { held, refused, TTL_MS, unanswered } from './testing';

const SEAT = 'A/1';
const lost = (holder: string, period: [number, number] = [1, 9]) =>
  refused(period, holder, 'hold', { [SEAT]: 'SEAT_HELD' });

describe('one seat, wanted by all', () => {
  it.each(
    Object.entries<Attempt[]>({
      'has one winner': [held([1, 5], 'ann', { [SEAT]: 1 }), lost('bob'), lost('carl')],
      'is lawfully held by another once the first hold has lapsed, on however slow a machine': [
        held([1, 5], 'ann', { [SEAT]: 1 }),
        lost('carl'),
        held([1, TTL_MS + 90], 'bob', { [SEAT]: 3 }, { atMs: TTL_MS + 5 }),
      ],
      'may have a winner in between whose answer was lost': [
        held([1, 5], 'ann', { [SEAT]: 1 }),
        unanswered(1, 'bob', 'hold', [SEAT]),
        held([1, 2 * TTL_MS + 90], 'carl', { [SEAT]: 5 }, { atMs: 2 * TTL_MS + 50 }),
      ],
      'may have a winner whose answer was lost': [unanswered(1, 'ann', 'hold', [SEAT]), lost('bob')],
    }),
  )('%s', (_, attempts) => {
    expect(judgeOneSeat(attempts, SEAT)).toEqual([]);
  });

  it.each(
    Object.entries<[Attempt[], string]>({
      'two hold it at once, in versions that follow each other': [
        [held([1, 5], 'ann', { [SEAT]: 1 }), held([1, 6], 'bob', { [SEAT]: 3 }, { atMs: TTL_MS + 4 })],
        "bob got A/1 v3 while ann had v1, 1 ms before that hold's end",
      ],
      'two are told the same version': [
        [held([1, 5], 'ann', { [SEAT]: 1 }), held([1, 6], 'bob', { [SEAT]: 1 }, { atMs: 2 * TTL_MS })],
        'bob got A/1 v1 while ann had v1',
      ],
      'the lapse between two holds has no version': [
        [held([1, 5], 'ann', { [SEAT]: 1 }), held([1, 6], 'bob', { [SEAT]: 2 }, { atMs: 2 * TTL_MS })],
        'bob got A/1 v2 while ann had v1',
      ],
      'nobody gets it': [[lost('ann'), lost('bob')], 'nobody of 2 got A/1'],
      'someone is refused for another reason': [
        [held([1, 5], 'ann', { [SEAT]: 1 }), refused([1, 6], 'bob', 'hold', { [SEAT]: 'SEAT_BOOKED' })],
        'bob got 409 SEAT_UNAVAILABLE for A/1',
      ],
    }),
  )('a violation: %s', (_, [attempts, said]) => {
    expect(judgeOneSeat(attempts, SEAT)).toEqual([expect.stringContaining(said)]);
  });
});
