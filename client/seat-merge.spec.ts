import fc from 'fast-check';
import { seatKey, SeatMerge, SeatReport } from './seat-merge';

const NEXT = {
  AVAILABLE: ['HELD', 'BLOCKED'],
  HELD: ['AVAILABLE', 'BOOKED'],
  BOOKED: [],
  BLOCKED: ['AVAILABLE'],
} as const;

/** Histories of the seats of a show: for each seat its reports, one a version. */
const histories = fc
  .array(fc.array(fc.record({ choice: fc.nat(1), isMine: fc.boolean() }), { maxLength: 6 }), {
    minLength: 1,
    maxLength: 5,
  })
  .map((seats) =>
    seats.map((steps, index) => {
      const reports: SeatReport[] = [{ row: 'A', number: index + 1, status: 'AVAILABLE', version: 0 }];
      for (const { choice, isMine } of steps) {
        const { row, number, status, version } = reports.at(-1)!;
        const next = NEXT[status];
        if (next.length === 0) break;
        const to = next[choice % next.length]!;
        const own = to === 'HELD' && isMine ? { held_by_me: true, hold_expires_at: '2026-05-01T18:10:00.000Z' } : {};
        reports.push({ row, number, status: to, version: version + 1, ...own });
      }
      return reports;
    }),
  );

const withoutOwner = ({ row, number, status, version }: SeatReport): SeatReport => ({ row, number, status, version });
const sorted = (merge: SeatMerge) => [...merge.seats].sort((a, b) => a.number - b.number);

describe('merged reports', () => {
  test('come to the same however late, doubled and reordered they are', () => {
    const deliveries = histories.chain((history) => {
      const reports = history.flat();
      // All of them at least once, some again, some as others are told of them; in any order.
      return fc.record({
        history: fc.constant(history),
        delivered: fc
          .array(fc.constantFrom(...reports), { maxLength: 20 })
          .chain((again) =>
            fc.shuffledSubarray([...reports, ...again, ...reports.map(withoutOwner)], {
              minLength: reports.length * 2 + again.length,
            }),
          ),
        cuts: fc.infiniteStream(fc.integer({ min: 1, max: 5 })),
      });
    });
    fc.assert(
      fc.property(deliveries, ({ history, delivered, cuts }) => {
        const merge = new SeatMerge();
        for (let rest = delivered; rest.length > 0;) {
          const size = cuts.next().value!;
          merge.merge(rest.slice(0, size));
          rest = rest.slice(size);
        }
        const truth = history.map((reports) => reports.at(-1)!);
        expect(sorted(merge)).toEqual(truth);
        const count = (status: string) => truth.filter((seat) => seat.status === status).length;
        expect(merge.counts).toEqual({
          total: truth.length,
          available: count('AVAILABLE'),
          held: count('HELD'),
          booked: count('BOOKED'),
          blocked: count('BLOCKED'),
        });
      }),
    );
  });

  test('never go back, and tell of exactly what is different', () => {
    fc.assert(
      fc.property(
        histories.chain((history) => fc.array(fc.constantFrom(...history.flat()))),
        (delivered) => {
          const merge = new SeatMerge();
          for (const report of delivered) {
            const before = merge.get(seatKey(report));
            const changed = merge.merge([report]);
            const after = merge.get(seatKey(report))!;
            expect(after.version).toBeGreaterThanOrEqual(before?.version ?? 0);
            expect(changed).toEqual(after === before ? [] : [after]);
          }
        },
      ),
    );
  });

  test('keep what is newer already, and have each seat once', () => {
    const merge = new SeatMerge();
    merge.merge([{ row: 'A', number: 1, status: 'BOOKED', version: 2 }]);
    const changed = merge.merge([
      { row: 'A', number: 1, status: 'HELD', version: 1 },
      { row: 'A', number: 2, status: 'AVAILABLE', version: 0 },
    ]);
    expect(changed.map(seatKey)).toEqual(['A/2']);
    expect(merge.counts).toEqual({ total: 2, available: 1, held: 0, booked: 1, blocked: 0 });
  });

  test('lapse at their deadline and not before, and know a later hold from the lapsed one', () => {
    const merge = new SeatMerge();
    const deadline = '2026-05-01T18:10:00.000Z';
    merge.merge([{ row: 'A', number: 1, status: 'HELD', version: 1, held_by_me: true, hold_expires_at: deadline }]);
    expect(merge.lapse(Date.parse(deadline) - 1)).toEqual([]);
    expect(merge.lapse(Date.parse(deadline))).toEqual([{ row: 'A', number: 1, status: 'AVAILABLE', version: 2 }]);
    expect(merge.merge([{ row: 'A', number: 1, status: 'AVAILABLE', version: 2 }])).toEqual([]);
    expect(merge.merge([{ row: 'A', number: 1, status: 'HELD', version: 3 }])).toHaveLength(1);
    expect(merge.lapse(Infinity)).toEqual([]);
  });
});

describe('a snapshot', () => {
  const maps = fc.uniqueArray(
    fc.record({
      row: fc.constantFrom('A', 'B'),
      number: fc.integer({ min: 1, max: 4 }),
      status: fc.constantFrom<SeatReport['status'][]>('AVAILABLE', 'HELD', 'BOOKED', 'BLOCKED'),
      version: fc.nat(5),
    }),
    { selector: seatKey },
  );

  test('replaces whatever was known, and tells of exactly what is different', () => {
    fc.assert(
      fc.property(maps, maps, fc.array(maps), (first, second, reports) => {
        const merge = new SeatMerge();
        merge.replace(first);
        for (const report of reports) merge.merge(report);
        const before = new Map([...merge.seats].map((seat) => [seatKey(seat), seat]));
        const { changed, gone } = merge.replace(second);
        expect([...merge.seats]).toEqual(second);
        const isOther = (seat: SeatReport) => JSON.stringify(seat) !== JSON.stringify(before.get(seatKey(seat)));
        expect(changed).toEqual(second.filter(isOther));
        const keys = new Set(second.map(seatKey));
        expect(gone).toEqual([...before.keys()].filter((key) => !keys.has(key)));
        const fresh = new SeatMerge();
        fresh.replace(second);
        expect(merge.counts).toEqual(fresh.counts);
      }),
    );
  });

  const free: SeatReport = { row: 'A', number: 1, status: 'AVAILABLE', version: 2 };
  const mine: SeatReport = {
    ...free,
    status: 'HELD',
    version: 3,
    held_by_me: true,
    hold_expires_at: '2026-05-01T18:10:00.000Z',
  };

  test('may be older than a report that came while it was on its way, and only once', () => {
    const merge = new SeatMerge();
    merge.replace([free]);
    const mark = merge.mark;
    merge.merge([mine]);
    expect(merge.replace([free], mark)).toEqual({ changed: [], gone: [] });
    expect(merge.get('A/1')).toBe(mine);
    expect(merge.replace([free])).toEqual({ changed: [free], gone: [] });
  });

  test('of everybody’s seats does not take the mark and the deadline off one’s own', () => {
    const merge = new SeatMerge();
    merge.merge([mine]);
    const { row, number, status, version } = mine;
    expect(merge.replace([{ row, number, status, version }])).toEqual({ changed: [], gone: [] });
    expect(merge.get('A/1')).toBe(mine);
    expect(merge.replace([{ row, number, status, version: version + 2 }]).changed).toHaveLength(1);
  });
});
