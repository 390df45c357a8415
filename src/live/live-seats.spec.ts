import { seatMapOf, SeenSeat } from '../seats/reading/seat-map';
import { LiveSeats } from './live-seats';

const DEADLINE_MS = 1_000;

const free = (number: number, version = 0): SeenSeat => {
  return { row: 'A', number, status: 'AVAILABLE', version, holderId: null, holdExpiresAtMs: null };
};
const held = (number: number, version: number): SeenSeat => {
  return { row: 'A', number, status: 'HELD', version, holderId: 'ann', holdExpiresAtMs: DEADLINE_MS };
};

function open(...seats: SeenSeat[]): LiveSeats {
  const stats = { total: 0, available: 0, held: 0, booked: 0, blocked: 0 };
  return new LiveSeats(seatMapOf({ showId: 1, screen: 'Screen', serverTimeMs: 0, stats }, seats));
}

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

  it('have a state that is named by their versions, however they got there', () => {
    const [one, other] = [open(free(1), free(2)), open(free(1), free(2))];
    one.merge([held(1, 1), free(1, 2), held(2, 1)]);
    other.merge([held(2, 1), free(1, 2)]);
    expect([one.stateId, other.stateId]).toEqual(['3', '3']);
  });
});
