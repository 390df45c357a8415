import { checkAnswers } from './answer-check';
import type { Attempt } from './history';
import { operationsOf } from './operations';
import { serverClock } from './server-clock';
import { booked, EPOCH_MS, held, refused, released, saw, unanswered } from './testing';

describe('operationsOf', () => {
  const summary = (attempts: Attempt[]) =>
    operationsOf(attempts).operations.map(({ command, sentMs, answeredMs, answer }) => [
      command,
      sentMs,
      answeredMs,
      answer?.kind,
    ]);

  it('takes attempts under one key for one operation, from the first question to the first answer', () => {
    const key = { key: 'k' };
    expect(
      summary([
        unanswered(2, 'ann', 'hold', ['A/1'], key),
        held([5, 6], 'ann', { 'A/1': 1 }, key),
        held([7, 8], 'ann', { 'A/1': 1 }, { ...key, atMs: 6 }),
      ]),
    ).toEqual([['hold', 2, 6, 'held']]);
  });

  it("leaves apart what another holder, another command, other seats or no key makes another's", () => {
    const key = { key: 'k' };
    const attempts = [
      held([2, 3], 'ann', { 'A/1': 1 }, key),
      held([2, 3], 'bob', { 'A/2': 1 }, key),
      released([4, 5], 'ann', ['A/1'], ['A/1'], key),
      released([4, 5], 'ann', ['A/2'], [], key),
      released([4, 5], 'ann', ['A/2'], []),
      released([4, 5], 'ann', ['A/2'], []),
    ];
    expect(operationsOf(attempts).operations).toHaveLength(6);
  });

  it.each(
    Object.entries<[Partial<Attempt>, unknown[]]>({
      'no answer is unknown': [{ answeredMs: null, status: null }, [['hold', 2, Infinity, undefined]]],
      '5xx is unknown': [{ status: 503, code: 'BUSY', answer: null }, [['hold', 2, Infinity, undefined]]],
      'a refusal before the locks is nothing at all': [{ status: 429, code: 'RATE_LIMITED', answer: null }, []],
      'nor is a key in use': [{ status: 409, code: 'IDEMPOTENCY_IN_PROGRESS', answer: null }, []],
    }),
  )('%s', (_, [given, expected]) => {
    expect(
      summary([
        { ...held([2, 3], 'ann', { 'A/1': 1 }), ...(given.answeredMs === null ? { answer: null } : {}), ...given },
      ]),
    ).toEqual(expected);
  });

  it('finds two answers under one key', () => {
    const attempts = [
      held([2, 3], 'ann', { 'A/1': 1 }, { key: 'k' }),
      refused([4, 5], 'ann', 'hold', { 'A/1': 'SEAT_HELD' }, ['A/1'], { key: 'k' }),
    ];
    expect(operationsOf(attempts).violations.map(({ rule }) => rule)).toEqual(['SAME_KEY_SAME_ANSWER']);
  });
});

describe('checkAnswers', () => {
  const rules = (...attempts: Attempt[]) => checkAnswers(attempts).map(({ rule }) => rule);
  const hold = held([2, 3], 'ann', { 'A/1': 1 });

  it('finds nothing wrong with what the contract says', () => {
    const answers = [
      hold,
      booked([2, 3], 'ann', ['A/1'], 'b1'),
      released([2, 3], 'ann', ['A/1'], []),
      saw([2, 3], 'ann', { 'A/1': 'HELD 1' }),
    ];
    expect(
      rules(...answers, refused([2, 3], 'ann', 'book', { 'A/1': 'HOLD_GONE' }), unanswered(2, 'ann', 'book', ['A/1'])),
    ).toEqual([]);
  });

  it.each(
    Object.entries<[string, Attempt]>({
      'a body that is something else': ['WELL_FORMED', { ...hold, code: 'MALFORMED', answer: null }],
      'success without an answer': ['WELL_FORMED', { ...hold, answer: null }],
      'a refusal that a valid request can’t get': [
        'EXPECTED',
        { ...hold, status: 400, code: 'VALIDATION_FAILED', answer: null },
      ],
      'a reason that is none for this command': ['EXPECTED', refused([2, 3], 'ann', 'hold', { 'A/1': 'HOLD_GONE' })],
      'an answer about other seats': ['ITS_SEATS', { ...hold, seats: ['A/2'] }],
      'an answer about some of the seats': ['ITS_SEATS', { ...hold, seats: ['A/1', 'A/2'] }],
      'a release of what was not named': ['ITS_SEATS', released([2, 3], 'ann', ['A/1'], ['A/2'])],
      'a refusal for other seats': ['ITS_SEATS', refused([2, 3], 'ann', 'hold', { 'A/2': 'SEAT_HELD' }, ['A/1'])],
      'a refusal for no seat': ['ITS_SEATS', refused([2, 3], 'ann', 'hold', {}, ['A/1'])],
      'counts of another moment': [
        'COUNTS',
        {
          ...hold,
          command: 'read',
          answer: {
            kind: 'seen',
            serverTimeMs: 0,
            stats: { total: 1, available: 1, held: 0, booked: 0, blocked: 0 },
            seats: [{ seat: 'A/1', status: 'HELD', version: 1, deadlineMs: null }],
          },
        },
      ],
    }),
  )('finds %s', (_, [rule, attempt]) => {
    expect(rules(attempt)).toEqual([rule]);
  });
});

describe('serverClock', () => {
  it('is bounded by every fresh answer, and by no repeated one', () => {
    const attempts = [
      saw([0, 100], 'ann', {}),
      held([200, 210], 'ann', { 'A/1': 1 }, { atMs: 204 }),
      held([900, 901], 'ann', { 'A/1': 1 }, { atMs: 204, key: 'k', isReplayed: true }),
    ];
    const { aheadMinMs, aheadMaxMs } = serverClock(attempts);
    expect([aheadMinMs - EPOCH_MS, aheadMaxMs - EPOCH_MS]).toEqual([-1, 6]);
  });

  it('is unbounded without answers', () => {
    expect(serverClock([])).toEqual({ aheadMinMs: -Infinity, aheadMaxMs: Infinity });
  });
});
