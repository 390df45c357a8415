import fc from 'fast-check';
import { Problem } from '../problem/problem';
import { decodeCursor, encodeCursor } from './cursor';

const NUMBER = /^\d{1,9}$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function refusal(text: string, idPattern = NUMBER): unknown {
  try {
    return decodeCursor(text, idPattern);
  } catch (error) {
    return error;
  }
}

describe('a cursor', () => {
  it('comes back as it went out', () => {
    const atMs = fc.nat(8_000_000_000_000);
    fc.assert(
      fc.property(atMs, fc.uuid(), (at, id) => {
        expect(decodeCursor(encodeCursor({ atMs: at, id }), UUID)).toEqual({ atMs: at, id });
      }),
    );
    fc.assert(
      fc.property(atMs, fc.nat(999_999_999), (at, id) => {
        expect(decodeCursor(encodeCursor({ atMs: at, id: String(id) }), NUMBER)).toEqual({ atMs: at, id: String(id) });
      }),
    );
  });

  it('can stand in an address as it is', () => {
    fc.assert(
      fc.property(fc.nat(), fc.uuid(), (atMs, id) => {
        const text = encodeCursor({ atMs, id });
        expect(encodeURIComponent(text)).toBe(text);
      }),
    );
  });

  const encoded = (text: string) => Buffer.from(text).toString('base64url');

  it.each([
    ['nothing', ''],
    ['no base64', '%%%'],
    ['no instant', encoded('.1')],
    ['no id', encoded('1.')],
    ['no dot', encoded('11')],
    ['a negative instant', encoded('-1.1')],
    ['a fraction', encoded('1.5.1')],
    ['an exponent', encoded('1e3.1')],
    ['an instant of 16 digits', encoded('1234567890123456.1')],
    ['an id of another list', encodeCursor({ atMs: 1, id: '0d3b8a52-5f0e-4e6c-9d0a-0b6d3a1e7c11' })],
    ['SQL', encoded("1.1'; DROP TABLE seat; --")],
    ['two lines', encoded('1.1\n2')],
  ])('of none of our lists (%s) is refused', (_, text) => {
    const error = refusal(text);
    expect(error).toBeInstanceOf(Problem);
    expect(error).toMatchObject({
      code: 'VALIDATION_FAILED',
      extras: { errors: [{ path: 'after', message: expect.any(String) }] },
    });
  });

  it('made of anything is read or refused, and nothing else', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }).map(encoded)), (text) => {
        const result = refusal(text);
        if (result instanceof Problem) expect(result.code).toBe('VALIDATION_FAILED');
        else expect(result).toEqual({ atMs: expect.any(Number), id: expect.stringMatching(NUMBER) });
      }),
    );
  });
});
