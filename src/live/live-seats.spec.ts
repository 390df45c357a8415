import { seatMapOf, SeenSeat } from '../seats/reading/seat-map';
import { LiveSeats } from './live-seats';

const DEADLINE_MS = 1_000;

const free = (number: number, version = 0): SeenSeat => {
  return { row: 'A', number, status: 'AVAILABLE', version, holderId: null, holdExpiresAtMs: null };
};
const held = (number: number, version: number): SeenSeat => {
  return { row: 'A', number, status: 'HELD', version, holderId: 'ann', holdExpiresAtMs: DEADLINE_MS };
};

/** A read of the whole map. */
function read(...seats: SeenSeat[]) {
  const stats = { total: 0, available: 0, held: 0, booked: 0, blocked: 0 };
  return seatMapOf({ showId: 1, screen: 'Screen', serverTimeMs: 0, stats }, seats);
}
const open = (...seats: SeenSeat[]) => new LiveSeats(read(...seats));

describe('the seats of a show, as its watchers know them', () => {
  it('change by newer reports alone, and none is told twice', () => {
    const live = open(free(1, 2), free(2));
    live.merge([held(1, 3), held(1, 1), held(2, 1)]);
    expect(live.takeChanges()).toEqual([held(1, 3), held(2, 1)]);

    live.merge([free(1, 2), held(1, 3), held(2, 1)]);
    expect([live.hasChanges, live.takeChanges()]).toEqual([false, []]);
    expect(live.counts).toEqual({ total: 2, available: 0, held: 2, booked: 0, blocked: 0 });
  });

  it('lapse at their deadline and not before, each with the version of its expiry', () => {
    const live = open(held(1, 1), free(2));
    expect(live.nextLapseMs).toBe(DEADLINE_MS);
    live.lapse(DEADLINE_MS - 1);
    expect(live.hasChanges).toBe(false);
    live.lapse(DEADLINE_MS);
    expect(live.takeChanges()).toEqual([free(1, 2)]);
    expect([live.nextLapseMs, live.counts]).toEqual([
      undefined,
      { total: 2, available: 2, held: 0, booked: 0, blocked: 0 },
    ]);
  });

  it('have a state that is named by what is in it, however they got there', () => {
    const [one, other] = [open(free(1), free(2)), open(free(1), free(2))];
    one.merge([held(1, 1), free(1, 2), held(2, 1)]);
    other.merge([held(2, 1), free(1, 2)]);
    expect(one.stateId).toBe(other.stateId);
    expect(one.stateId).toBe(open(free(1, 2), held(2, 1)).stateId);
    const others = [open(free(1, 2), free(2, 1)), open(free(1, 1), held(2, 2)), open(free(1, 2)), open()];
    expect(new Set([one, ...others].map(({ stateId }) => stateId)).size).toBe(1 + others.length);
  });

  it('are the same whether a commit or a read tells of a booking: nobody hears who the buyer is', () => {
    const live = open(held(1, 1));
    live.merge([{ ...free(1, 2), status: 'BOOKED', holderId: 'ann' }]);
    expect(live.takeChanges()).toEqual([{ ...free(1, 2), status: 'BOOKED' }]);
    expect([live.adopt(read({ ...free(1, 2), status: 'BOOKED' }), live.mark), live.hasChanges]).toEqual([true, false]);
  });
});

describe('a read of all seats', () => {
  it('that only goes on is told seat by seat', () => {
    const live = open(free(1), free(2));
    expect(live.adopt(read(held(1, 1), free(2)), live.mark)).toBe(true);
    expect(live.takeChanges()).toEqual([held(1, 1)]);
  });

  it.each<[string, SeenSeat[], SeenSeat[]]>([
    ['a seat was added', [free(1)], [free(1), free(2)]],
    ['a seat was removed', [free(1), free(2)], [free(2)]],
    ['a restored database begins again', [held(1, 7)], [free(1, 2)]],
    ['a report was made up', [{ ...free(1, 2_000_000_000), status: 'BOOKED' }], [held(1, 1)]],
    ['a version has another content', [held(1, 3)], [{ ...free(1, 3), status: 'BOOKED' }]],
    ['the same seat is another person’s', [held(1, 3)], [{ ...held(1, 3), holderId: 'bob' }]],
  ])('replaces what is known, and cannot be told in steps: %s', (_, before, after) => {
    const live = open(...before);
    expect(live.adopt(read(...after), live.mark)).toBe(false);
    expect(live.seats).toEqual(after);
    expect([live.stateId, live.counts]).toEqual([open(...after).stateId, open(...after).counts]);
    expect(live.nextLapseMs).toBe(open(...after).nextLapseMs);
    live.takeChanges();
    expect([live.adopt(read(...after), live.mark), live.hasChanges]).toEqual([true, false]);
  });

  it('has the name of the hall', () => {
    const live = open(free(1));
    const before = live.stateId;
    expect(live.adopt({ ...read(free(1)), screen: 'Hall of the Kings' }, live.mark)).toBe(false);
    expect([live.screen, live.stateId === before]).toEqual(['Hall of the Kings', false]);
  });

  it('does not undo what was told while it was under way', () => {
    const live = open(free(1), free(2));
    const mark = live.mark;
    live.merge([held(1, 1)]);
    expect(live.adopt(read(free(1), free(2)), mark)).toBe(true);
    expect(live.takeChanges()).toEqual([held(1, 1)]);
  });

  it('undoes what was told before it began, and what the read before has left', () => {
    const live = open(free(1));
    const mark = live.mark;
    live.merge([held(1, 9)]);
    live.adopt(read(free(1)), mark);
    expect(live.seats).toEqual([held(1, 9)]);
    expect(live.adopt(read(free(1)), live.mark)).toBe(false);
    expect(live.seats).toEqual([free(1)]);
  });

  it('does not bring back a hold that lapsed while it was under way', () => {
    const live = open(held(1, 1));
    const mark = live.mark;
    live.lapse(DEADLINE_MS);
    expect(live.adopt(read(held(1, 1)), mark)).toBe(true);
    expect(live.takeChanges()).toEqual([free(1, 2)]);
  });

  it('of reports, those about unknown seats say that another one is due', () => {
    const live = open(free(1));
    expect([live.merge([held(1, 1)]), live.merge([held(2, 1)])]).toEqual([true, false]);
    expect(live.counts.total).toBe(1);
  });
});
