import { SEAT_REFUSALS } from '../../problem-catalogue';
import { refuse } from '../commands/refusal';
import type { StoredOutcome } from '../seat-command';
import { readOutcome, writtenOutcome } from './written-outcome';

const TEN = Array.from({ length: 10 }, (_, index) => ({ row: 'ABCDEFGH', number: 2_000_000_000 + index }));
const stored = (outcome: StoredOutcome, seats = TEN) => JSON.stringify(writtenOutcome(outcome, seats));

describe('a stored outcome', () => {
  it('is read as it was, a refusal of some seats with its reasons', () => {
    const some = SEAT_REFUSALS.map((code, index) => ({ ...TEN[2 * index]!, code }));
    for (const outcome of [refuse('SEAT_UNAVAILABLE', some), refuse('NOT_YOUR_HOLD', some.slice(0, 1))]) {
      expect(readOutcome(JSON.parse(stored(outcome)), TEN)).toEqual(outcome);
    }
  });

  it('is read as it was, a refusal without seats, and with more to tell', () => {
    const more = refuse('HOLD_LIMIT_EXCEEDED', [], { limit: { of: 'holder', max: 10 } });
    for (const outcome of [refuse('SALES_CLOSED'), more]) {
      expect(readOutcome(JSON.parse(stored(outcome)), TEN)).toEqual(outcome);
    }
  });

  it('is read as it was, an accepted one', () => {
    const outcome: StoredOutcome = { kind: 'released', showId: 1, released: [{ row: 'A', number: 1 }] };
    expect(readOutcome(JSON.parse(stored(outcome)), TEN)).toEqual(outcome);
  });

  it('of version 0.1 is a refusal at full length, and is read', () => {
    const outcome = refuse('SEAT_UNAVAILABLE', [{ ...TEN[0]!, code: 'SEAT_HELD' }]);
    expect(readOutcome(JSON.parse(JSON.stringify(outcome)), TEN)).toEqual(outcome);
  });

  it('is short where ten seats are refused', () => {
    const outcome = refuse(
      'SEAT_UNAVAILABLE',
      TEN.map((seat) => ({ ...seat, code: 'SEAT_BLOCKED' })),
    );
    expect(stored(outcome)).toBe('["SEAT_UNAVAILABLE","xxxxxxxxxx"]');
  });
});
