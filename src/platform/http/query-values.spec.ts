import fc from 'fast-check';
import { INT4_MAX, toWholeNumber } from './query-values';

describe('toWholeNumber', () => {
  it('reads plain digits', () => {
    fc.assert(fc.property(fc.nat(INT4_MAX), (number) => expect(toWholeNumber({ value: String(number) })).toBe(number)));
    expect(toWholeNumber({ value: '0' })).toBe(0);
    expect(toWholeNumber({ value: '007' })).toBe(7);
    // Beyond what can exist, but still a number: the validators say that it is too large.
    expect(toWholeNumber({ value: '9999999999' })).toBe(9_999_999_999);
  });

  it.each([
    '',
    ' ',
    ' 1',
    '1 ',
    '1\n',
    '+1',
    '-1',
    '1.0',
    '1e3',
    '0x1',
    '0b1',
    '1_000',
    '1,000',
    '١',
    '１',
    'abc',
    'NaN',
    'Infinity',
    '12345678901',
  ])('leaves %j to the validators', (value) => {
    expect(toWholeNumber({ value })).toBe(value);
  });

  it('leaves what is no text as it is', () => {
    for (const value of [undefined, null, 1, true, ['1'], { 0: '1' }]) expect(toWholeNumber({ value })).toBe(value);
  });
});
