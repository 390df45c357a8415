import { salesOpen } from './sales-window';

describe('sales are open', () => {
  const window = { salesOpenAt: new Date(1_000), salesCloseAt: new Date(2_000) };

  it.each([
    ['not 1 ms before the opening', 999, false],
    ['at the opening', 1_000, true],
    ['1 ms after the opening', 1_001, true],
    ['1 ms before the close', 1_999, true],
    ['not at the close', 2_000, false],
    ['not 1 ms after the close', 2_001, false],
  ])('%s', (_, nowMs, expected) => {
    expect(salesOpen(window, nowMs)).toBe(expected);
  });
});
