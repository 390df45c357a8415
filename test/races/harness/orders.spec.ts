import { ordersOf, permutationsOf } from './orders';

describe('ordersOf', () => {
  it('finds the orders of a small case', () => {
    expect(ordersOf([2, 1]).map((order) => order.join(''))).toEqual(['001', '010', '100']);
  });

  it.each([
    [[], 1],
    [[3], 1],
    [[1, 4], 5],
    [[4, 4], 70],
    [[3, 3, 3], 1_680],
  ])('of %j steps are %i, each once, with all steps', (steps, count) => {
    const orders = ordersOf(steps);
    expect(new Set(orders.map((order) => order.join(''))).size).toBe(count);
    expect(orders).toHaveLength(count);
    const stepsIn = (order: readonly number[]) =>
      steps.map((_, index) => order.filter((turn) => turn === index).length);
    expect(orders.filter((order) => stepsIn(order).join() !== steps.join())).toEqual([]);
  });
});

describe('permutationsOf', () => {
  it('finds each once', () => {
    expect(permutationsOf(['a', 'b', 'c']).map((each) => each.join(''))).toEqual([
      'abc',
      'acb',
      'bac',
      'bca',
      'cab',
      'cba',
    ]);
    expect(permutationsOf([])).toEqual([[]]);
  });
});
