import fc from 'fast-check';
import { Problem } from '../problem/problem';
import { Cursors, INSTANT_PART, INTEGER_PART, TEXT_PART, UUID_PART } from './cursor';
import { INT4_MAX } from './query-values';

const BY_NUMBER = new Cursors({ atMs: INSTANT_PART, id: INTEGER_PART });
const BY_UUID = new Cursors({ atMs: INSTANT_PART, id: UUID_PART });
const BY_NAME = new Cursors({ row: TEXT_PART, number: INTEGER_PART, version: INTEGER_PART });

/** All that the tables can have. */
const integer = fc.oneof(fc.nat(INT4_MAX), fc.nat(20), fc.constant(INT4_MAX));
const atMs = fc
  .date({ min: new Date('0001-01-01T00:00:00.000Z'), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true })
  .map(Number);
const row = fc
  .string({
    unit: fc.oneof(
      fc.constantFrom('.', '/', '-', '\n', '1', 'A', 'Ä', '座', '𝐀'),
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
    ),
    minLength: 1,
    maxLength: 17,
  })
  .filter((text) => !text.includes('\0'));

function refusal(text: string, cursors: { read(text: string): unknown } = BY_NUMBER): unknown {
  try {
    return cursors.read(text);
  } catch (error) {
    return error;
  }
}

describe('a cursor', () => {
  it('comes back as it went out, whatever a list can have in it', () => {
    fc.assert(
      fc.property(atMs, integer, fc.uuid(), row, integer, (at, id, uuid, label, version) => {
        for (const [cursors, place] of [
          [BY_NUMBER, { atMs: at, id }],
          [BY_UUID, { atMs: at, id: uuid }],
          [BY_NAME, { row: label, number: id, version }],
        ] as [typeof BY_NUMBER, { atMs: number; id: number }][]) {
          const text = cursors.write(place);
          expect(cursors.read(text)).toEqual(place);
          // It can stand in an address as it is.
          expect(encodeURIComponent(text)).toBe(text);
        }
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
    ['an instant before the year 1', encoded('-62135596800001.1')],
    ['an instant behind the year 9999', encoded('253402300800000.1')],
    ['a fraction', encoded('1.5.1')],
    ['an exponent', encoded('1e3.1')],
    ['an instant of 16 digits', encoded('1234567890123456.1')],
    ['an id beyond all ids', encoded(`1.${INT4_MAX + 1}`)],
    ['an id of another list', BY_UUID.write({ atMs: 1, id: '0d3b8a52-5f0e-4e6c-9d0a-0b6d3a1e7c11' })],
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

  it('has no character that PostgreSQL does not take', () => {
    expect(refusal(encoded('A\0.1.1'), BY_NAME)).toBeInstanceOf(Problem);
  });

  it('made of anything is read or refused, and nothing else', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }).map(encoded)), (text) => {
        const result = refusal(text);
        if (result instanceof Problem) expect(result.code).toBe('VALIDATION_FAILED');
        else expect(result).toEqual({ atMs: expect.any(Number), id: expect.any(Number) });
      }),
    );
  });
});
