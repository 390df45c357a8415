import { matchesEtag, renderSeatMap, SeatMap, seatMapOf, SeenSeat, seenSeats } from './seat-map';

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

describe('If-None-Match', () => {
  const tag = 'W/"abc-_1"';

  it.each<[string | undefined, boolean]>([
    [tag, true],
    ['"abc-_1"', true],
    ['W/"x", W/"abc-_1"', true],
    ['"x","abc-_1" , "y"', true],
    ['*', true],
    [' * ', true],
    [undefined, false],
    ['', false],
    ['W/"abc"', false],
    ['W/"ABC-_1"', false],
    ['abc-_1', false],
    ['w/"abc-_1"', false],
    ['W/"x", W/"y"', false],
    [',', false],
  ])('%j: %s', (header, expected) => {
    expect(matchesEtag(header, tag)).toBe(expected);
  });
});
