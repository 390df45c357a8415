import { describe, expect, it } from '@jest/globals';
import { UsageError } from './command';
import { loadTestSize } from './load-test-size';

describe('the size of a load test', () => {
  it.each([
    [{}, undefined],
    [{ shows: '7' }, { shows: 7, rows: 10, seatsPerRow: 20 }],
    [
      { shows: '1', rows: '702', 'seats-per-row': '1000' },
      { shows: 1, rows: 702, seatsPerRow: 1_000 },
    ],
    [
      { shows: '1000000', rows: '1', 'seats-per-row': '50' },
      { shows: 1_000_000, rows: 1, seatsPerRow: 50 },
    ],
  ])('of %j is %j', (given, size) => {
    expect(loadTestSize(given)).toEqual(size);
  });

  it.each([
    [{ shows: 'abc' }, '--shows must be a whole number from 1 to 1000000, not "abc".'],
    [{ shows: '' }, '--shows must be a whole number from 1 to 1000000, not "".'],
    [{ shows: '0' }, '--shows must be a whole number from 1 to 1000000, not "0".'],
    [{ shows: '1.5' }, '--shows must be a whole number from 1 to 1000000, not "1.5".'],
    [{ shows: '-1' }, '--shows must be a whole number from 1 to 1000000, not "-1".'],
    [{ shows: '1e3' }, '--shows must be a whole number from 1 to 1000000, not "1e3".'],
    [{ shows: '1000001' }, '--shows must be a whole number from 1 to 1000000, not "1000001".'],
    [{ shows: '1', rows: '703' }, '--rows must be a whole number from 1 to 702, not "703".'],
    [{ shows: '1', 'seats-per-row': '1001' }, '--seats-per-row must be a whole number from 1 to 1000, not "1001".'],
    [
      { shows: '1000000', rows: '1', 'seats-per-row': '51' },
      'That would be 51,000,000 seats; at most 50,000,000 can be made at a time.',
    ],
    [{ rows: '3' }, '--rows is about the shows that --shows adds.'],
    [{ 'seats-per-row': '3' }, '--seats-per-row is about the shows that --shows adds.'],
  ])('is not %j', (given, said) => {
    expect(() => loadTestSize(given)).toThrow(new UsageError(said));
  });
});
