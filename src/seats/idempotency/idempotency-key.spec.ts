import fc from 'fast-check';
import { Problem } from '../../platform/problem/problem';
import { idempotencyKeyOf } from './idempotency-key';

function read(header: string | string[] | undefined): unknown {
  try {
    return idempotencyKeyOf(header);
  } catch (error) {
    return error;
  }
}

const refused = expect.objectContaining({
  code: 'VALIDATION_FAILED',
  extras: { errors: [{ path: 'Idempotency-Key', message: expect.any(String) }] },
});

describe('an Idempotency-Key', () => {
  it('may be absent', () => {
    expect(idempotencyKeyOf(undefined)).toBeUndefined();
  });

  it('is 1 to 255 visible characters, taken as they are', () => {
    const visible = fc.string({
      unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
      minLength: 1,
      maxLength: 255,
    });
    fc.assert(fc.property(visible, (key) => expect(idempotencyKeyOf(key)).toBe(key)));
    expect(idempotencyKeyOf('k'.repeat(255))).toHaveLength(255);
  });

  it.each([
    ['empty', ''],
    ['256 characters', 'k'.repeat(256)],
    ['a space in it', 'a b'],
    ['sent twice', 'a, b'],
    ['a tab', 'a\tb'],
    ['a line end', 'a\n'],
    ['a NUL', 'a\0'],
    ['DEL', 'a\x7f'],
    ['beyond ASCII', 'clé'],
    ['several values', ['a', 'b']],
  ])('is refused: %s', (_, header) => {
    const error = read(header);
    expect(error).toBeInstanceOf(Problem);
    expect(error).toEqual(refused);
  });
});
