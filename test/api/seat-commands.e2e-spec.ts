import { startApp, TestApp } from '../support/app';
import { person, Person, request, seat, seats, tally } from '../support/client';
import { expectInvalid, expectProblem, fields, ok, seatsOf, TEXT, TIMESTAMP, UUID } from '../support/expectations';
import { createShow, lapse, NO_SHOW } from '../support/house';

const MINUTE_MS = 60_000;
const REFERENCE = expect.stringMatching(/^[2-9A-HJKMNP-TV-Z]{4}-[2-9A-HJKMNP-TV-Z]{4}$/);

type CommandName = 'hold' | 'book' | 'release';
const PATHS: Record<CommandName, string> = {
  hold: '/api/seats/hold-batch/',
  book: '/api/seats/book-batch/',
  release: '/api/seats/release-hold-batch/',
};
const COMMANDS = Object.keys(PATHS) as CommandName[];
/** The code of a refusal for the sake of its seats. */
const REFUSED = { hold: 'SEAT_UNAVAILABLE', book: 'NOT_YOUR_HOLD', release: 'NOT_YOUR_HOLD' } as const;

let target: TestApp;
let me: Person;
let another: Person;
let showId: number;

beforeAll(async () => {
  target = await startApp();
});
afterAll(() => target.close());
beforeEach(async () => {
  [me, another, showId] = await Promise.all([person(target), person(target), createShow(target.dataSource)]);
});

/** Status and version of seats, as a reader without a token sees them. */
async function state(...names: string[]): Promise<string[]> {
  const { body } = await request(target, 'GET', `/api/seats/?show_id=${showId}`);
  const shown = new Map<string, string>(
    body.seats.map(({ row, number, status, version }: Record<string, unknown>) => [
      `${row}${number}`,
      `${status} ${version}`,
    ]),
  );
  return names.map((name) => shown.get(name)!);
}

/** How many seats of the show have ever changed. */
async function changed(): Promise<number> {
  const { body } = await request(target, 'GET', `/api/seats/?show_id=${showId}`);
  return body.seats.filter((each: { version: number }) => each.version > 0).length;
}

const moveSales = (openInMs: number, closeInMs: number) =>
  target.dataSource.query(
    `UPDATE show SET sales_open_at = now() + $2 * interval '1 ms', sales_close_at = now() + $3 * interval '1 ms' WHERE id = $1`,
    [showId, openInMs, closeInMs],
  );

describe('the answer', () => {
  it('to a hold', async () => {
    const { body } = await ok(me.hold(showId, ['B1', 'A2']));
    const held = { status: 'HELD', version: 1, hold_expires_at: body.expires_at };
    expect(body).toEqual({
      message: TEXT,
      show_id: showId,
      expires_at: TIMESTAMP,
      server_time: TIMESTAMP,
      total_price: '200.00',
      currency: 'USD',
      seats: [
        { ...seat('A2'), ...held },
        { ...seat('B1'), ...held },
      ],
    });
    expect(Date.parse(body.expires_at) - Date.parse(body.server_time)).toBe(10 * MINUTE_MS);
  });

  it('to a book', async () => {
    await ok(me.hold(showId, ['B1', 'A2']));
    const { body } = await ok(me.book(showId, ['B1', 'A2']));
    expect(body).toEqual({
      message: TEXT,
      total_paid: '200.00',
      currency: 'USD',
      booking: {
        id: UUID,
        reference: REFERENCE,
        show_id: showId,
        seats: seats('A2', 'B1'),
        total_paid: '200.00',
        currency: 'USD',
        booked_at: TIMESTAMP,
        key: expect.stringMatching(/^[A-Za-z0-9_-]{22}$/),
      },
    });
  });

  it('to a release: the seats this call changed', async () => {
    await ok(me.hold(showId, ['A2', 'B1']));
    const { body } = await ok(me.release(showId, ['B1', 'A1', 'A2']));
    expect(body).toEqual({ message: TEXT, show_id: showId, released: seats('A2', 'B1') });
  });

  it('tells the time of the database', async () => {
    const now = async () =>
      Number(
        (await target.dataSource.query('SELECT floor(extract(epoch FROM clock_timestamp()) * 1000) AS now_ms'))[0]
          .now_ms,
      );
    const before = await now();
    const { body } = await ok(me.hold(showId, ['A1']));
    expect(Date.parse(body.server_time)).toBeGreaterThanOrEqual(before);
    expect(Date.parse(body.server_time)).toBeLessThanOrEqual(await now());
  });

  it('sums the prices of the seats', async () => {
    await target.dataSource.query(`UPDATE seat SET price = 0.10 + number WHERE show_id = $1`, [showId]);
    expect((await ok(me.hold(showId, ['A1', 'A2', 'A10']))).body.total_price).toBe('13.30');
    const { body } = await ok(me.book(showId, ['A1', 'A2', 'A10']));
    expect([body.total_paid, body.booking.total_paid]).toEqual(['13.30', '13.30']);
  });

  it('says the earliest deadline of several', async () => {
    await ok(me.hold(showId, ['A2']));
    await lapse(target.dataSource, showId, ['A2'], -5 * MINUTE_MS);
    const { body } = await ok(me.hold(showId, ['A1', 'A2']));
    const [a1, a2] = body.seats.map((each: { hold_expires_at: string }) => Date.parse(each.hold_expires_at));
    expect(Date.parse(body.expires_at)).toBe(a2);
    expect(a1 - Date.parse(body.server_time)).toBe(10 * MINUTE_MS);
    expect(a1 - a2).toBeGreaterThanOrEqual(5 * MINUTE_MS);
  });

  it('names seats in row, number order, however they were named', async () => {
    await ok(me.hold(showId, ['B2', 'A10', 'A9', 'B1']));
    expect(
      (await ok(me.hold(showId, ['A9', 'B1', 'B2', 'A10']))).body.seats.map(
        (each: { row: string; number: number }) => each.row + each.number,
      ),
    ).toEqual(['A9', 'A10', 'B1', 'B2']);
    expect((await ok(me.release(showId, ['B1', 'A10', 'A9', 'B2']))).body.released).toEqual(
      seats('A9', 'A10', 'B1', 'B2'),
    );
  });
});

describe('the life of a seat', () => {
  // The contract's table. Behind each cell the test looks at the stored seat.
  const TABLE = `
  | command | AVAILABLE   | HELD by me  | HELD by another | lapsed      | BOOKED by me | BOOKED by another |
  | hold    | → HELD      | no change   | SEAT_HELD       | → HELD      | SEAT_BOOKED  | SEAT_BOOKED       |
  | book    | HOLD_GONE   | → BOOKED    | SEAT_HELD       | HOLD_GONE   | same booking | SEAT_BOOKED       |
  | release | no change   | → AVAILABLE | SEAT_HELD       | no change   | SEAT_BOOKED  | SEAT_BOOKED       |
  `;
  const [head, ...rows] = TABLE.trim()
    .split('\n')
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  const cells = rows.flatMap(([command, ...row]) =>
    row.map((expected, column) => [command as CommandName, head![column + 1]!, expected] as const),
  );

  /** Brings A1 about, and tells how it is shown then. */
  const standings: Record<string, () => Promise<string>> = {
    AVAILABLE: async () => 'AVAILABLE 0',
    'HELD by me': async () => {
      await ok(me.hold(showId, ['A1']));
      return 'HELD 1';
    },
    'HELD by another': async () => {
      await ok(another.hold(showId, ['A1']));
      return 'HELD 1';
    },
    lapsed: async () => {
      await ok(me.hold(showId, ['A1']));
      await lapse(target.dataSource, showId, ['A1']);
      return 'AVAILABLE 2';
    },
    'BOOKED by me': async () => {
      await ok(me.hold(showId, ['A1']));
      await ok(me.book(showId, ['A1']));
      return 'BOOKED 2';
    },
    'BOOKED by another': async () => {
      await ok(another.hold(showId, ['A1']));
      await ok(another.book(showId, ['A1']));
      return 'BOOKED 2';
    },
  };

  it.each(cells)('%s, %s: %s', async (command, standing, expected) => {
    const before = await standings[standing]!();
    expect(await state('A1')).toEqual([before]);
    const answer = await me[command](showId, ['A1']);

    const [status, version] = before.split(' ') as [string, string];
    if (/^[A-Z_]+$/.test(expected)) {
      expectProblem(answer, REFUSED[command], seatsOf({ A1: expected }));
      expect(await state('A1')).toEqual([before]);
    } else {
      expect(answer.status).toBe(200);
      const [, to] = expected.split('→ ');
      expect(await state('A1')).toEqual([to ? `${to} ${Number(version) + 1}` : `${status} ${version}`]);
    }
  });

  it('has all 18 cells of the three commands', () => {
    expect(cells).toHaveLength(18);
    expect(new Set(head!.slice(1))).toEqual(new Set(Object.keys(standings)));
  });

  it('what was released can be held by anybody, and what was booked by nobody, for good', async () => {
    await ok(me.hold(showId, ['A1']));
    await ok(me.release(showId, ['A1']));
    await ok(another.hold(showId, ['A1']));
    await ok(another.book(showId, ['A1']));
    expect(await state('A1')).toEqual(['BOOKED 4']);
    for (const who of [me, another])
      expectProblem(await who.hold(showId, ['A1']), 'SEAT_UNAVAILABLE', seatsOf({ A1: 'SEAT_BOOKED' }));
    for (const who of [me, another])
      expectProblem(await who.release(showId, ['A1']), 'NOT_YOUR_HOLD', seatsOf({ A1: 'SEAT_BOOKED' }));
    expect(await state('A1')).toEqual(['BOOKED 4']);
  });
});

describe('all or nothing', () => {
  /** A1 free, A2 mine, A3 another's, A4 lapsed, A5 booked by me, A6 booked by another. */
  beforeEach(async () => {
    await ok(me.hold(showId, ['A4', 'A5']));
    await ok(me.book(showId, ['A5']));
    await ok(another.hold(showId, ['A3', 'A6']));
    await ok(another.book(showId, ['A6']));
    await lapse(target.dataSource, showId, ['A4']);
    await ok(me.hold(showId, ['A2']));
  });
  const ALL = ['A1', 'A2', 'A3', 'A4', 'A5', 'A6'];
  const BEFORE = ['AVAILABLE 0', 'HELD 1', 'HELD 1', 'AVAILABLE 2', 'BOOKED 2', 'BOOKED 2'];

  it.each<[CommandName, Record<string, string>]>([
    ['hold', { A3: 'SEAT_HELD', A5: 'SEAT_BOOKED', A6: 'SEAT_BOOKED' }],
    ['book', { A1: 'HOLD_GONE', A3: 'SEAT_HELD', A4: 'HOLD_GONE', A5: 'SEAT_BOOKED', A6: 'SEAT_BOOKED' }],
    ['release', { A3: 'SEAT_HELD', A5: 'SEAT_BOOKED', A6: 'SEAT_BOOKED' }],
  ])('a refused %s lists every offending seat and changes nothing', async (command, offending) => {
    expect(await state(...ALL)).toEqual(BEFORE);
    expectProblem(await me[command](showId, [...ALL].reverse()), REFUSED[command], seatsOf(offending));
    expect(await state(...ALL)).toEqual(BEFORE);
  });

  it('without those the same commands are accepted', async () => {
    await ok(me.hold(showId, ['A4', 'A2', 'A1']));
    expect(await state(...ALL)).toEqual(['HELD 1', 'HELD 1', 'HELD 1', 'HELD 3', 'BOOKED 2', 'BOOKED 2']);
    await ok(me.release(showId, ['A4']));
    await ok(me.book(showId, ['A2', 'A1']));
    expect(await state(...ALL)).toEqual(['BOOKED 2', 'BOOKED 2', 'HELD 1', 'AVAILABLE 4', 'BOOKED 2', 'BOOKED 2']);
  });
});

describe('retries by state', () => {
  it('a repeated hold keeps the deadline and the version', async () => {
    const first = await ok(me.hold(showId, ['A1', 'A2']));
    const second = await ok(me.hold(showId, ['A2', 'A1']));
    expect(second.body).toEqual({ ...first.body, server_time: TIMESTAMP });
  });

  it('a repeated book is the same booking, in any order of the seats', async () => {
    await ok(me.hold(showId, ['A1', 'A2', 'B1']));
    const first = await ok(me.book(showId, ['A1', 'A2', 'B1']));
    for (const again of [
      ['A1', 'A2', 'B1'],
      ['B1', 'A2', 'A1'],
      ['A2', 'B1', 'A1'],
    ]) {
      expect((await ok(me.book(showId, again))).body).toEqual(first.body);
    }
    expect(await state('A1', 'A2', 'B1')).toEqual(['BOOKED 2', 'BOOKED 2', 'BOOKED 2']);
  });

  it('a book of a part of it, of more, or of two bookings mixed, is refused', async () => {
    await ok(me.hold(showId, ['A1', 'A2', 'B1', 'B2', 'C1']));
    await ok(me.book(showId, ['A1', 'A2']));
    await ok(me.book(showId, ['B1', 'B2']));
    expectProblem(await me.book(showId, ['A1']), 'NOT_YOUR_HOLD', seatsOf({ A1: 'SEAT_BOOKED' }));
    expectProblem(
      await me.book(showId, ['A1', 'A2', 'C1']),
      'NOT_YOUR_HOLD',
      seatsOf({ A1: 'SEAT_BOOKED', A2: 'SEAT_BOOKED' }),
    );
    expectProblem(
      await me.book(showId, ['A2', 'B1']),
      'NOT_YOUR_HOLD',
      seatsOf({ A2: 'SEAT_BOOKED', B1: 'SEAT_BOOKED' }),
    );
    expectProblem(
      await me.book(showId, ['A1', 'A2', 'B1', 'B2']),
      'NOT_YOUR_HOLD',
      seatsOf({ A1: 'SEAT_BOOKED', A2: 'SEAT_BOOKED', B1: 'SEAT_BOOKED', B2: 'SEAT_BOOKED' }),
    );
    expect(await state('C1')).toEqual(['HELD 1']);
  });

  it('a book of another’s booking is refused', async () => {
    await ok(another.hold(showId, ['A1']));
    await ok(another.book(showId, ['A1']));
    expectProblem(await me.book(showId, ['A1']), 'NOT_YOUR_HOLD', seatsOf({ A1: 'SEAT_BOOKED' }));
  });

  it('the same seats of another show are another booking', async () => {
    const otherShow = await createShow(target.dataSource);
    const bookings = [];
    for (const each of [showId, otherShow]) {
      await ok(me.hold(each, ['A1']));
      bookings.push((await ok(me.book(each, ['A1']))).body.booking);
    }
    expect(bookings.map((booking) => booking.show_id)).toEqual([showId, otherShow]);
    expect(bookings[0].id).not.toBe(bookings[1].id);
  });

  it('a repeated release succeeds and changes nothing', async () => {
    await ok(me.hold(showId, ['A1']));
    expect((await ok(me.release(showId, ['A1']))).body.released).toEqual(seats('A1'));
    expect((await ok(me.release(showId, ['A1']))).body.released).toEqual([]);
    expect(await state('A1')).toEqual(['AVAILABLE 2']);
  });
});

describe('the limit of held seats', () => {
  const TEN = Array.from({ length: 10 }, (_, i) => `A${i + 1}`);

  it('is ten in one show: the eleventh is refused, and nobody else is affected', async () => {
    await ok(me.hold(showId, TEN));
    expectProblem(await me.hold(showId, ['B1']), 'HOLD_LIMIT_EXCEEDED');
    expect(await state('B1')).toEqual(['AVAILABLE 0']);
    await ok(another.hold(showId, ['B1']));
    await ok(me.hold(await createShow(target.dataSource), ['B1']));
  });

  it('refuses a command as a whole', async () => {
    await ok(me.hold(showId, TEN.slice(0, 8)));
    expectProblem(await me.hold(showId, ['B1', 'B2', 'B3']), 'HOLD_LIMIT_EXCEEDED');
    expect(await state('B1', 'B2', 'B3')).toEqual(['AVAILABLE 0', 'AVAILABLE 0', 'AVAILABLE 0']);
    await ok(me.hold(showId, ['B1', 'B2']));
  });

  it('counts nothing twice: holding again what one holds is always possible', async () => {
    await ok(me.hold(showId, TEN));
    await ok(me.hold(showId, TEN));
    await ok(me.hold(showId, ['A3']));
    expectProblem(await me.hold(showId, ['A3', 'B1']), 'HOLD_LIMIT_EXCEEDED');
  });

  it('counts live holds only: neither released, nor booked, nor lapsed ones', async () => {
    await ok(me.hold(showId, TEN));
    await ok(me.release(showId, ['A1', 'A2']));
    await ok(me.book(showId, ['A3', 'A4', 'A5']));
    await lapse(target.dataSource, showId, ['A6', 'A7', 'A8', 'A9']);
    // A10 is left.
    expectProblem(
      await me.hold(showId, ['B1', 'B2', 'B3', 'B4', 'B5', 'B6', 'B7', 'B8', 'B9', 'B10']),
      'HOLD_LIMIT_EXCEEDED',
    );
    await ok(me.hold(showId, ['B1', 'B2', 'B3', 'B4', 'B5', 'B6', 'B7', 'B8', 'B9']));
    expectProblem(await me.hold(showId, ['C1']), 'HOLD_LIMIT_EXCEEDED');
  });

  it('is exact when all come at once', async () => {
    const names = ['A', 'B', 'C', 'D'].flatMap((row) => [1, 2, 3, 4, 5].map((number) => `${row}${number}`));
    const answers = await Promise.all(names.map((name) => me.hold(showId, [name])));
    expect(tally(answers)).toEqual({ '200': 10, '409 HOLD_LIMIT_EXCEEDED': 10 });
  });
});

describe('the sales window', () => {
  it.each([
    ['before the opening', 1 * MINUTE_MS, 2 * MINUTE_MS],
    ['after the close', -2 * MINUTE_MS, -1_000],
  ])('%s nothing is held or booked, but releasing and repeating a book work', async (_, openInMs, closeInMs) => {
    await ok(me.hold(showId, ['A1', 'A2', 'B1']));
    const booked = await ok(me.book(showId, ['B1']));
    await moveSales(openInMs, closeInMs);

    expectProblem(await me.hold(showId, ['C1']), 'SALES_CLOSED');
    expectProblem(await me.hold(showId, ['A1']), 'SALES_CLOSED');
    expectProblem(await me.book(showId, ['A1']), 'SALES_CLOSED');
    expect((await ok(me.release(showId, ['A2']))).body.released).toEqual(seats('A2'));
    expect((await ok(me.book(showId, ['B1']))).body).toEqual(booked.body);
    expect(await state('A1', 'A2', 'B1', 'C1')).toEqual(['HELD 1', 'AVAILABLE 2', 'BOOKED 2', 'AVAILABLE 0']);

    await moveSales(-MINUTE_MS, MINUTE_MS);
    await ok(me.book(showId, ['A1']));
  });
});

describe('shows and seats that do not exist', () => {
  it.each(COMMANDS)('%s', async (command) => {
    expectProblem(await me[command](NO_SHOW, ['A1']), 'SHOW_NOT_FOUND');
    expectProblem(
      await me[command](showId, ['Z9', 'A1', 'A99', 'F1']),
      'SEAT_NOT_FOUND',
      seatsOf({ A99: 'SEAT_NOT_FOUND', F1: 'SEAT_NOT_FOUND', Z9: 'SEAT_NOT_FOUND' }),
    );
    expect(await changed()).toBe(0);
  });

  it('are told of before anything else about the seats', async () => {
    await ok(another.hold(showId, ['A1']));
    expectProblem(await me.hold(showId, ['A1', 'Z9']), 'SEAT_NOT_FOUND', seatsOf({ Z9: 'SEAT_NOT_FOUND' }));
  });
});

describe('a body that is not as it must be', () => {
  const good = () => ({ show_id: showId, seats: seats('A1') as unknown[] });
  const many = (count: number) =>
    Array.from({ length: count }, (_, i) => ({ row: 'ABCDE'[i % 5], number: Math.floor(i / 5) + 1 }));

  const BAD: [string, () => unknown, string[]][] = [
    ['empty object', () => ({}), ['show_id', 'seats']],
    ['no show_id', () => ({ seats: seats('A1') }), ['show_id']],
    ['no seats', () => ({ show_id: showId }), ['seats']],
    ['show_id as text', () => ({ ...good(), show_id: String(showId) }), ['show_id']],
    ['show_id null', () => ({ ...good(), show_id: null }), ['show_id']],
    ['show_id true', () => ({ ...good(), show_id: true }), ['show_id']],
    ['show_id a list', () => ({ ...good(), show_id: [showId] }), ['show_id']],
    ['show_id 0', () => ({ ...good(), show_id: 0 }), ['show_id']],
    ['show_id negative', () => ({ ...good(), show_id: -1 }), ['show_id']],
    ['show_id a fraction', () => ({ ...good(), show_id: 1.5 }), ['show_id']],
    ['show_id beyond an integer', () => ({ ...good(), show_id: 2_147_483_648 }), ['show_id']],
    ['show_id huge', () => `{"show_id":1e400,"seats":[{"row":"A","number":1}]}`, ['show_id']],
    ['seats an object', () => ({ ...good(), seats: { row: 'A', number: 1 } }), ['seats']],
    ['seats text', () => ({ ...good(), seats: 'A1' }), ['seats']],
    ['seats null', () => ({ ...good(), seats: null }), ['seats']],
    ['no seat', () => ({ ...good(), seats: [] }), ['seats']],
    ['11 seats', () => ({ ...good(), seats: many(11) }), ['seats']],
    ['101 seats', () => ({ ...good(), seats: many(101) }), ['seats']],
    ['a seat twice', () => ({ ...good(), seats: seats('A1', 'A2', 'A1') }), ['seats']],
    ['a seat as text', () => ({ ...good(), seats: ['A1'] }), ['seats', 'seats.0']],
    ['a seat null', () => ({ ...good(), seats: [null] }), ['seats', 'seats.0']],
    ['a seat a list', () => ({ ...good(), seats: [['A', 1]] }), ['seats', 'seats.0.0', 'seats.0.1']],
    ['a seat without row', () => ({ ...good(), seats: [{ number: 1 }] }), ['seats.0.row']],
    ['a seat without number', () => ({ ...good(), seats: [{ row: 'A' }] }), ['seats.0.number']],
    ['row a number', () => ({ ...good(), seats: [{ row: 1, number: 1 }] }), ['seats.0.row']],
    ['row empty', () => ({ ...good(), seats: [{ row: '', number: 1 }] }), ['seats.0.row']],
    ['row of 9 letters', () => ({ ...good(), seats: [{ row: 'ABCDEFGHI', number: 1 }] }), ['seats.0.row']],
    ['row with a space', () => ({ ...good(), seats: [{ row: 'A ', number: 1 }] }), ['seats.0.row']],
    ['row with a NUL', () => ({ ...good(), seats: [{ row: 'A\0', number: 1 }] }), ['seats.0.row']],
    ['row half a character', () => `{"show_id":${showId},"seats":[{"row":"\\ud800","number":1}]}`, ['seats.0.row']],
    ['row with SQL', () => ({ ...good(), seats: [{ row: "A'--", number: 1 }] }), ['seats.0.row']],
    ['number as text', () => ({ ...good(), seats: [seat('A1'), { row: 'A', number: '2' }] }), ['seats.1.number']],
    ['number 0', () => ({ ...good(), seats: [{ row: 'A', number: 0 }] }), ['seats.0.number']],
    ['number a fraction', () => ({ ...good(), seats: [{ row: 'A', number: 1.5 }] }), ['seats.0.number']],
    [
      'number beyond an integer',
      () => ({ ...good(), seats: [{ row: 'A', number: 2_147_483_648 }] }),
      ['seats.0.number'],
    ],
    ['an unknown field', () => ({ ...good(), holder_id: 'me' }), ['holder_id']],
    ['an unknown field, whatever it is called', () => ({ ...good(), prototype: 1 }), ['prototype']],
    ['an unknown field of a seat', () => ({ ...good(), seats: [{ ...seat('A1'), price: '0.00' }] }), ['seats.0.price']],
    [
      'several mistakes',
      () => ({
        show_id: 'x',
        seats: [
          { row: '', number: 1 },
          { row: 'A', number: -1 },
        ],
        extra: 1,
      }),
      ['extra', 'show_id', 'seats.0.row', 'seats.1.number'],
    ],
  ];

  it.each(BAD)('%s', async (_, body, paths) => {
    for (const command of COMMANDS) {
      expectInvalid(await request(target, 'POST', PATHS[command], { token: me.token, body: body() }), ...paths);
    }
    expect(await changed()).toBe(0);
  });

  it.each<[string, string]>([
    ['nothing', ''],
    ['no JSON', 'hello'],
    ['half of it', '{"show_id":1,'],
    ['a list', '[]'],
    ['null', 'null'],
    ['text', '"A1"'],
    ['a number', '1'],
    ['a prototype', '{"__proto__":{"admin":true},"show_id":1,"seats":[]}'],
    ['deep lists', '['.repeat(10_000) + ']'.repeat(10_000)],
  ])('%s', async (_, body) => {
    for (const command of COMMANDS) {
      const answer = await request(target, 'POST', PATHS[command], { token: me.token, body });
      expect([answer.status, answer.body.code]).toEqual([400, 'VALIDATION_FAILED']);
    }
    expect(await changed()).toBe(0);
  });

  it('may name ten seats, and a row of eight letters or digits of any script', async () => {
    await target.dataSource.query(
      `INSERT INTO seat (show_id, "row", number, price) VALUES ($1, '座席ÄЯ12ab', 2147483647, 5)`,
      [showId],
    );
    const body = { show_id: showId, seats: [{ row: '座席ÄЯ12ab', number: 2_147_483_647 }, ...many(9)] };
    const answer = await request(target, 'POST', PATHS.hold, { token: me.token, body });
    expect([answer.status, answer.body.total_price]).toEqual([200, '905.00']);
    expect(answer.body.seats[9]).toMatchObject({ row: '座席ÄЯ12ab', number: 2_147_483_647, version: 1 });
  });

  it('that is too large is not read', async () => {
    const body = JSON.stringify(good());
    expectProblem(
      await request(target, 'POST', PATHS.hold, { token: me.token, body: body.padEnd(65_537) }),
      'PAYLOAD_TOO_LARGE',
    );
    expect(await changed()).toBe(0);
    expect((await request(target, 'POST', PATHS.hold, { token: me.token, body: body.padEnd(65_536) })).status).toBe(
      200,
    );
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/xml'])(
    '%s is not JSON',
    async (type) => {
      const answer = await request(target, 'POST', PATHS.hold, {
        token: me.token,
        body: JSON.stringify(good()),
        headers: { 'content-type': type },
      });
      expectProblem(answer, 'UNSUPPORTED_MEDIA_TYPE');
      expect(await changed()).toBe(0);
    },
  );
});

describe('who is asking', () => {
  it.each<[string, Record<string, string>]>([
    ['no token', {}],
    ['no scheme', { authorization: 'abc' }],
    ['another scheme', { authorization: 'Basic YTpi' }],
    ['an empty token', { authorization: 'Bearer ' }],
    ['no JWT', { authorization: 'Bearer abc' }],
    [
      'an unsigned token',
      {
        authorization: `Bearer ${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from('{"sub":"guest:1","iss":"rowlock"}').toString('base64url')}.`,
      },
    ],
  ])('%s: 401, whatever the body', async (_, headers) => {
    for (const command of COMMANDS) {
      expectProblem(
        await request(target, 'POST', PATHS[command], { headers, body: { show_id: showId, seats: seats('A1') } }),
        'UNAUTHENTICATED',
      );
      expectProblem(await request(target, 'POST', PATHS[command], { headers, body: {} }), 'UNAUTHENTICATED');
    }
    expect(await changed()).toBe(0);
  });

  it('is the token’s subject, which is what is stored', async () => {
    await ok(me.hold(showId, ['A1']));
    const rows = await target.dataSource.query(`SELECT holder_id FROM seat WHERE show_id = $1 AND status = 'HELD'`, [
      showId,
    ]);
    expect(rows).toEqual([{ holder_id: me.id }]);
  });
});

describe('the settings', () => {
  let strict: TestApp;
  beforeAll(async () => {
    strict = await startApp({
      HOLD_TTL_SECONDS: '60',
      MAX_SEATS_PER_COMMAND: '2',
      MAX_HELD_SEATS_PER_HOLDER: '3',
      BODY_LIMIT_BYTES: '1024',
    });
  });
  afterAll(() => strict.close());

  it('say how long, how many at a time, and how many in all', async () => {
    const show = await createShow(strict.dataSource);
    const shopper = await person(strict);
    expectProblem(await shopper.hold(show, ['A1', 'A2', 'A3']), 'VALIDATION_FAILED', fields('seats'));
    const { body } = await ok(shopper.hold(show, ['A1', 'A2']));
    expect(Date.parse(body.expires_at) - Date.parse(body.server_time)).toBe(60_000);
    expectProblem(await shopper.hold(show, ['A3', 'A4']), 'HOLD_LIMIT_EXCEEDED');
    await ok(shopper.hold(show, ['A3']));
    expectProblem(await shopper.hold(show, ['A4']), 'HOLD_LIMIT_EXCEEDED');
    const long = JSON.stringify({ show_id: show, seats: seats('A1') }).padEnd(1_025);
    expectProblem(await request(strict, 'POST', PATHS.hold, { token: shopper.token, body: long }), 'PAYLOAD_TOO_LARGE');
  });
});
