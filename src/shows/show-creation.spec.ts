import { describe, expect, it } from '@jest/globals';
import { ROW_PATTERN } from '../seats/seat.dto';
import { rectangularLayout, roundUp, rowLabel, seatsOf } from './show-creation';

describe('row labels', () => {
  it.each([
    [0, 'A'],
    [25, 'Z'],
    [26, 'AA'],
    [51, 'AZ'],
    [52, 'BA'],
    [701, 'ZZ'],
    [702, 'AAA'],
  ])('of row %i is %s', (index, label) => {
    expect(rowLabel(index)).toBe(label);
  });

  it('are all different, and such that commands can name them', () => {
    const labels = Array.from({ length: 2_000 }, (_, index) => rowLabel(index));

    expect(new Set(labels).size).toBe(labels.length);
    expect(labels.filter((label) => !ROW_PATTERN.test(label))).toEqual([]);
  });
});

describe('layouts', () => {
  it('have rows of so many seats', () => {
    const layout = rectangularLayout(3, 10);

    expect(layout).toEqual([
      { row: 'A', seats: 10 },
      { row: 'B', seats: 10 },
      { row: 'C', seats: 10 },
    ]);
    expect(seatsOf(layout)).toBe(30);
  });
});

describe('rounding up', () => {
  it.each([
    ['19:00:00.000', '19:00:00.000'],
    ['19:00:00.001', '19:05:00.000'],
    ['23:57:13.000', '00:00:00.000'],
  ])('%s to five minutes is %s', (from, to) => {
    expect(roundUp(new Date(`2026-05-01T${from}Z`), 300_000).toISOString()).toContain(`T${to}Z`);
  });
});
