import fc from 'fast-check';
import { compareSeats, SEAT_STATUSES } from '../seat-transitions';
import { renderSeatMap, renderSeenSeat, SeatMap, seatMapOf, SeenSeat, seenSeats } from './seat-map';

const DEADLINE = Date.UTC(2026, 4, 1, 18, 10);

function seen(number: number, changes: Partial<SeenSeat> = {}): SeenSeat {
  return { row: 'A', number, status: 'AVAILABLE', version: 0, holderId: null, holdExpiresAtMs: null, ...changes };
}

const held = (number: number, holderId: string) =>
  seen(number, { status: 'HELD', version: 3, holderId, holdExpiresAtMs: DEADLINE });

const SEATS = [held(1, 'ann'), held(2, 'bob'), seen(3), seen(4, { status: 'BOOKED', version: 2 })];

type Changes = Partial<Omit<SeatMap, 'seatsJson' | 'holds'>> & { seats?: readonly SeenSeat[] };

function map({ seats = SEATS, ...changes }: Changes = {}): SeatMap {
  const about = {
    showId: 1,
    screen: 'Screen 1 (Main Hall)',
    serverTimeMs: Date.UTC(2026, 4, 1, 18),
    stats: { total: 4, available: 1, held: 2, booked: 1, blocked: 0 },
  };
  return seatMapOf({ ...about, ...changes }, seats);
}

const parsed = (seatMap: SeatMap, viewer: string | null) => JSON.parse(renderSeatMap(seatMap, viewer).json);

describe('a seat map', () => {
  const PUBLIC = {
    show_id: 1,
    screen: 'Screen 1 (Main Hall)',
    server_time: '2026-05-01T18:00:00.000Z',
    stats: { total: 4, available: 1, held: 2, booked: 1, blocked: 0 },
    seats: [
      { row: 'A', number: 1, status: 'HELD', version: 3 },
      { row: 'A', number: 2, status: 'HELD', version: 3 },
      { row: 'A', number: 3, status: 'AVAILABLE', version: 0 },
      { row: 'A', number: 4, status: 'BOOKED', version: 2 },
    ],
  };

  it('shows whoever has no holds in it what everybody sees', () => {
    expect(parsed(map(), null)).toEqual(PUBLIC);
    expect(parsed(map(), 'eve')).toEqual(PUBLIC);
  });

  it('marks the viewer’s own holds, and nobody else’s', () => {
    const [first, ...others] = PUBLIC.seats;
    expect(parsed(map(), 'ann')).toEqual({
      ...PUBLIC,
      seats: [{ ...first, held_by_me: true, hold_expires_at: '2026-05-01T18:10:00.000Z' }, ...others],
    });
  });

  it('names nobody', () => {
    for (const viewer of [null, 'ann', 'bob', 'eve'])
      expect(renderSeatMap(map(), viewer).json).not.toMatch(/ann|bob|eve/);
  });

  it('is the same to the next viewer, whoever looked before', () => {
    const one = map();
    const before = renderSeatMap(one, null);
    renderSeatMap(one, 'ann');
    expect(renderSeatMap(one, 'eve')).toEqual(before);
    const other = map();
    renderSeatMap(other, 'ann');
    expect(renderSeatMap(other, null)).toEqual(before);
    expect(parsed(other, 'bob').seats[1].held_by_me).toBe(true);
    expect(parsed(other, 'bob').seats[0].held_by_me).toBeUndefined();
  });

  it('is valid JSON whatever the screen is called', () => {
    const screen = 'Saal "1" \\ \u2028 </script> 😀';
    expect(parsed(map({ screen }), null).screen).toBe(screen);
  });

  it('knows of every seat all that it was made of', () => {
    expect(seenSeats(map())).toEqual(SEATS);
  });

  it('of a show without seats', () => {
    const empty = map({ seats: [], stats: { total: 0, available: 0, held: 0, booked: 0, blocked: 0 } });
    expect(parsed(empty, 'ann')).toMatchObject({ seats: [], stats: { total: 0 } });
  });
});

describe('its ETag', () => {
  const etag = (seatMap: SeatMap, viewer: string | null = null) => renderSeatMap(seatMap, viewer).etag;

  it('is weak, and fit for a header', () => {
    expect(etag(map())).toMatch(/^W\/"[\x21\x23-\x7e]+"$/);
  });

  it('does not change with the time', () => {
    expect(etag(map({ serverTimeMs: 1 }))).toBe(etag(map({ serverTimeMs: 2 })));
    expect(etag(map({ serverTimeMs: 1 }), 'ann')).toBe(etag(map({ serverTimeMs: 2 }), 'ann'));
  });

  it('changes with everything else', () => {
    const seats = SEATS;
    const tags = [
      map(),
      map({ showId: 2 }),
      map({ screen: 'Screen 2' }),
      map({ stats: { total: 4, available: 2, held: 1, booked: 1, blocked: 0 } }),
      map({ seats: seats.slice(1) }),
      map({ seats: [{ ...seats[0]!, version: 4 }, ...seats.slice(1)] }),
      map({ seats: [{ ...seats[0]!, status: 'BOOKED' }, ...seats.slice(1)] }),
      map({ seats: [{ ...seats[0]!, row: 'B' }, ...seats.slice(1)] }),
    ].map((each) => etag(each));
    expect(new Set(tags).size).toBe(tags.length);
  });

  it('is another one for each viewer who sees something else', () => {
    expect(new Set([etag(map()), etag(map(), 'ann'), etag(map(), 'bob')]).size).toBe(3);
    expect(etag(map(), 'eve')).toBe(etag(map()));
    const later = map({ seats: [{ ...held(1, 'ann'), holdExpiresAtMs: DEADLINE + 1 }, ...SEATS.slice(1)] });
    expect(etag(later, 'ann')).not.toBe(etag(map(), 'ann'));
    expect(etag(later, 'bob')).toBe(etag(map(), 'bob'));
  });
});

describe('a seat map of any house', () => {
  const label = fc.string({
    unit: fc.constantFrom('A', 'B', '1', '2', 'Ä', '座', '"', '\\', '\n', '\u2028', '}', ',', '{'),
    minLength: 1,
    maxLength: 4,
  });
  const holder = fc.constantFrom('ann', 'bob', 'eve');
  const house = fc
    .uniqueArray(
      fc.record({
        row: label,
        number: fc.integer({ min: 1, max: 12 }),
        status: fc.constantFrom(...SEAT_STATUSES),
        version: fc.nat(),
        holder,
        expiresIn: fc.nat(600_000),
      }),
      { selector: ({ row, number }) => JSON.stringify([row, number]), maxLength: 40 },
    )
    .map((drawn) =>
      drawn.sort(compareSeats).map(({ row, number, status, version, holder: holderId, expiresIn }): SeenSeat => {
        const hold =
          status === 'HELD'
            ? { holderId, holdExpiresAtMs: DEADLINE + expiresIn }
            : { holderId: null, holdExpiresAtMs: null };
        return { row, number, status, version, ...hold };
      }),
    );

  it('has the very text for a holder that it would have if each seat were rendered for them', () => {
    fc.assert(
      fc.property(house, fc.constantFrom('ann', 'bob', 'eve', 'nobody', null), (seats, viewer) => {
        const one = map({ seats });
        const plain = {
          server_time: '2026-05-01T18:00:00.000Z',
          show_id: one.showId,
          screen: one.screen,
          stats: one.stats,
          seats: seats.map((seat) => renderSeenSeat(seat, viewer)),
        };
        expect(renderSeatMap(one, viewer).json).toBe(JSON.stringify(plain));
      }),
      { numRuns: 500 },
    );
  });

  it('is tagged without being rendered', () => {
    const seats = Array.from({ length: 10_000 }, (_, index) => held(index + 1, index % 2 ? 'ann' : 'bob'));
    const one = map({ seats });
    const parse = jest.spyOn(JSON, 'parse');
    const { etag: tag } = renderSeatMap(one, 'ann');
    expect(tag).not.toBe(renderSeatMap(one, 'bob').etag);
    expect(tag).toBe(renderSeatMap(map({ seats }), 'ann').etag);
    expect(parse).not.toHaveBeenCalled();
    parse.mockRestore();
  });
});
