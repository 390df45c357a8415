import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SealedContent, Seals, ShortHmac } from './seals';

const [OLD, NEW] = ['the secret of last year, long enough', 'the secret of this year, long enough'];
const ROW: SealedContent = ['row', 1, 'A', null, '100.00'];

const field = fc.oneof(fc.constant(null), fc.integer(), fc.string(), fc.constantFrom('', '1', 'null'));
const content = fc.array(field, { maxLength: 4 }).map((fields): SealedContent => ['row', ...fields]);

describe('the HMAC of short texts', () => {
  it('is what Node makes of the same key and text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 64, maxLength: 64 }),
        fc.string({ unit: 'binary' }),
        (key, text) => {
          expect(new ShortHmac(key).of(text)).toBe(createHmac('sha256', key).update(text).digest('hex'));
        },
      ),
    );
  });

  it.each(['', 'x'.repeat(63), 'x'.repeat(65), 'ä'.repeat(64), 'ä'.repeat(32)])(
    'takes no key that is no block of ASCII: %s',
    (key) => {
      expect(() => new ShortHmac(key)).toThrow('block of ASCII');
    },
  );
});

describe('a seal', () => {
  it('is right for what was sealed, and for nothing else', () => {
    const seals = new Seals([NEW]);
    fc.assert(
      fc.property(content, content, (one, other) => {
        const verdict = JSON.stringify(one) === JSON.stringify(other) ? 'right' : 'wrong';
        expect(seals.check(seals.seal(one), other)).toBe(verdict);
      }),
      {
        examples: [
          [ROW, ROW],
          [
            ['row', 1],
            ['row', '1'],
          ],
          [
            ['row', null],
            ['row', ''],
          ],
          [
            ['row', 'a', 'b'],
            ['row', 'ab'],
          ],
        ],
      },
    );
  });

  it('can be made with the secret alone', () => {
    expect(new Seals([NEW]).seal(ROW).slice(8)).not.toBe(new Seals([OLD]).seal(ROW).slice(8));
    expect(new Seals([NEW]).seal(ROW)).toBe(new Seals([NEW]).seal(ROW));
  });

  it('is 4 bytes of key id and 16 of HMAC, in hex', () => {
    expect(new Seals([NEW]).seal(ROW)).toMatch(/^[0-9a-f]{40}$/);
  });

  it('is wrong when it is cut, longer or has a bit changed', () => {
    const seals = new Seals([NEW]);
    const seal = seals.seal(ROW);
    for (let end = 8; end < seal.length; end++) expect(seals.check(seal.slice(0, end), ROW)).toBe('wrong');
    expect(seals.check(`${seal}0`, ROW)).toBe('wrong');
    for (let at = 8; at < seal.length; at++) {
      const changed = (parseInt(seal[at]!, 16) ^ 1).toString(16);
      expect(seals.check(seal.slice(0, at) + changed + seal.slice(at + 1), ROW)).toBe('wrong');
    }
  });

  it('outlives a rotation for as long as the former secret is known', () => {
    const seal = new Seals([OLD]).seal(ROW);
    expect(new Seals([NEW, OLD]).check(seal, ROW)).toBe('right');
    expect(new Seals([NEW]).check(seal, ROW)).toBe('unknown key');
    expect(new Seals([NEW, OLD]).seal(ROW)).toBe(new Seals([NEW]).seal(ROW));
  });
});
