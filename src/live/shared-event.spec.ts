import fc from 'fast-check';
import { renderSeenSeat, SeenSeat } from '../seats/reading/seat-map';
import { SharedEvent } from './shared-event';

const HOLDERS = ['ann', 'bob'];
const ABOUT = { show_id: 1, screen: 'Kino "Ż"', stats: { total: 1 } };
const TIME_MS = Date.parse('2026-05-01T18:00:00.000Z');

const seats: fc.Arbitrary<SeenSeat[]> = fc.array(
  fc
    .record({
      row: fc.constantFrom('A', 'Ω', 'AA'),
      number: fc.nat(),
      version: fc.nat(),
      holder: fc.constantFrom(...HOLDERS),
      isHeld: fc.boolean(),
    })
    .map(({ row, number, version, holder, isHeld }): SeenSeat => {
      return isHeld
        ? { row, number, version, status: 'HELD', holderId: holder, holdExpiresAtMs: TIME_MS + number }
        : { row, number, version, status: 'BOOKED', holderId: null, holdExpiresAtMs: null };
    }),
);

describe('an event that is shared by its watchers', () => {
  it('is for each of them what it would be if it were rendered for that watcher alone', () => {
    fc.assert(
      fc.property(seats, fc.constantFrom(null, 'eve', ...HOLDERS), (changed, viewer) => {
        const event = new SharedEvent('seats', 'abc', ABOUT, changed);
        const data = {
          server_time: new Date(TIME_MS).toISOString(),
          ...ABOUT,
          seats: changed.map((seat) => renderSeenSeat(seat, viewer)),
        };
        const text = `event: seats\nid: abc\ndata: ${JSON.stringify(data)}\n\n`;
        expect(Buffer.concat([...event.sendingTo(viewer, TIME_MS).pieces]).toString()).toBe(text);
        const isForAll = !changed.some(({ holderId }) => holderId === viewer && viewer !== null);
        expect(event.hasOwn(viewer)).toBe(!isForAll);
        if (isForAll) expect(event.sendingToAll(TIME_MS).shared.toString()).toBe(text);
      }),
    );
  });

  it('is in memory once: all watchers get views of the same bytes, holders too', () => {
    const house = Array.from({ length: 10_000 }, (_, index): SeenSeat => {
      return {
        row: 'A',
        number: index + 1,
        version: 1,
        status: 'HELD',
        holderId: HOLDERS[index % 2]!,
        holdExpiresAtMs: 0,
      };
    }).map((seat, index) => (index < 10 ? seat : { ...seat, holderId: 'others' }));
    const event = new SharedEvent('snapshot', 'abc', ABOUT, house);
    const sendings = [null, ...HOLDERS].map((viewer) => event.sendingTo(viewer, TIME_MS));
    for (const { pieces, shared } of sendings) {
      expect(shared).toBe(sendings[0]!.shared);
      const own = pieces.filter(({ buffer }) => buffer !== shared.buffer);
      expect(own.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(1_000);
    }
  });
});
