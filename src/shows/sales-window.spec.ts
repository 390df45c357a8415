import { salesCloseMs, salesOpen } from './sales-window';

describe('sales are open', () => {
  const window = { salesOpenAt: new Date(1_000), salesCloseAt: new Date(2_000), endsAt: new Date(3_000) };

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

  it('not once the show is over, whatever its row says', () => {
    const endless = { ...window, salesCloseAt: new Date(4_000) };
    expect([2_999, 3_000].map((nowMs) => salesOpen(endless, nowMs))).toEqual([true, false]);
    expect([salesCloseMs(window), salesCloseMs(endless)]).toEqual([2_000, 3_000]);
  });
});
