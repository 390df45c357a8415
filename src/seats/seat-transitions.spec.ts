import fc from 'fast-check';
import { COMMAND_RULES, SEAT_COMMANDS, SeatCommandName } from './commands/registry';
import {
  compareLabels,
  compareSeats,
  compareSeatsByBytes,
  Effect,
  isLapsed,
  seatKey,
  SeatState,
  Standing,
  standing,
  STANDINGS,
} from './seat-transitions';
import { ROW_PATTERN } from './seat.dto';

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
const cells = rows.flatMap(([command, ...row]) =>
  row.map((expected, column) => [command!, head![column + 1]!, expected] as const),
);

/** What the contract calls a standing. */
const NAMES: Record<string, Standing> = {
  AVAILABLE: 'AVAILABLE',
  'HELD by me': 'HELD_BY_ME',
  'HELD by another': 'HELD_BY_ANOTHER',
  lapsed: 'LAPSED',
  'BOOKED by me': 'BOOKED_BY_ME',
  'BOOKED by another': 'BOOKED_BY_ANOTHER',
  BLOCKED: 'BLOCKED',
};

function inWords(command: SeatCommandName, effect: Effect): string {
  if (effect === 'step') return `→ ${COMMAND_RULES[command].to}`;
  if (effect === 'keep') return 'no change';
  return effect === 'repeat' ? 'same booking' : effect;
}

const NOW = 1_800_000_000_000;

function seat(changes: Partial<SeatState>): SeatState {
  return {
    showId: 1,
    row: 'A',
    number: 1,
    status: 'AVAILABLE',
    version: 0,
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
    ...changes,
  };
}

const held = (holderId: string, holdExpiresAtMs: number) =>
  seat({ status: 'HELD', holderId, heldAtMs: holdExpiresAtMs - 600_000, holdExpiresAtMs, holdSlot: 1 });
const booked = (holderId: string) => seat({ status: 'BOOKED', holderId, bookingId: 'b' });

describe('the table of the contract', () => {
  it.each(cells)('%s, %s: %s', (command, column, expected) => {
    const name = command as SeatCommandName;
    expect(inWords(name, COMMAND_RULES[name].effects[NAMES[column]!])).toBe(expected);
  });

  it('is whole: 6 commands by 7 standings', () => {
    expect(cells).toHaveLength(42);
    expect(new Set(rows.map(([command]) => command))).toEqual(new Set(SEAT_COMMANDS));
    expect(new Set(head!.slice(1).map((name) => NAMES[name]))).toEqual(new Set(STANDINGS));
  });
});

describe('the stored steps', () => {
  it('are six, and BOOKED is final', () => {
    expect(Object.values(COMMAND_RULES).map(({ name, from, to }) => `${name} ${from.join()} ${to}`)).toEqual([
      'hold AVAILABLE HELD',
      'book HELD BOOKED',
      'release HELD AVAILABLE',
      'expire HELD AVAILABLE',
      'block AVAILABLE BLOCKED',
      'unblock BLOCKED AVAILABLE',
    ]);
    expect(Object.values(COMMAND_RULES).flatMap(({ from }) => [...from])).not.toContain('BOOKED');
  });

  it('begin where the table says; one from AVAILABLE takes over what has lapsed, and expire alone ends it', () => {
    const statusOf: Record<Standing, string> = {
      AVAILABLE: 'AVAILABLE',
      HELD_BY_ME: 'HELD',
      HELD_BY_ANOTHER: 'HELD',
      LAPSED: 'AVAILABLE',
      BOOKED_BY_ME: 'BOOKED',
      BOOKED_BY_ANOTHER: 'BOOKED',
      BLOCKED: 'BLOCKED',
    };
    for (const { name, from, effects } of Object.values(COMMAND_RULES)) {
      const begins = STANDINGS.filter((standing) => effects[standing] === 'step');
      const expected = name === 'expire' ? ['AVAILABLE'] : from;
      expect(new Set(begins.map((standing) => statusOf[standing]))).toEqual(new Set(expected));
    }
  });
});

describe('what a seat is to the one who asks', () => {
  it.each<[string, SeatState, string | null, Standing]>([
    ['free', seat({}), 'me', 'AVAILABLE'],
    ['free, nobody asks', seat({}), null, 'AVAILABLE'],
    ['my hold, 1 ms before its deadline', held('me', NOW + 1), 'me', 'HELD_BY_ME'],
    ['my hold, at its deadline', held('me', NOW), 'me', 'LAPSED'],
    ['my hold, 1 ms after its deadline', held('me', NOW - 1), 'me', 'LAPSED'],
    ["another's hold, 1 ms before its deadline", held('another', NOW + 1), 'me', 'HELD_BY_ANOTHER'],
    ["another's hold, at its deadline", held('another', NOW), 'me', 'LAPSED'],
    ["another's hold, 1 ms after its deadline", held('another', NOW - 1), 'me', 'LAPSED'],
    ['a live hold, nobody asks', held('another', NOW + 1), null, 'HELD_BY_ANOTHER'],
    ['a lapsed hold, nobody asks', held('another', NOW), null, 'LAPSED'],
    ['booked by me', booked('me'), 'me', 'BOOKED_BY_ME'],
    ['booked by another', booked('another'), 'me', 'BOOKED_BY_ANOTHER'],
    ['booked, nobody asks', booked('another'), null, 'BOOKED_BY_ANOTHER'],
    ['holders are told apart to the letter', held('Me', NOW + 1), 'me', 'HELD_BY_ANOTHER'],
  ])('%s', (_, state, holderId, expected) => {
    expect(standing(state, holderId, NOW)).toBe(expected);
  });

  it('only a hold can lapse', () => {
    expect(isLapsed({ status: 'AVAILABLE', holdExpiresAtMs: null }, NOW)).toBe(false);
    expect(isLapsed({ status: 'BOOKED', holdExpiresAtMs: null }, NOW)).toBe(false);
    expect(isLapsed({ status: 'HELD', holdExpiresAtMs: NOW }, NOW)).toBe(true);
    expect(isLapsed({ status: 'HELD', holdExpiresAtMs: NOW + 1 }, NOW)).toBe(false);
  });
});

describe('the order of seats', () => {
  const rowLabel = fc
    .array(fc.constantFrom('A', 'B', 'Z', 'a', '1', '9', 'Ä', 'Ω', 'Я', '座', 'ﬀ', 'Ａ', '𝐀', '𐐀'), {
      minLength: 1,
      maxLength: 3,
    })
    .map((letters) => letters.join(''));
  const ref = fc.record({ row: rowLabel, number: fc.integer({ min: 1, max: 12 }) });

  it('is as people count', () => {
    const rows = [
      '1',
      '01',
      '2',
      '10',
      'A',
      'A1',
      'A2',
      'A10',
      'B',
      'Z',
      'a',
      'Ä',
      '座',
      'AA',
      'AA2',
      'AB',
      'ST-A',
      'ST-AA',
    ];
    const labels = [...rows].reverse().sort(compareLabels);
    expect(labels).toEqual(rows);
    const sorted = [
      { row: 'A', number: 1 },
      { row: 'A', number: 2 },
      { row: 'A', number: 10 },
      { row: 'B', number: 1 },
      { row: 'AA', number: 1 },
    ];
    expect([...sorted].reverse().sort(compareSeats)).toEqual(sorted);
    expect(compareSeats({ row: 'A', number: 1 }, { row: 'A', number: 1 })).toBe(0);
  });

  it('is an order: no two seats are equal in it, and none comes before itself by a detour', () => {
    const label = fc.string({
      unit: fc.constantFrom('A', 'B', 'a', '0', '1', '9', 'Ä', '-', '𝐀', 'Ａ'),
      minLength: 1,
      maxLength: 5,
    });
    fc.assert(
      fc.property(label, label, label, (a, b, c) => {
        expect(Math.sign(compareLabels(a, b))).toBe(-Math.sign(compareLabels(b, a)) + 0);
        expect(compareLabels(a, b) === 0).toBe(a === b);
        if (compareLabels(a, b) < 0 && compareLabels(b, c) < 0) expect(compareLabels(a, c)).toBeLessThan(0);
      }),
      { numRuns: 2_000 },
    );
  });

  it('of what is stored is that of COLLATE "C", bytes in UTF-8, for every row label there can be', () => {
    fc.assert(
      fc.property(ref, ref, (a, b) => {
        expect(a.row).toMatch(ROW_PATTERN);
        const bytes = Buffer.compare(Buffer.from(a.row), Buffer.from(b.row)) || Math.sign(a.number - b.number);
        expect(Math.sign(compareSeatsByBytes(a, b))).toBe(bytes);
      }),
      {
        examples: [
          [
            { row: '𝐀', number: 1 },
            { row: 'Ａ', number: 1 },
          ],
        ],
      },
    );
  });

  it('has one key a seat', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }), ref, ref, (showA, showB, a, b) => {
        const same = showA === showB && a.row === b.row && a.number === b.number;
        expect(seatKey(showA, a) === seatKey(showB, b)).toBe(same);
      }),
      {
        examples: [
          [1, 1, { row: '1', number: 12 }, { row: '11', number: 2 }],
          [1, 11, { row: '12', number: 1 }, { row: '2', number: 1 }],
        ],
      },
    );
  });
});
