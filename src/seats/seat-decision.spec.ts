import { serialize } from 'node:v8';
import fc from 'fast-check';
import { Deadlines, DecidableCommand, NO_HOLDINGS, Scene } from './commands/command';
import { SEAT_COMMANDS, SeatCommandName } from './commands/registry';
import { Refusal, REFUSALS } from './commands/refusal';
import { decide, Decision } from './seat-decision';
import { GivenUpHold, seatKey, SeatRef, SeatState, SeatTransition } from './seat-transitions';

const NOW = 1_800_000_000_000;
const TTL = 600_000;
const SHOW = 7;

/** `A1` as a seat. */
function ref(name: string): SeatRef {
  return { row: name[0]!, number: Number(name.slice(1)) };
}

function free(name: string, version = 0): SeatState {
  return {
    ...ref(name),
    showId: SHOW,
    status: 'AVAILABLE',
    version,
    price: '100.00',
    holdPrice: null,
    holderId: null,
    heldAtMs: null,
    holdExpiresAtMs: null,
    holdSlot: null,
    addressKey: null,
    networkKey: null,
    bookingId: null,
    givenUp: null,
  };
}

function held(name: string, holderId: string, holdExpiresAtMs = NOW + 1, holdSlot = 1): SeatState {
  return {
    ...free(name, 1),
    status: 'HELD',
    holdPrice: '100.00',
    holderId,
    heldAtMs: holdExpiresAtMs - TTL,
    holdExpiresAtMs,
    holdSlot,
  };
}

function givenUpBy(holderId: string, atMs = NOW - 1, addressKey: string | null = null): GivenUpHold {
  return { holderId, addressKey, atMs };
}

function booked(name: string, holderId: string, bookingId = `booking of ${holderId}`): SeatState {
  return { ...free(name, 2), status: 'BOOKED', holdPrice: '100.00', holderId, heldAtMs: NOW - TTL, bookingId };
}

function blocked(name: string): SeatState {
  return { ...free(name, 1), status: 'BLOCKED' };
}

/** What each standing looks like to `me`. */
const STANDING: Record<string, (name: string) => SeatState> = {
  AVAILABLE: (name) => free(name),
  'HELD by me': (name) => held(name, 'me', NOW + 1, ref(name).number),
  'HELD by another': (name) => held(name, 'another'),
  lapsed: (name) => held(name, 'another', NOW),
  'BOOKED by me': (name) => booked(name, 'me'),
  'BOOKED by another': (name) => booked(name, 'another'),
  BLOCKED: blocked,
};

// The table of the contract, as it stands there.
const CONTRACT = `
| command | AVAILABLE   | HELD by me  | HELD by another | lapsed      | BOOKED by me | BOOKED by another | BLOCKED      |
| hold    | → HELD      | no change   | SEAT_HELD       | → HELD      | SEAT_BOOKED  | SEAT_BOOKED       | SEAT_BLOCKED |
| book    | HOLD_GONE   | → BOOKED    | SEAT_HELD       | HOLD_GONE   | same booking | SEAT_BOOKED       | SEAT_BLOCKED |
| release | no change   | → AVAILABLE | SEAT_HELD       | no change   | SEAT_BOOKED  | SEAT_BOOKED       | SEAT_BLOCKED |
| expire  | no change   | no change   | no change       | → AVAILABLE | no change    | no change         | no change    |
| block   | → BLOCKED   | SEAT_HELD   | SEAT_HELD       | → BLOCKED   | SEAT_BOOKED  | SEAT_BOOKED       | no change    |
| unblock | no change   | no change   | no change       | no change   | no change    | no change         | → AVAILABLE  |
`;
const [head, ...rows] = CONTRACT.trim()
  .split('\n')
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
const STANDINGS = head!.slice(1);
const CELLS = rows.flatMap(([command, ...row]) =>
  row.map((expected, column) => [command as SeatCommandName, STANDINGS[column]!, expected] as const),
);
const EXPECTED = new Map(CELLS.map(([command, name, expected]) => [`${command} ${name}`, expected]));

/** The scene of a hold without obstacles; a holder's holdings follow from the seats. */
function scene(seats: readonly SeatState[], holderId: string | null = 'me', changes: Partial<Scene> = {}): Scene {
  const holds = seats.filter((seat) => seat.status === 'HELD' && seat.holderId === holderId);
  return {
    nowMs: NOW,
    holdTtlMs: TTL,
    maxHeldSeats: 10,
    maxSeats: 20,
    maxHeldSeatsPerAddress: 100,
    maxHeldSeatsPerNetwork: 1_000,
    reholdCooldownMs: 0,
    show: { salesOpen: true, salesCloseMs: Infinity, currency: 'USD' },
    seats: new Map(seats.map((seat) => [seatKey(SHOW, seat), seat])),
    holdings: {
      holds: new Map(
        holds.map(({ row, number, holdExpiresAtMs }) => [
          seatKey(SHOW, { row, number }),
          { row, number, holdExpiresAtMs: holdExpiresAtMs! },
        ]),
      ),
      slotOwners: new Map(holds.map((seat) => [seat.holdSlot!, seatKey(SHOW, seat)])),
      booked: seats.filter((seat) => seat.status === 'BOOKED' && seat.holderId === holderId).length,
    },
    heldFrom: (key) => deadlinesOf(seats, key),
    bookingSize: (id) => seats.filter((seat) => seat.bookingId === id).length || undefined,
    newBooking: { id: 'the new booking', reference: 'K7QM-3XVD' },
    ...changes,
  };
}

/** Of the holds that count for an address or a network. */
function deadlinesOf(seats: readonly SeatState[], key: string): Deadlines {
  const deadlines = new Map<number, number>();
  for (const { status, addressKey, networkKey, holdExpiresAtMs: deadlineMs } of seats) {
    if (status !== 'HELD' || (addressKey !== key && networkKey !== key)) continue;
    deadlines.set(deadlineMs!, (deadlines.get(deadlineMs!) ?? 0) + 1);
  }
  return deadlines;
}

function command(
  name: SeatCommandName,
  seats: readonly string[],
  holderId: string | null = 'me',
): DecidableCommand<SeatCommandName> {
  const reason = name === 'block' ? { reason: 'broken' } : {};
  return { name, showId: SHOW, holderId, actorId: holderId, seats: seats.map(ref), ...reason };
}

function on(
  seats: readonly SeatState[],
  name: SeatCommandName,
  changes: Partial<Scene> = {},
  holderId: string | null = 'me',
): Decision {
  const names = seats.map((seat) => `${seat.row}${seat.number}`);
  return decide(command(name, names, holderId), scene(seats, holderId, changes));
}

/** The whole decision about one seat, in the words of the table. */
function inWords(decision: Decision): string {
  switch (decision.kind) {
    case 'accepted':
      return decision.transitions.length === 0 ? 'no change' : `→ ${decision.seats[0]!.status}`;
    case 'repeated-booking':
      return 'same booking';
    case 'refused':
      return decision.seats[0]?.code ?? decision.code;
    case 'slots-taken':
      return 'slots-taken';
  }
}

const refusal = (code: string, seats: Record<string, string> = {}, why: object = {}) => ({
  kind: 'refused',
  code,
  seats: Object.entries(seats).map(([name, code]) => ({ ...ref(name), code })),
  ...why,
});

const beyond = (code: string, max: number, of = 'holder') => refusal(code, {}, { limit: { of, max } });
const accepted = (seats: SeatState[], transitions: object[] = []) => ({
  kind: 'accepted',
  seats,
  transitions: transitions.map((step) => ({ actorId: null, reason: null, bookingId: null, price: null, ...step })),
  outcome: expect.anything(),
});

describe('a hold by the successor of a guest', () => {
  const taken = (seats: readonly SeatState[], changes: Partial<Scene> = {}) =>
    decide(
      {
        ...command(
          'hold',
          seats.map((seat) => `${seat.row}${seat.number}`),
        ),
        successorOf: 'guest',
      },
      scene(seats, 'me', changes),
    );

  it('takes the guest’s live hold over, at its price and until its deadline, as a release and a hold', () => {
    const found = { ...held('A1', 'guest', NOW + 1, 4), holdPrice: '80.00' };
    const step = { ...ref('A1'), showId: SHOW, actorId: 'me', holdExpiresAtMs: NOW + 1 };
    expect(taken([found])).toEqual(
      accepted(
        [{ ...found, version: 3, holderId: 'me', heldAtMs: NOW, holdSlot: 1 }],
        [
          { ...step, version: 2, command: 'release', from: 'HELD', to: 'AVAILABLE', holderId: 'guest' },
          { ...step, version: 3, command: 'hold', from: 'AVAILABLE', to: 'HELD', holderId: 'me', price: '80.00' },
        ],
      ),
    );
  });

  it('at the price of the seat where the hold of version 0.1 kept none', () => {
    const found = { ...held('A1', 'guest'), holdPrice: null, price: '90.00' };
    expect(taken([found])).toMatchObject({ seats: [{ holdPrice: '90.00' }] });
  });

  it.each<[string, SeatState, string]>([
    ['a free seat', free('A1'), 'HOLD_GONE'],
    ['the guest’s lapsed hold', held('A1', 'guest', NOW), 'HOLD_GONE'],
    ['a hold of another', held('A1', 'another'), 'HOLD_GONE'],
    ['a lapsed hold of another', held('A1', 'another', NOW), 'HOLD_GONE'],
    ['a seat that the guest booked', booked('A1', 'guest'), 'HOLD_GONE'],
    ['a blocked seat', blocked('A1'), 'HOLD_GONE'],
    ['an own hold', held('A1', 'me'), 'no change'],
  ])('does nothing to %s', (_, seat, expected) => {
    expect(inWords(taken([seat]))).toBe(expected);
  });

  it('keeps within the limit, and within the sales window', () => {
    const seats = [held('A1', 'me', NOW + 1, 1), held('A2', 'guest', NOW + 1, 1)];
    expect(
      decide({ ...command('hold', ['A2']), successorOf: 'guest' }, scene(seats, 'me', { maxHeldSeats: 1 })),
    ).toEqual(beyond('HOLD_LIMIT_EXCEEDED', 1));
    expect(
      taken([held('A1', 'guest')], { show: { salesOpen: false, salesCloseMs: Infinity, currency: 'USD' } }),
    ).toEqual(refusal('SALES_CLOSED'));
  });
});

describe('one seat', () => {
  it.each(CELLS)('%s, %s: %s', (name, column, expected) => {
    expect(inWords(on([STANDING[column]!('A1')], name))).toBe(expected);
  });

  it('expire is decided the same when it is nobody who asks', () => {
    expect(STANDINGS.map((name) => inWords(on([STANDING[name]!('A1')], 'expire', {}, null)))).toEqual([
      'no change',
      'no change',
      'no change',
      '→ AVAILABLE',
      'no change',
      'no change',
      'no change',
    ]);
  });

  it('my own lapsed hold is like anybody else’s', () => {
    const mine = held('A1', 'me', NOW);
    expect(inWords(on([mine], 'hold'))).toBe('→ HELD');
    expect(inWords(on([mine], 'book'))).toBe('HOLD_GONE');
    expect(inWords(on([mine], 'release'))).toBe('no change');
    expect(inWords(on([mine], 'expire', {}, null))).toBe('→ AVAILABLE');
  });

  it.each<[string, number, string, string, string, string]>([
    ['1 ms before', NOW + 1, 'no change', '→ BOOKED', '→ AVAILABLE', 'no change'],
    ['at', NOW, '→ HELD', 'HOLD_GONE', 'no change', '→ AVAILABLE'],
    ['1 ms after', NOW - 1, '→ HELD', 'HOLD_GONE', 'no change', '→ AVAILABLE'],
  ])('%s the deadline of my hold', (_, deadline, hold, book, release, expire) => {
    const seat = [held('A1', 'me', deadline)];
    expect((['hold', 'book', 'release', 'expire'] as const).map((name) => inWords(on(seat, name)))).toEqual([
      hold,
      book,
      release,
      expire,
    ]);
  });

  it.each<[string, number, string, string, string]>([
    ['1 ms before', NOW + 1, 'SEAT_HELD', 'SEAT_HELD', 'SEAT_HELD'],
    ['at', NOW, '→ HELD', 'HOLD_GONE', 'no change'],
    ['1 ms after', NOW - 1, '→ HELD', 'HOLD_GONE', 'no change'],
  ])('%s the deadline of another’s hold', (_, deadline, hold, book, release) => {
    const seat = [held('A1', 'another', deadline)];
    expect((['hold', 'book', 'release'] as const).map((name) => inWords(on(seat, name)))).toEqual([
      hold,
      book,
      release,
    ]);
  });
});

describe('what is stored', () => {
  it('hold: the holder, the deadline, a slot, one step', () => {
    const seat = { ...free('A1', 4), price: '12.50' };
    expect(on([seat], 'hold')).toEqual(
      accepted(
        [
          {
            ...seat,
            status: 'HELD',
            version: 5,
            holdPrice: '12.50',
            holderId: 'me',
            heldAtMs: NOW,
            holdExpiresAtMs: NOW + TTL,
            holdSlot: 1,
          },
        ],
        [
          {
            ...ref('A1'),
            showId: SHOW,
            version: 5,
            command: 'hold',
            from: 'AVAILABLE',
            to: 'HELD',
            holderId: 'me',
            actorId: 'me',
            holdExpiresAtMs: NOW + TTL,
            price: '12.50',
          },
        ],
      ),
    );
  });

  it.each(['me', 'another'])('hold over a lapsed hold of %s: expire and hold, version + 2', (holderId) => {
    const lapsed = held('A1', holderId, NOW - 5);
    expect(on([lapsed], 'hold')).toEqual(
      accepted(
        [{ ...held('A1', 'me', NOW + TTL), version: 3 }],
        [
          {
            ...ref('A1'),
            showId: SHOW,
            version: 2,
            command: 'expire',
            from: 'HELD',
            to: 'AVAILABLE',
            holderId,
            holdExpiresAtMs: NOW - 5,
          },
          {
            ...ref('A1'),
            showId: SHOW,
            version: 3,
            command: 'hold',
            from: 'AVAILABLE',
            to: 'HELD',
            holderId: 'me',
            actorId: 'me',
            holdExpiresAtMs: NOW + TTL,
            price: '100.00',
          },
        ],
      ),
    );
  });

  it('the outcome of a hold is the same whether or not the lapsed hold was expired before', () => {
    const lapsed = held('A1', 'another', NOW);
    const expired = on([lapsed], 'expire', {}, null) as Extract<Decision, { kind: 'accepted' }>;
    const after = on(expired.seats, 'hold') as Extract<Decision, { kind: 'accepted' }>;
    expect(on([lapsed], 'hold')).toEqual(accepted([...after.seats], [...expired.transitions, ...after.transitions]));
  });

  it('book: the booking, and no hold, at the price that the hold froze', () => {
    const seat = { ...held('A1', 'me', NOW + 1), price: '250.00' };
    expect(on([seat], 'book')).toEqual(
      accepted(
        [{ ...booked('A1', 'me', 'the new booking'), price: '250.00', heldAtMs: NOW + 1 - TTL }],
        [
          {
            ...ref('A1'),
            showId: SHOW,
            version: 2,
            command: 'book',
            from: 'HELD',
            to: 'BOOKED',
            holderId: 'me',
            actorId: 'me',
            holdExpiresAtMs: NOW + 1,
            bookingId: 'the new booking',
            price: '100.00',
          },
        ],
      ),
    );
  });

  it.each<[SeatCommandName, SeatState]>([
    ['release', held('A1', 'me', NOW + 1)],
    ['expire', held('A1', 'me', NOW)],
  ])('%s: a free seat, and whose hold it was', (name, seat) => {
    expect(on([seat], name, {}, name === 'expire' ? null : 'me')).toEqual(
      accepted(
        [free('A1', 2)],
        [
          {
            ...ref('A1'),
            showId: SHOW,
            version: 2,
            command: name,
            from: 'HELD',
            to: 'AVAILABLE',
            holderId: 'me',
            actorId: name === 'release' ? 'me' : null,
            holdExpiresAtMs: seat.holdExpiresAtMs,
          },
        ],
      ),
    );
  });

  it('book of a hold of version 0.1: at the price of the seat', () => {
    const seat = { ...held('A1', 'me', NOW + 1), holdPrice: null, price: '90.00' };
    const { seats, transitions } = on([seat], 'book') as Extract<Decision, { kind: 'accepted' }>;
    expect([seats[0]!.holdPrice, transitions[0]!.price]).toEqual(['90.00', '90.00']);
  });

  it('block and unblock: no holder, and why', () => {
    const step = { ...ref('A1'), showId: SHOW, holderId: null, actorId: 'me', holdExpiresAtMs: null };
    expect(on([free('A1')], 'block')).toEqual(
      accepted(
        [blocked('A1')],
        [{ ...step, version: 1, command: 'block', from: 'AVAILABLE', to: 'BLOCKED', reason: 'broken' }],
      ),
    );
    expect(on([blocked('A1')], 'unblock')).toEqual(
      accepted([free('A1', 2)], [{ ...step, version: 2, command: 'unblock', from: 'BLOCKED', to: 'AVAILABLE' }]),
    );
    expect(on([held('A1', 'another', NOW)], 'block')).toEqual(
      accepted(
        [{ ...blocked('A1'), version: 3 }],
        [
          {
            ...step,
            version: 2,
            command: 'expire',
            from: 'HELD',
            to: 'AVAILABLE',
            holderId: 'another',
            actorId: null,
            holdExpiresAtMs: NOW,
          },
          { ...step, version: 3, command: 'block', from: 'AVAILABLE', to: 'BLOCKED', reason: 'broken' },
        ],
      ),
    );
  });

  it('nothing where nothing changes: holding again never moves the deadline', () => {
    const mine = held('A1', 'me', NOW + 1);
    expect(on([mine], 'hold')).toEqual(accepted([mine]));
    expect(on([free('A1')], 'release')).toEqual(accepted([free('A1')]));
  });

  it('only the seats that change, of those that are named', () => {
    const mine = held('A1', 'me', NOW + 1);
    const decision = on([mine, free('A2')], 'hold') as Extract<Decision, { kind: 'accepted' }>;
    expect(decision.seats).toEqual([
      mine,
      expect.objectContaining({ number: 2, status: 'HELD', holdExpiresAtMs: NOW + TTL }),
    ]);
    expect(decision.transitions).toEqual([expect.objectContaining({ number: 2, command: 'hold' })]);
  });
});

describe('several seats: all or nothing', () => {
  it('a refusal lists every offending seat, each with its own reason, in order', () => {
    const seats = ['AVAILABLE', 'HELD by me', 'HELD by another', 'lapsed', 'BOOKED by me', 'BOOKED by another'].map(
      (name, index) => STANDING[name]!(`A${index + 1}`),
    );
    expect(on(seats, 'hold')).toEqual(
      refusal('SEAT_UNAVAILABLE', { A3: 'SEAT_HELD', A5: 'SEAT_BOOKED', A6: 'SEAT_BOOKED' }),
    );
    expect(on(seats, 'book')).toEqual(
      refusal('NOT_YOUR_HOLD', {
        A1: 'HOLD_GONE',
        A3: 'SEAT_HELD',
        A4: 'HOLD_GONE',
        A5: 'SEAT_BOOKED',
        A6: 'SEAT_BOOKED',
      }),
    );
    expect(on(seats, 'release')).toEqual(
      refusal('NOT_YOUR_HOLD', { A3: 'SEAT_HELD', A5: 'SEAT_BOOKED', A6: 'SEAT_BOOKED' }),
    );
  });

  const triples = STANDINGS.flatMap((a) => STANDINGS.flatMap((b) => STANDINGS.map((c) => [a, b, c])));

  it.each(SEAT_COMMANDS)('%s: every combination of three standings', (name) => {
    for (const triple of triples) {
      const seats = triple.map((standing, index) => STANDING[standing]!(`A${index + 1}`));
      const decision = on(seats, name);
      const expected = triple.map((standing) => EXPECTED.get(`${name} ${standing}`)!);
      // `book` of nothing but one's own booking repeats it; beside anything else such a seat is simply booked.
      const repeats = expected.every((cell) => cell === 'same booking');
      const refusals = expected
        .map((cell) => (cell === 'same booking' ? 'SEAT_BOOKED' : cell))
        .map((cell) => (/^[A-Z_]+$/.test(cell) ? cell : null));

      if (repeats) {
        expect(decision).toEqual({ kind: 'repeated-booking', bookingId: 'booking of me' });
      } else if (refusals.some(Boolean)) {
        const offending = Object.fromEntries(
          refusals.flatMap((code, index) => (code ? [[`A${index + 1}`, code]] : [])),
        );
        const code = name === 'hold' || name === 'block' ? 'SEAT_UNAVAILABLE' : 'NOT_YOUR_HOLD';
        expect(decision).toEqual(refusal(code, offending));
      } else {
        if (decision.kind !== 'accepted') throw new Error(`${name} on ${triple.join(', ')} is ${decision.kind}`);
        const got = decision.seats.map((seat, index) => (seat === seats[index] ? 'no change' : `→ ${seat.status}`));
        expect([triple, got]).toEqual([triple, expected]);
        const changed = expected.flatMap((cell, index) => (cell === 'no change' ? [] : [index + 1]));
        expect(new Set(decision.transitions.map((step) => step.number))).toEqual(new Set(changed));
      }
    }
  });
});

describe('repeating a book', () => {
  const pair = [booked('A1', 'me', 'mine'), booked('A2', 'me', 'mine')];
  const book = (names: string[], seats: SeatState[], holderId = 'me') =>
    decide(command('book', names, holderId), scene(seats, holderId));

  it('of the same set, in any order, is the same booking', () => {
    expect(book(['A1', 'A2'], pair)).toEqual({ kind: 'repeated-booking', bookingId: 'mine' });
    expect(book(['A2', 'A1'], pair)).toEqual({ kind: 'repeated-booking', bookingId: 'mine' });
  });

  it('of a part of it is refused', () => {
    expect(book(['A1'], pair)).toEqual(refusal('NOT_YOUR_HOLD', { A1: 'SEAT_BOOKED' }));
  });

  it.each<[string, SeatState, Record<string, string>]>([
    ['a free seat', free('A3'), { A3: 'HOLD_GONE' }],
    ['a seat I hold', held('A3', 'me'), {}],
    ['a seat another holds', held('A3', 'another'), { A3: 'SEAT_HELD' }],
    ['a lapsed hold of mine', held('A3', 'me', NOW), { A3: 'HOLD_GONE' }],
    ['a seat of another booking of mine', booked('A3', 'me', 'second'), { A3: 'SEAT_BOOKED' }],
    ['a seat another has booked', booked('A3', 'another'), { A3: 'SEAT_BOOKED' }],
  ])('and more, %s, is refused', (_, third, expected) => {
    expect(book(['A1', 'A2', 'A3'], [...pair, third])).toEqual(
      refusal('NOT_YOUR_HOLD', { A1: 'SEAT_BOOKED', A2: 'SEAT_BOOKED', ...expected }),
    );
  });

  it('of as many seats, from two bookings of mine, is refused', () => {
    const two = [
      booked('A1', 'me', 'first'),
      booked('A2', 'me', 'first'),
      booked('A3', 'me', 'second'),
      booked('A4', 'me', 'second'),
    ];
    expect(book(['A2', 'A3'], two)).toEqual(refusal('NOT_YOUR_HOLD', { A2: 'SEAT_BOOKED', A3: 'SEAT_BOOKED' }));
  });

  it('by another holder is refused', () => {
    expect(book(['A1', 'A2'], pair, 'another')).toEqual(
      refusal('NOT_YOUR_HOLD', { A1: 'SEAT_BOOKED', A2: 'SEAT_BOOKED' }),
    );
  });

  it('of a booking whose size is not known is refused', () => {
    expect(on(pair, 'book', { bookingSize: () => undefined })).toEqual(
      refusal('NOT_YOUR_HOLD', { A1: 'SEAT_BOOKED', A2: 'SEAT_BOOKED' }),
    );
  });

  it('works after the sales have closed, when a new book does not', () => {
    expect(on(pair, 'book', { show: { salesOpen: false, salesCloseMs: Infinity, currency: 'USD' } })).toEqual({
      kind: 'repeated-booking',
      bookingId: 'mine',
    });
  });
});

describe('the limit of held seats', () => {
  /** My holds on A1…An, in slots 1…n. */
  const mine = (count: number, deadline = NOW + 1) =>
    Array.from({ length: count }, (_, i) => held(`A${i + 1}`, 'me', deadline, i + 1));
  const hold = (names: string[], seats: SeatState[], maxHeldSeats: number) =>
    decide(command('hold', names), scene(seats, 'me', { maxHeldSeats }));
  const slots = (decision: Decision) =>
    decision.kind === 'accepted' ? decision.seats.map((seat) => seat.holdSlot) : decision.kind;

  it('can be reached and not exceeded', () => {
    const seats = [...mine(2), free('B1'), free('B2')];
    expect(slots(hold(['B1'], seats, 3))).toEqual([3]);
    expect(hold(['B1', 'B2'], seats, 3)).toEqual(beyond('HOLD_LIMIT_EXCEEDED', 3));
  });

  it('counts the whole command: all or nothing', () => {
    const seats = [free('B1'), free('B2'), free('B3')];
    expect(slots(hold(['B1', 'B2', 'B3'], seats, 3))).toEqual([1, 2, 3]);
    expect(hold(['B1', 'B2', 'B3'], seats, 2)).toEqual(beyond('HOLD_LIMIT_EXCEEDED', 2));
  });

  it('counts seats once that one holds already', () => {
    const seats = [...mine(2), free('B1')];
    expect(slots(hold(['A1', 'A2', 'B1'], seats, 3))).toEqual([1, 2, 3]);
  });

  it('never refuses what one holds already, even when the limit was lowered', () => {
    expect(hold(['A1', 'A2'], mine(2), 1)).toEqual(accepted(mine(2)));
  });

  it('counts live holds, not lapsed ones', () => {
    const seats = [held('A1', 'me', NOW + 1, 1), held('A2', 'me', NOW, 2), held('A3', 'me', NOW - 1, 3), free('B1')];
    expect(slots(hold(['B1'], seats, 4))).toEqual([4]);
    expect(hold(['B1'], [...mine(4), free('B1')], 4)).toEqual(beyond('HOLD_LIMIT_EXCEEDED', 4));
  });

  it('gives out the lowest free slot', () => {
    const seats = [held('A1', 'me', NOW + 1, 1), held('A2', 'me', NOW + 1, 3), free('B1'), free('B2')];
    expect(slots(hold(['B1', 'B2'], seats, 10))).toEqual([2, 4]);
  });

  it('keeps the slot of a lapsed hold of mine on the very seat', () => {
    const seats = [held('A1', 'me', NOW, 1), held('A2', 'me', NOW + 1, 2)];
    expect(slots(hold(['A1'], seats, 2))).toEqual([1]);
    expect(slots(hold(['A1'], [...seats, held('A3', 'me', NOW + 1, 3)], 3))).toEqual([1]);
  });

  it('is not the slot of another’s lapsed hold', () => {
    expect(slots(hold(['A1'], [held('A1', 'another', NOW, 7)], 10))).toEqual([1]);
  });

  it('within it, but with lapsed holds in all slots: those are to be expired first', () => {
    const seats = [held('A1', 'me', NOW, 1), held('A2', 'me', NOW - 1, 2), held('A3', 'me', NOW + 1, 3), free('B1')];
    expect(hold(['B1'], seats, 3)).toEqual({ kind: 'slots-taken', lapsed: [ref('A1'), ref('A2')] });
    // One slot is free, two are wanted.
    expect(hold(['B1', 'B2'], [...seats, free('B2')], 4)).toEqual({
      kind: 'slots-taken',
      lapsed: [ref('A1'), ref('A2')],
    });
  });

  it('a slot given up before in the same transaction is not given out again', () => {
    const seats = [free('A1', 2), free('B1')];
    const holdings = { holds: new Map(), slotOwners: new Map([[1, seatKey(SHOW, ref('A1'))]]), booked: 0 };
    const at = (name: string, maxHeldSeats: number) =>
      decide(command('hold', [name]), scene(seats, 'me', { holdings, maxHeldSeats }));
    expect(slots(at('B1', 2))).toEqual([2]);
    expect(slots(at('A1', 2))).toEqual([1]);
    expect(at('B1', 1)).toEqual({ kind: 'slots-taken', lapsed: [] });
  });

  it('is for holds alone', () => {
    expect(on(mine(3), 'book', { maxHeldSeats: 1 }).kind).toBe('accepted');
    expect(on(mine(3), 'release', { maxHeldSeats: 1 }).kind).toBe('accepted');
    expect(on(mine(3, NOW), 'expire', { maxHeldSeats: 1, holdings: NO_HOLDINGS }, null).kind).toBe('accepted');
  });
});

describe('the limit of seats, held and booked', () => {
  const seats = [
    held('A1', 'me'),
    booked('A2', 'me'),
    booked('A3', 'me'),
    booked('C1', 'another'),
    free('B1'),
    free('B2'),
  ];
  const hold = (names: string[], changes: Partial<Scene>, by: Pick<DecidableCommand, 'isExempt'> = {}) =>
    decide({ ...command('hold', names), ...by }, scene(seats, 'me', changes));

  it('counts both, and the whole command', () => {
    expect(hold(['B1'], { maxSeats: 4 }).kind).toBe('accepted');
    expect(hold(['B1', 'B2'], { maxSeats: 4 })).toEqual(beyond('SEAT_LIMIT_EXCEEDED', 4));
    expect(hold(['B1'], { maxSeats: 3 })).toEqual(beyond('SEAT_LIMIT_EXCEEDED', 3));
  });

  it('counts no lapsed hold, and no seat twice', () => {
    expect(hold(['B1'], { maxSeats: 3, nowMs: NOW + 1 }).kind).toBe('accepted');
    expect(hold(['A1', 'B1'], { maxSeats: 4 }).kind).toBe('accepted');
    expect(hold(['A1'], { maxSeats: 1 }).kind).toBe('accepted');
  });

  it('is not for the house', () => {
    const own = { isExempt: true } as const;
    expect(hold(['B1', 'B2'], { maxSeats: 1, maxHeldSeats: 1 }, own).kind).toBe('accepted');
    const cooling = [{ ...free('B1'), givenUp: [givenUpBy('me')] }];
    const scenery = scene(cooling, 'me', { reholdCooldownMs: 60_000 });
    expect(decide({ ...command('hold', ['B1']), ...own }, scenery).kind).toBe('accepted');
  });
});

describe('the limit of an address', () => {
  const from = (addressKey: string, networkKey: string | null = null) => ({ address: { addressKey, networkKey } });
  const seats = [
    { ...held('A1', 'ann'), ...from('here', 'around').address },
    { ...held('A2', 'bob'), ...from('there', 'around').address },
    { ...held('A3', 'eve', NOW), ...from('here', 'around').address },
    held('A4', 'a user'),
    free('B1'),
    free('B2'),
  ];
  const hold = (names: string[], maxHeldSeatsPerAddress: number, address: Pick<DecidableCommand, 'address'>) =>
    decide({ ...command('hold', names), ...address }, scene(seats, 'me', { maxHeldSeatsPerAddress }));

  it('counts the live holds of all its guests', () => {
    expect(hold(['B1'], 2, from('here')).kind).toBe('accepted');
    expect(hold(['B1', 'B2'], 2, from('here'))).toEqual(beyond('SEAT_LIMIT_EXCEEDED', 2, 'address'));
    expect(hold(['B1', 'B2'], 1, {}).kind).toBe('accepted');
  });

  it('is another for the network around it', () => {
    const crowd = Array.from({ length: 9 }, (_, i) => ({
      ...held(`C${i + 1}`, `${i}`),
      ...from(`${i}`, 'around').address,
    }));
    const crowded = (seat: string[]) =>
      decide(
        { ...command('hold', seat), ...from('elsewhere', 'around') },
        scene([...crowd, free('B1'), free('B2')], 'me', { maxHeldSeatsPerAddress: 1, maxHeldSeatsPerNetwork: 10 }),
      );
    expect(crowded(['B1']).kind).toBe('accepted');
    // Its own address allows one, which is told first.
    expect(crowded(['B1', 'B2'])).toEqual(beyond('SEAT_LIMIT_EXCEEDED', 1, 'address'));
    const full = scene([...crowd, { ...held('D1', 'd'), ...from('d', 'around').address }, free('B1')], 'me', {
      maxHeldSeatsPerAddress: 1,
      maxHeldSeatsPerNetwork: 10,
    });
    const refused = decide({ ...command('hold', ['B1']), ...from('elsewhere', 'around') }, full);
    expect(refused).toEqual(beyond('SEAT_LIMIT_EXCEEDED', 10, 'network'));
  });

  it('goes with the hold, and ends with it', () => {
    const keys = (decision: Decision) =>
      decision.kind === 'accepted' && decision.seats.map(({ addressKey, networkKey }) => [addressKey, networkKey]);
    expect(keys(hold(['B1'], 9, from('here', 'around')))).toEqual([['here', 'around']]);
    const mine = { ...held('A1', 'me'), ...from('here', 'around').address };
    expect(keys(on([mine], 'release'))).toEqual([[null, null]]);
    expect(keys(on([mine], 'book'))).toEqual([[null, null]]);
    expect(keys(on([{ ...mine, holdExpiresAtMs: NOW }], 'expire', {}, null))).toEqual([[null, null]]);
  });
});

describe('the cool-down', () => {
  const cooldown = { reholdCooldownMs: 30_000 };
  const from = (addressKey: string) => ({ address: { addressKey, networkKey: null } });
  const cooling = (untilMs: number, ...names: string[]) =>
    refusal('HOLD_COOLDOWN', Object.fromEntries(names.map((name) => [name, 'HOLD_COOLDOWN'])), {
      untilMs,
      serverTimeMs: NOW,
    });
  const hold = (seat: SeatState, by: object = {}, changes: Partial<Scene> = cooldown) =>
    decide({ ...command('hold', ['A1']), ...by }, scene([seat], 'me', changes));
  const given = (...givenUp: GivenUpHold[]) => ({ ...free('A1'), givenUp });

  it('is for the holder that gave the seat up, until it is over, and for no other', () => {
    expect(hold(given(givenUpBy('me', NOW - 29_999)))).toEqual(cooling(NOW + 1, 'A1'));
    expect(hold(given(givenUpBy('me', NOW - 30_000))).kind).toBe('accepted');
    expect(hold(given(givenUpBy('another'))).kind).toBe('accepted');
    expect(hold(given(givenUpBy('me'), givenUpBy('another')))).toMatchObject({ code: 'HOLD_COOLDOWN' });
    expect(hold(given(givenUpBy('me')), {}, {}).kind).toBe('accepted');
  });

  it('is for guests of the same address', () => {
    const before = given(givenUpBy('another', NOW - 1, 'here'));
    expect(hold(before, from('here'))).toEqual(cooling(NOW + 29_999, 'A1'));
    expect(hold(before, from('there')).kind).toBe('accepted');
    expect(hold(before).kind).toBe('accepted');
  });

  it('begins when a hold lapses, whether or not a sweep comes by', () => {
    const lapsed = { ...held('A1', 'me', NOW - 10_000), addressKey: 'here' };
    const swept = on([lapsed], 'expire', cooldown, null);
    const stored = swept.kind === 'accepted' && swept.seats[0]!;
    expect(stored).toMatchObject({ givenUp: [givenUpBy('me', NOW - 10_000, 'here')] });
    for (const seat of [lapsed, stored as SeatState]) {
      expect(hold(seat)).toEqual(cooling(NOW + 20_000, 'A1'));
      expect(hold(seat, { ...from('here'), holderId: 'another' })).toMatchObject({ code: 'HOLD_COOLDOWN' });
      const taken = hold(seat, { holderId: 'another' });
      expect(taken.kind === 'accepted' && taken.seats[0]!.givenUp).toEqual([givenUpBy('me', NOW - 10_000, 'here')]);
    }
  });

  it('begins when a hold is released, once for each holder, and is forgotten when it is over', () => {
    const before = {
      ...held('A1', 'me'),
      givenUp: [givenUpBy('me', NOW - 9), givenUpBy('bob'), givenUpBy('old', NOW - 30_000)],
    };
    const released = (changes: Partial<Scene>) => {
      const decision = on([before], 'release', changes);
      return decision.kind === 'accepted' && decision.seats[0]!.givenUp;
    };
    expect(released(cooldown)).toEqual([givenUpBy('bob'), givenUpBy('me', NOW)]);
    expect(released({})).toBeNull();
    const sold = on([before], 'book', cooldown);
    expect(sold.kind === 'accepted' && sold.seats[0]!.givenUp).toBeNull();
  });

  it('remembers no more than it may', () => {
    const many = Array.from({ length: 40 }, (_, i) => givenUpBy(`${i}`));
    const decision = on([{ ...held('A1', 'me'), givenUp: many }], 'release', cooldown);
    expect(decision.kind === 'accepted' && decision.seats[0]!.givenUp).toHaveLength(16);
  });

  it('is not for a guest who has become a user: nothing was given up', () => {
    const seat = { ...held('A1', 'guest'), givenUp: [givenUpBy('me')] };
    const taken = hold(seat, { successorOf: 'guest' });
    expect(taken.kind === 'accepted' && taken.seats[0]).toMatchObject({ holderId: 'me', givenUp: [givenUpBy('me')] });
  });

  it('is not for a hold that is one’s own still', () => {
    expect(hold({ ...held('A1', 'me'), givenUp: [givenUpBy('me')] }).kind).toBe('accepted');
  });
});

describe('a hold promises no more than its show', () => {
  it('ends when the sales close', () => {
    const until = (salesCloseMs: number) => {
      const show = { salesOpen: true, salesCloseMs, currency: 'USD' };
      const decision = on([free('A1')], 'hold', { show });
      return decision.kind === 'accepted' && decision.seats[0]!.holdExpiresAtMs;
    };
    expect([until(NOW + 1), until(NOW + TTL - 1), until(NOW + TTL)]).toEqual([NOW + 1, NOW + TTL - 1, NOW + TTL]);
    expect(until(NOW + TTL + 1)).toBe(NOW + TTL);
  });
});

describe('the sales window', () => {
  const closed = { show: { salesOpen: false, salesCloseMs: Infinity, currency: 'USD' } };

  it('closes hold and book', () => {
    expect(on([free('A1')], 'hold', closed)).toEqual(refusal('SALES_CLOSED'));
    expect(on([held('A1', 'me')], 'hold', closed)).toEqual(refusal('SALES_CLOSED'));
    expect(on([held('A1', 'me')], 'book', closed)).toEqual(refusal('SALES_CLOSED'));
  });

  it('leaves release and expire', () => {
    expect(inWords(on([held('A1', 'me')], 'release', closed))).toBe('→ AVAILABLE');
    expect(inWords(on([held('A1', 'me', NOW)], 'expire', closed, null))).toBe('→ AVAILABLE');
  });
});

describe('of several refusals the first counts', () => {
  // Everything is wrong at once; one after the other is put right.
  const seats = [held('A1', 'another'), free('A2'), { ...free('A3'), givenUp: [givenUpBy('me')] }, held('B1', 'me')];
  const wrong = { show: undefined, maxHeldSeats: 1 };
  const open = { salesOpen: true, salesCloseMs: Infinity, currency: 'USD' };
  const shut = { salesOpen: false, salesCloseMs: Infinity, currency: 'USD' };
  const hold = (names: string[], changes: Partial<Scene>) =>
    decide(command('hold', names), scene(seats, 'me', { ...wrong, ...changes }));

  it('hold: show, seats, sales, standing, limit', () => {
    expect(hold(['A1', 'A2', 'Z9'], {})).toEqual(refusal('SHOW_NOT_FOUND'));
    expect(hold(['A1', 'A2', 'Z8', 'Z9'], { show: shut })).toEqual(
      refusal('SEAT_NOT_FOUND', { Z8: 'SEAT_NOT_FOUND', Z9: 'SEAT_NOT_FOUND' }),
    );
    expect(hold(['A1', 'A2'], { show: shut })).toEqual(refusal('SALES_CLOSED'));
    expect(hold(['A1', 'A2'], { show: open })).toEqual(refusal('SEAT_UNAVAILABLE', { A1: 'SEAT_HELD' }));
    expect(hold(['A2'], { show: open, maxSeats: 1 })).toEqual(beyond('HOLD_LIMIT_EXCEEDED', 1));
    expect(hold(['A2'], { show: open, maxSeats: 1, maxHeldSeats: 2 })).toEqual(beyond('SEAT_LIMIT_EXCEEDED', 1));
    expect(hold(['A2'], { show: open, maxHeldSeats: 2 }).kind).toBe('accepted');
  });

  it('book: show, seats, repetition, sales, standing', () => {
    const mine = booked('C1', 'me');
    const book = (names: string[], changes: Partial<Scene>) =>
      decide(command('book', names), scene([...seats, mine], 'me', { ...wrong, ...changes }));
    expect(book(['A1', 'Z9'], {})).toEqual(refusal('SHOW_NOT_FOUND'));
    expect(book(['A1', 'Z9'], { show: shut })).toEqual(refusal('SEAT_NOT_FOUND', { Z9: 'SEAT_NOT_FOUND' }));
    expect(book(['C1'], { show: shut })).toEqual({ kind: 'repeated-booking', bookingId: 'booking of me' });
    expect(book(['A1', 'C1'], { show: shut })).toEqual(refusal('SALES_CLOSED'));
    expect(book(['A1', 'C1'], { show: open })).toEqual(
      refusal('NOT_YOUR_HOLD', { A1: 'SEAT_HELD', C1: 'SEAT_BOOKED' }),
    );
    expect(book(['B1'], { show: open }).kind).toBe('accepted');
  });

  // How each refusal comes about. A later one in the list is provoked together with each one before it.
  const provoke: Record<
    (typeof REFUSALS)[number],
    { name: SeatCommandName; names: string[]; changes: Partial<Scene> }
  > = {
    SHOW_NOT_FOUND: { name: 'hold', names: [], changes: { show: undefined } },
    SEAT_NOT_FOUND: { name: 'hold', names: ['Z9'], changes: {} },
    SALES_CLOSED: { name: 'hold', names: [], changes: { show: shut } },
    SEAT_UNAVAILABLE: { name: 'hold', names: ['A1'], changes: {} },
    NOT_YOUR_HOLD: { name: 'book', names: ['A1'], changes: {} },
    HOLD_COOLDOWN: { name: 'hold', names: ['A3'], changes: { reholdCooldownMs: 1_000 } },
    HOLD_LIMIT_EXCEEDED: { name: 'hold', names: ['A2'], changes: { maxHeldSeats: 1 } },
    SEAT_LIMIT_EXCEEDED: { name: 'hold', names: ['A2'], changes: { maxSeats: 1 } },
  };
  const pairs = REFUSALS.flatMap((first, index) =>
    REFUSALS.slice(index).map((second) => [first, second] as const),
  ).filter(
    // Only one of these two is a command's.
    ([first, second]) =>
      !(first === 'SEAT_UNAVAILABLE' && second === 'NOT_YOUR_HOLD') &&
      !(first === 'NOT_YOUR_HOLD' && ['HOLD_COOLDOWN', 'HOLD_LIMIT_EXCEEDED', 'SEAT_LIMIT_EXCEEDED'].includes(second)),
  );

  it.each(pairs)('%s before %s', (first, second) => {
    const [a, b] = [provoke[first], provoke[second]];
    const name = a.name === 'book' || b.name === 'book' ? 'book' : 'hold';
    const names = [...new Set([...a.names, ...b.names])];
    const changes = { show: open, ...b.changes, ...a.changes };
    expect(decide(command(name, names), scene(seats, 'me', changes))).toMatchObject({ kind: 'refused', code: first });
  });

  it('a seat of another show is no seat of this one', () => {
    const elsewhere = scene([free('A1')], 'me', { seats: new Map([[seatKey(SHOW + 1, ref('A1')), free('A1')]]) });
    expect(decide(command('hold', ['A1']), elsewhere)).toEqual(refusal('SEAT_NOT_FOUND', { A1: 'SEAT_NOT_FOUND' }));
  });
});

/**
 * Random histories of a small house against a model that knows nothing of statuses and slots: who has a seat until when,
 * who has bought it, who gave it up at what time, and how often it changed.
 */
describe('whatever happens', () => {
  const NAMES = ['A1', 'A2', 'A3', 'B1', 'B2'];
  const HOLDERS = ['ann', 'bob', 'eve'];
  const LIMIT = 3;
  const SEAT_LIMIT = 3;
  /** Two of the holders are guests of one address. */
  const ADDRESS: Record<string, string | undefined> = { ann: 'here', bob: 'here' };
  const ADDRESS_LIMIT = 4;
  const SHORT_TTL = 100;
  const COOLDOWN = 60;
  const LEGAL = new Set([
    'hold AVAILABLE HELD',
    'book HELD BOOKED',
    'release HELD AVAILABLE',
    'expire HELD AVAILABLE',
    'block AVAILABLE BLOCKED',
    'unblock BLOCKED AVAILABLE',
  ]);

  interface Step {
    name: SeatCommandName;
    holder: string;
    seats: string[];
    /** How much later than the step before; the longest let holds lapse. */
    laterMs: number;
    salesOpen: boolean;
    /** Whether it is by the holder, and about the seats, of the step before: retries are rare otherwise. */
    again: boolean;
  }

  const step: fc.Arbitrary<Step> = fc.record({
    name: fc.constantFrom('hold', 'hold', 'hold', 'hold', 'book', 'book', 'release', 'expire', 'block', 'unblock'),
    holder: fc.constantFrom(...HOLDERS),
    seats: fc.subarray(NAMES, { minLength: 1, maxLength: 3 }),
    laterMs: fc.constantFrom(0, 0, 0, 1, 1, 10, 10, 40, 99, 100, 101),
    salesOpen: fc.constantFrom(true, true, true, true, true, true, true, false),
    again: fc.boolean(),
  });

  /** The model: what the contract says, in its own terms. */
  class House {
    private readonly seats = new Map(
      NAMES.map((name) => [
        name,
        {
          version: 0,
          hold: null as null | { who: string; until: number },
          sold: null as null | { who: string; set: string },
          off: false,
          givenUp: [] as { who: string; at: number }[],
        },
      ]),
    );

    constructor(private readonly cooldown: number) {}

    /** How many steps each seat has taken, counting the expiry of a lapsed hold as taken when it is overdue. */
    versions(now: number): Record<string, number> {
      return Object.fromEntries(
        [...this.seats].map(([name, seat]) => [name, seat.version + (seat.hold && seat.hold.until <= now ? 1 : 0)]),
      );
    }

    run({ name, holder, seats, salesOpen }: Step, now: number): string {
      for (const seat of this.seats.values()) {
        if (seat.hold && seat.hold.until <= now) {
          seat.givenUp.push({ who: seat.hold.who, at: seat.hold.until });
          seat.hold = null;
          seat.version++;
        }
      }
      if (name === 'expire') return 'ok';
      const named = seats.map((seat) => [seat, this.seats.get(seat)!] as const);
      const set = seats.join();
      if (name === 'book' && named.every(([, { sold }]) => sold?.who === holder && sold.set === set))
        return 'same booking';
      if ((name === 'hold' || name === 'book') && !salesOpen) return 'SALES_CLOSED';
      if (name === 'unblock') {
        for (const [, seat] of named) if (seat.off) Object.assign(seat, { off: false, version: seat.version + 1 });
        return 'ok';
      }

      const why = named.flatMap(([seat, { hold, sold, off }]) => {
        if (off) return name === 'block' ? [] : [`${seat} SEAT_BLOCKED`];
        if (sold) return [`${seat} SEAT_BOOKED`];
        if (hold && (hold.who !== holder || name === 'block')) return [`${seat} SEAT_HELD`];
        return name === 'book' && !hold ? [`${seat} HOLD_GONE`] : [];
      });
      if (why.length > 0) return why.join(', ');

      if (name === 'hold') {
        const wanted = named.filter(([, { hold }]) => !hold);
        const isTogether = (who: string) => who === holder || (ADDRESS[who] && ADDRESS[who] === ADDRESS[holder]);
        const cooling = wanted.filter(([, { givenUp }]) =>
          givenUp.some(({ who, at }) => isTogether(who) && now < at + this.cooldown),
        );
        if (cooling.length > 0) return cooling.map(([seat]) => `${seat} HOLD_COOLDOWN`).join(', ');
        const all = [...this.seats.values()];
        const has = all.filter(({ hold }) => hold?.who === holder).length;
        const bought = all.filter(({ sold }) => sold?.who === holder).length;
        const heldHere = all.filter(({ hold }) => hold && ADDRESS[hold.who]).length;
        if (wanted.length > 0) {
          if (has + wanted.length > LIMIT) return 'HOLD_LIMIT_EXCEEDED';
          if (has + bought + wanted.length > SEAT_LIMIT) return 'SEAT_LIMIT_EXCEEDED of holder';
          if (ADDRESS[holder] && heldHere + wanted.length > ADDRESS_LIMIT) return 'SEAT_LIMIT_EXCEEDED of address';
        }
        for (const [, seat] of wanted)
          Object.assign(seat, { hold: { who: holder, until: now + SHORT_TTL }, version: seat.version + 1 });
        return `until ${named.map(([, { hold }]) => hold!.until).join()}`;
      }
      for (const [, seat] of named) {
        if (name === 'block') {
          if (!seat.off) Object.assign(seat, { off: true, version: seat.version + 1 });
        } else if (name === 'book')
          Object.assign(seat, { hold: null, sold: { who: holder, set }, version: seat.version + 1 });
        else if (seat.hold) {
          seat.givenUp.push({ who: holder, at: now });
          Object.assign(seat, { hold: null, version: seat.version + 1 });
        }
      }
      return 'ok';
    }
  }

  const limitOf = ({ code, limit }: Refusal) => (code === 'SEAT_LIMIT_EXCEEDED' ? `${code} of ${limit!.of}` : code);

  /** The core, with the little that its callers do: apply what it says, and expire what it asks for. */
  class Core {
    readonly stored = new Map(NAMES.map((name) => [seatKey(SHOW, ref(name)), free(name)]));
    readonly ledger: SeatTransition[] = [];
    private bookings = 0;
    /** Whether lapsed holds were in the way of a hold. */
    tidied = false;

    constructor(private readonly cooldown: number) {}

    run(given: Step, now: number): string {
      const holderId = given.name === 'expire' ? null : given.holder;
      const addressKey = holderId === null ? undefined : ADDRESS[holderId];
      const address = addressKey === undefined ? {} : { address: { addressKey, networkKey: null } };
      const asked = { ...command(given.name, given.seats, holderId), ...address };
      const decision = this.decide(asked, now, given.salesOpen);
      switch (decision.kind) {
        case 'refused':
          return decision.seats.map((seat) => `${seat.row}${seat.number} ${seat.code}`).join(', ') || limitOf(decision);
        case 'repeated-booking':
          return 'same booking';
        case 'slots-taken':
          expect(decision.lapsed.length).toBeGreaterThan(0);
          this.tidied = true;
          this.decide(
            { name: 'expire', showId: SHOW, holderId: null, actorId: null, seats: decision.lapsed },
            now,
            true,
          );
          return this.run(given, now);
        case 'accepted':
          return given.name === 'hold' ? `until ${decision.seats.map((seat) => seat.holdExpiresAtMs).join()}` : 'ok';
      }
    }

    private decide(asked: DecidableCommand<SeatCommandName>, now: number, salesOpen: boolean): Decision {
      const given = scene([...this.stored.values()], asked.holderId, {
        nowMs: now,
        holdTtlMs: SHORT_TTL,
        maxHeldSeats: LIMIT,
        maxSeats: SEAT_LIMIT,
        maxHeldSeatsPerAddress: ADDRESS_LIMIT,
        reholdCooldownMs: this.cooldown,
        show: { salesOpen, salesCloseMs: Infinity, currency: 'USD' },
        newBooking: { id: `booking ${++this.bookings}`, reference: 'K7QM-3XVD' },
      });
      const { bookingSize: _size, heldFrom: _held, ...values } = given;
      const before = serialize([asked, values]);
      const decision = decide(asked, given);
      if (!serialize([asked, values]).equals(before)) throw new Error('An argument was changed');
      if (decision.kind === 'accepted') {
        for (const seat of decision.seats) this.stored.set(seatKey(SHOW, seat), seat);
        this.ledger.push(...decision.transitions);
      }
      return decision;
    }

    /** What is wrong with the ledger: each seat's steps are legal, without a gap, and lead to what is stored. */
    faults(): string[] {
      const faults: string[] = [];
      const slots = new Set<string>();
      for (const seat of this.stored.values()) {
        const name = `${seat.row}${seat.number}`;
        let status = 'AVAILABLE';
        let version = 0;
        for (const taken of this.ledger.filter((each) => each.row === seat.row && each.number === seat.number)) {
          if (!LEGAL.has(`${taken.command} ${taken.from} ${taken.to}`))
            faults.push(`${name}: ${taken.command} from ${taken.from}`);
          if (taken.from !== status || taken.version !== ++version)
            faults.push(`${name}: a gap before ${taken.version}`);
          status = taken.to;
        }
        if (seat.status !== status || seat.version !== version) faults.push(`${name}: the ledger ends elsewhere`);
        const slot = `${seat.holderId} ${seat.holdSlot}`;
        if (seat.status === 'HELD' && (slots.has(slot) || !(seat.holdSlot! >= 1 && seat.holdSlot! <= LIMIT)))
          faults.push(`${name}: slot ${slot}`);
        slots.add(slot);
      }
      return faults;
    }

    /** Each seat's version; one more where a lapsed hold is not expired yet, as in the seat map. */
    versions(now: number): Record<string, number> {
      return Object.fromEntries(
        [...this.stored.values()].map((seat) => [
          `${seat.row}${seat.number}`,
          seat.version + (seat.status === 'HELD' && seat.holdExpiresAtMs! <= now ? 1 : 0),
        ]),
      );
    }
  }

  it('the core answers as the model does, its ledger is legal and gapless, and its arguments stay as they were', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 30, size: 'max' }), fc.boolean(), (steps, cools) => {
        const house = new House(cools ? COOLDOWN : 0);
        const core = new Core(cools ? COOLDOWN : 0);
        let now = NOW;
        let given: Step | undefined;
        for (const next of steps) {
          given = next.again && given ? { ...next, holder: given.holder, seats: given.seats } : next;
          now += given.laterMs;
          const expected = house.run(given, now);
          seen.add(`${given.name} ${expected.replace(/[AB]\d |until.*/g, '').split(',')[0]}`);
          const got = [core.run(given, now), core.versions(now), core.faults()];
          expect(JSON.stringify(got)).toBe(JSON.stringify([expected, house.versions(now), []]));
        }
        if (core.tidied) seen.add('hold, lapsed holds in the way');
      }),
      { numRuns: 2_000 },
    );
    // The histories have been everywhere.
    expect([...seen].sort()).toEqual(
      [
        'hold ',
        'hold, lapsed holds in the way',
        'hold SEAT_HELD',
        'hold SEAT_BOOKED',
        'hold HOLD_COOLDOWN',
        'hold HOLD_LIMIT_EXCEEDED',
        'hold SEAT_LIMIT_EXCEEDED of holder',
        'hold SEAT_LIMIT_EXCEEDED of address',
        'hold SALES_CLOSED',
        'book ok',
        'book same booking',
        'book SEAT_HELD',
        'book SEAT_BOOKED',
        'book HOLD_GONE',
        'book SALES_CLOSED',
        'release ok',
        'release SEAT_HELD',
        'release SEAT_BOOKED',
        'expire ok',
        'hold SEAT_BLOCKED',
        'book SEAT_BLOCKED',
        'release SEAT_BLOCKED',
        'block ok',
        'block SEAT_HELD',
        'block SEAT_BOOKED',
        'unblock ok',
      ].sort(),
    );
  });
});
