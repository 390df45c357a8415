import fc from 'fast-check';
import { sumMoney } from './money';

describe('sumMoney', () => {
  it.each<[string[], string]>([
    [[], '0.00'],
    [['100.00'], '100.00'],
    [['100.00', '100.00'], '200.00'],
    [['0.10', '0.20'], '0.30'],
    [['0.05'], '0.05'],
    [['0.99', '0.01'], '1.00'],
    [['12', '0.5'], '12.50'],
    [['9999999999.99', '9999999999.99'], '19999999999.98'],
  ])('of %j is %s', (amounts, sum) => {
    expect(sumMoney(amounts)).toBe(sum);
  });

  it('is exact, however large and many the amounts are', () => {
    // numeric(12,2), up to a hundred seats: beyond what a double holds exactly.
    const hundredths = fc.bigInt({ min: 0n, max: 999_999_999_999n });
    const decimal = (amount: bigint) => {
      const digits = amount.toString().padStart(3, '0');
      return `${digits.slice(0, -2)}.${digits.slice(-2)}`;
    };
    fc.assert(
      fc.property(fc.array(hundredths, { maxLength: 100 }), (amounts) => {
        const total = amounts.reduce((sum, amount) => sum + amount, 0n);
        expect(sumMoney(amounts.map(decimal))).toBe(decimal(total));
      }),
    );
  });
});
