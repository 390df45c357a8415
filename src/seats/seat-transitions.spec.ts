import fc from 'fast-check';
import {
  compareSeats,
  Effect,
  isLapsed,
  LEGAL_STEPS,
  SEAT_COMMANDS,
  seatKey,
  SeatState,
  Standing,
  standing,
  STANDINGS,
  TRANSITIONS,
} from './seat-transitions';
import { ROW_PATTERN } from './seat.dto';

// The table of the contract, as it stands there.
const CONTRACT = `
| command | AVAILABLE   | HELD by me  | HELD by another | lapsed      | BOOKED by me | BOOKED by another |
| hold    | → HELD      | no change   | SEAT_HELD       | → HELD      | SEAT_BOOKED  | SEAT_BOOKED       |
| book    | HOLD_GONE   | → BOOKED    | SEAT_HELD       | HOLD_GONE   | same booking | SEAT_BOOKED       |
| release | no change   | → AVAILABLE | SEAT_HELD       | no change   | SEAT_BOOKED  | SEAT_BOOKED       |
| expire  | no change   | no change   | no change       | → AVAILABLE | no change    | no change         |
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
};

function inWords(effect: Effect): string {
  if ('to' in effect) return `→ ${effect.to}`;
  if ('keep' in effect) return 'no change';
  if ('repeat' in effect) return 'same booking';
  return effect.refuse;
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
    holderId: null,
    heldAtMs: null,
    holdExpiresAtMs: null,
    holdSlot: null,
    bookingId: null,
    ...changes,
  };
}

const held = (holderId: string, holdExpiresAtMs: number) =>
  seat({ status: 'HELD', holderId, heldAtMs: holdExpiresAtMs - 600_000, holdExpiresAtMs, holdSlot: 1 });
const booked = (holderId: string) => seat({ status: 'BOOKED', holderId, bookingId: 'b' });

describe('the table of the contract', () => {
  it.each(cells)('%s, %s: %s', (command, column, expected) => {
    expect(inWords(TRANSITIONS[command as keyof typeof TRANSITIONS][NAMES[column]!])).toBe(expected);
  });

  it('is whole: 4 commands by 6 standings', () => {
    expect(cells).toHaveLength(24);
    expect(new Set(rows.map(([command]) => command))).toEqual(new Set(SEAT_COMMANDS));
    expect(new Set(head!.slice(1).map((name) => NAMES[name]))).toEqual(new Set(STANDINGS));
  });
});

describe('the stored steps', () => {
  it('are four, and BOOKED is final', () => {
    expect(LEGAL_STEPS).toEqual({
      hold: { from: 'AVAILABLE', to: 'HELD' },
      book: { from: 'HELD', to: 'BOOKED' },
      release: { from: 'HELD', to: 'AVAILABLE' },
      expire: { from: 'HELD', to: 'AVAILABLE' },
    });
  });

  it('end where the table says', () => {
    for (const command of SEAT_COMMANDS) {
      const ends = STANDINGS.flatMap((name) => {
        const effect = TRANSITIONS[command][name];
        return 'to' in effect ? [effect.to] : [];
      });
      expect(new Set(ends)).toEqual(new Set([LEGAL_STEPS[command].to]));
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

  it('is by row, then by number, as numbers', () => {
    const sorted = [
      { row: 'A', number: 1 },
      { row: 'A', number: 2 },
      { row: 'A', number: 10 },
      { row: 'AA', number: 1 },
      { row: 'B', number: 1 },
      { row: 'a', number: 1 },
    ];
    expect([...sorted].reverse().sort(compareSeats)).toEqual(sorted);
    expect(compareSeats({ row: 'A', number: 1 }, { row: 'A', number: 1 })).toBe(0);
  });

  it('is that of COLLATE "C", bytes in UTF-8, for every row label there can be', () => {
    fc.assert(
      fc.property(ref, ref, (a, b) => {
        expect(a.row).toMatch(ROW_PATTERN);
        const bytes = Buffer.compare(Buffer.from(a.row), Buffer.from(b.row)) || Math.sign(a.number - b.number);
        expect(Math.sign(compareSeats(a, b))).toBe(bytes);
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
