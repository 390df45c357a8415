import { describe, expect, it } from '@jest/globals';
import { LEDGER_RULES, LedgerStep, LedgerViolation, ReplayLimits, replaySeat, StoredSeat } from './ledger-replay';

const ANNE = 'user:anne';
const BOB = 'user:bob';
const BOOKING = '0d3b8a52-5f0e-4e6c-9d0a-0b6d3a1e7c11';
const DEADLINE = 600_000;
const DAY = 86_400_000;

const hold = (version: number, atMs: number, more: Partial<LedgerStep> = {}): LedgerStep => ({
  version,
  command: 'hold',
  from: 'AVAILABLE',
  to: 'HELD',
  holderId: ANNE,
  holdExpiresAtMs: atMs + DEADLINE,
  bookingId: null,
  price: '100.00',
  atMs,
  ...more,
});
/** The end of a hold that began at 0. */
const book = (version: number, atMs: number, more: Partial<LedgerStep> = {}): LedgerStep => ({
  version,
  command: 'book',
  from: 'HELD',
  to: 'BOOKED',
  holderId: ANNE,
  holdExpiresAtMs: DEADLINE,
  bookingId: BOOKING,
  price: '100.00',
  atMs,
  ...more,
});
const release = (version: number, atMs: number, more: Partial<LedgerStep> = {}): LedgerStep =>
  book(version, atMs, { command: 'release', to: 'AVAILABLE', bookingId: null, price: null, ...more });
const expire = (version: number, atMs: number, more: Partial<LedgerStep> = {}): LedgerStep =>
  release(version, atMs, { command: 'expire', ...more });

const free = (version: number): StoredSeat => ({
  status: 'AVAILABLE',
  version,
  holderId: null,
  holdPrice: null,
  heldAtMs: null,
  holdExpiresAtMs: null,
  bookingId: null,
});
const held = (version: number, more: Partial<StoredSeat> = {}): StoredSeat => ({
  ...free(version),
  status: 'HELD',
  holderId: ANNE,
  holdPrice: '100.00',
  heldAtMs: 0,
  holdExpiresAtMs: DEADLINE,
  ...more,
});
const booked = (version: number, more: Partial<StoredSeat> = {}): StoredSeat => ({
  ...free(version),
  status: 'BOOKED',
  holderId: ANNE,
  holdPrice: '100.00',
  heldAtMs: 0,
  bookingId: BOOKING,
  ...more,
});

const blocked = (version: number): StoredSeat => ({ ...free(version), status: 'BLOCKED' });
const block = (version: number, atMs: number, more: Partial<LedgerStep> = {}): LedgerStep => ({
  version,
  command: 'block',
  from: 'AVAILABLE',
  to: 'BLOCKED',
  holderId: null,
  holdExpiresAtMs: null,
  bookingId: null,
  price: null,
  atMs,
  ...more,
});
const unblock = (version: number, atMs: number): LedgerStep =>
  block(version, atMs, { command: 'unblock', from: 'BLOCKED', to: 'AVAILABLE' });

const FAULTLESS: [string, StoredSeat, LedgerStep[]][] = [
  ['a seat nobody wanted', free(0), []],
  ['a hold', held(1), [hold(1, 0)]],
  ['a hold booked in its last millisecond', booked(2), [hold(1, 0), book(2, DEADLINE - 1)]],
  ['a hold released in its last millisecond', free(2), [hold(1, 0), release(2, DEADLINE - 1)]],
  ['a hold expired at its deadline', free(2), [hold(1, 0), expire(2, DEADLINE)]],
  ['a hold of one millisecond', held(1, { holdExpiresAtMs: 1 }), [hold(1, 0, { holdExpiresAtMs: 1 })]],
  [
    'a lapsed hold taken over by another in one transaction',
    held(3, { holderId: BOB, heldAtMs: DEADLINE, holdExpiresAtMs: 2 * DEADLINE }),
    [hold(1, 0), expire(2, DEADLINE), hold(3, DEADLINE, { holderId: BOB })],
  ],
  [
    'a booked seat of version 0.1, which forgot its hold',
    booked(2, { heldAtMs: null, holdPrice: null }),
    [hold(1, 0), book(2, 1, { price: null })],
  ],
  ['a hold released in the millisecond it was made', free(2), [hold(1, 0), release(2, 0)]],
  ['a seat blocked and put back on sale', free(2), [block(1, 0), unblock(2, 1)]],
  ['a lapsed hold taken over by a block', blocked(3), [hold(1, 0), expire(2, DEADLINE), block(3, DEADLINE)]],
  [
    'a hold and a book of version 0.1, without prices',
    booked(2, { holdPrice: null }),
    [hold(1, 0, { price: null }), book(2, 1, { price: null })],
  ],
  [
    'a hold with its price, booked by an instance of version 0.1',
    booked(2, { holdPrice: '100.00' }),
    [hold(1, 0), book(2, 1, { price: null })],
  ],
];

const FAULTS: [LedgerViolation['rule'], number, string, StoredSeat | undefined, LedgerStep[], ReplayLimits?][] = [
  ['VERSIONS', 2, 'the first step is missing', held(2), [hold(2, 0)]],
  [
    'VERSIONS',
    4,
    'a version is left out',
    held(4, { heldAtMs: 2 }),
    [hold(1, 0), release(2, 1), hold(4, 0 + 2, { holdExpiresAtMs: DEADLINE })],
  ],
  ['VERSIONS', 1, 'a version comes twice', free(1), [hold(1, 0), release(1, 1)]],
  ['LEGAL_STEP', 1, 'an unknown command', held(1), [hold(1, 0, { command: 'steal' })]],
  ['LEGAL_STEP', 1, 'a name every object has', held(1), [hold(1, 0, { command: 'constructor' })]],
  [
    'LEGAL_STEP',
    1,
    'a book of a seat that is not held',
    booked(1, { heldAtMs: null }),
    [book(1, 0, { from: 'AVAILABLE' })],
  ],
  [
    'LEGAL_STEP',
    2,
    'a release that keeps the seat',
    held(2, { heldAtMs: 1 }),
    [hold(1, 0), release(2, 1, { to: 'HELD' })],
  ],
  [
    'CHAIN',
    2,
    'a hold of a held seat',
    held(2, { heldAtMs: 1, holdExpiresAtMs: DEADLINE + 1 }),
    [hold(1, 0), hold(2, 1)],
  ],
  [
    'CHAIN',
    3,
    'a hold of a booked seat',
    held(3, { heldAtMs: 2, holdExpiresAtMs: DEADLINE + 2 }),
    [hold(1, 0), book(2, 1), hold(3, 2)],
  ],
  ['CHAIN', 3, 'a booked seat is booked again', booked(3), [hold(1, 0), book(2, 1), book(3, 2)]],
  ['CHAIN', 1, 'an end without a beginning', booked(1, { heldAtMs: null }), [book(1, 0)]],
  ['TIME', 2, 'time runs back', free(2), [hold(1, 5, { holdExpiresAtMs: DEADLINE }), release(2, 4)]],
  [
    'HOLD_DEADLINE',
    1,
    'a hold without a deadline',
    held(1, { holdExpiresAtMs: null }),
    [hold(1, 0, { holdExpiresAtMs: null })],
  ],
  [
    'HOLD_DEADLINE',
    1,
    'a hold that is over when it begins',
    held(1, { heldAtMs: 7, holdExpiresAtMs: 7 }),
    [hold(1, 7, { holdExpiresAtMs: 7 })],
  ],
  [
    'HOLD_TTL',
    1,
    'a hold of a day and more',
    held(1, { holdExpiresAtMs: DAY + 1 }),
    [hold(1, 0, { holdExpiresAtMs: DAY + 1 })],
  ],
  ['HOLD_TTL', 1, 'a hold longer than holds are', held(1), [hold(1, 0)], { holdTtlMs: DEADLINE - 1 }],
  ['SALES_WINDOW', 1, 'a hold before sales', held(1), [hold(1, 0)], { sales: { openMs: 1, closeMs: DAY } }],
  [
    'SALES_WINDOW',
    2,
    'a book when sales have closed',
    booked(2),
    [hold(1, 0), book(2, 5)],
    { sales: { openMs: 0, closeMs: 5 } },
  ],
  ['DEADLINE_MOVED', 2, 'a later deadline', booked(2), [hold(1, 0), book(2, 1, { holdExpiresAtMs: DEADLINE + 1 })]],
  ['DEADLINE_MOVED', 2, 'an earlier deadline', free(2), [hold(1, 0), expire(2, 9, { holdExpiresAtMs: 9 })]],
  ['DEADLINE_MOVED', 2, 'a lost deadline', booked(2), [hold(1, 0), book(2, 1, { holdExpiresAtMs: null })]],
  ['HOLDER', 2, 'booked by another', booked(2, { holderId: BOB }), [hold(1, 0), book(2, 1, { holderId: BOB })]],
  ['HOLDER', 2, 'released by another', free(2), [hold(1, 0), release(2, 1, { holderId: BOB })]],
  ['HOLDER', 2, "expired as another's", free(2), [hold(1, 0), expire(2, DEADLINE, { holderId: BOB })]],
  ['BOOKED_LATE', 2, 'booked at the deadline', booked(2), [hold(1, 0), book(2, DEADLINE)]],
  ['RELEASED_LATE', 2, 'released at the deadline', free(2), [hold(1, 0), release(2, DEADLINE)]],
  ['EXPIRED_EARLY', 2, 'expired before the deadline', free(2), [hold(1, 0), expire(2, DEADLINE - 1)]],
  [
    'BOOKING_NAMED',
    2,
    'a book without a booking',
    booked(2, { bookingId: null }),
    [hold(1, 0), book(2, 1, { bookingId: null })],
  ],
  ['BOOKING_NAMED', 1, 'a hold with a booking', held(1), [hold(1, 0, { bookingId: BOOKING })]],
  [
    'LEGAL_STEP',
    1,
    'an unblock of a free seat',
    free(1),
    [unblock(1, 0)].map((step) => ({ ...step, from: 'AVAILABLE' })),
  ],
  ['CHAIN', 2, 'a block of a held seat', blocked(2), [hold(1, 0), block(2, 1)]],
  ['BOOKING_NAMED', 1, 'a block with a booking', blocked(1), [block(1, 0, { bookingId: BOOKING })]],
  [
    'PRICE',
    2,
    'booked at another price',
    booked(2, { holdPrice: '250.00' }),
    [hold(1, 0), book(2, 1, { price: '250.00' })],
  ],
  ['STORED_SEAT', 1, 'another beginning of the hold', held(1, { heldAtMs: 1 }), [hold(1, 0)]],
  ['STORED_SEAT', 2, 'a booked seat that forgot its hold', booked(2, { heldAtMs: null }), [hold(1, 0), book(2, 1)]],
  ['STORED_SEAT', 1, 'another frozen price', held(1, { holdPrice: '250.00' }), [hold(1, 0)]],
  ['STORED_SEAT', 1, 'a step that did not reach the seat', free(0), [hold(1, 0)]],
  ['STORED_SEAT', 0, 'a seat changed without a step', held(1), []],
  ['STORED_SEAT', 0, 'a seat counted on without a step', free(1), []],
  ['STORED_SEAT', 1, 'another status', { ...held(1), status: 'BOOKED' }, [hold(1, 0)]],
  ['STORED_SEAT', 1, 'another holder', held(1, { holderId: BOB }), [hold(1, 0)]],
  ['STORED_SEAT', 1, 'another deadline', held(1, { holdExpiresAtMs: DEADLINE + 1 }), [hold(1, 0)]],
  ['STORED_SEAT', 2, 'another booking', booked(2, { bookingId: 'another' }), [hold(1, 0), book(2, 1)]],
  ['STORED_SEAT', 2, 'a holder left behind', { ...free(2), holderId: ANNE }, [hold(1, 0), release(2, 1)]],
  ['SEAT_EXISTS', 1, 'no such seat', undefined, [hold(1, 0)]],
];

describe('replaying the ledger of a seat', () => {
  it('has nothing to say about sales from the first to the last millisecond', () => {
    const steps = [hold(1, 0), book(2, 9)];
    expect(replaySeat(booked(2), steps, { holdTtlMs: DEADLINE, sales: { openMs: 0, closeMs: 10 } })).toEqual([]);
  });

  it.each(FAULTLESS)('has nothing to say about %s', (_, stored, steps) => {
    expect(replaySeat(stored, steps)).toEqual([]);
  });

  it.each(FAULTS)('finds %s at version %i: %s', (rule, version, _, stored, steps, limits = {}) => {
    const found = replaySeat(stored, steps, limits).map((violation) => ({
      rule: violation.rule,
      version: violation.version,
    }));

    expect(found).toEqual([{ rule, version }]);
  });

  it('says what it found', () => {
    expect(replaySeat(booked(2), [hold(1, 0), book(2, DEADLINE)])).toEqual([
      { rule: 'BOOKED_LATE', version: 2, detail: 'at 1970-01-01T00:10:00.000Z, deadline 1970-01-01T00:10:00.000Z' },
    ]);
  });

  it('has words for instants that are none', () => {
    const [violation] = replaySeat(held(1, { holdExpiresAtMs: -Infinity }), [
      hold(1, 0, { holdExpiresAtMs: -Infinity }),
    ]);

    expect(violation?.detail).toContain('-Infinity');
  });

  it('goes on after a fault and finds the next', () => {
    const rules = replaySeat(free(4), [hold(1, 0), expire(2, 5), hold(3, 10), release(4, 20, { holderId: BOB })]).map(
      (violation) => violation.rule,
    );

    expect(rules).toEqual(['EXPIRED_EARLY', 'HOLDER', 'DEADLINE_MOVED']);
  });

  it('has a planted fault for every rule', () => {
    expect(new Set(FAULTS.map(([rule]) => rule))).toEqual(new Set(Object.keys(LEDGER_RULES)));
  });
});
