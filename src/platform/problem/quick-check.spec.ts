import 'reflect-metadata';
import { plainToInstance, Transform, Type } from 'class-transformer';
import { IsEmail, IsInt, IsOptional, ValidateNested, validateSync } from 'class-validator';
import fc from 'fast-check';
import { SeatCommandDto } from '../../seats/seat.dto';
import { compileQuickCheck } from './quick-check';

const accepts = compileQuickCheck(SeatCommandDto)!;

function classValidatorAccepts(body: object): boolean {
  const options = { whitelist: true, forbidNonWhitelisted: true, forbidUnknownValues: true };
  return validateSync(plainToInstance(SeatCommandDto, body), options).length === 0;
}

const seat = fc.record(
  {
    row: fc.oneof(fc.constantFrom('A', 'B', 'Ä', 'AA'), fc.string({ maxLength: 10 }), fc.constantFrom(null, 1, '')),
    number: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.double(), fc.constantFrom('1', null, 0, -1, 2_147_483_648)),
    extra: fc.constant(1),
  },
  { requiredKeys: [] },
);
const body = fc.record(
  {
    show_id: fc.oneof(fc.integer({ min: 1, max: 99 }), fc.anything()),
    seats: fc.oneof(fc.array(seat, { maxLength: 4 }), fc.anything()),
    more: fc.anything(),
  },
  { requiredKeys: [] },
);
const validBody = fc.record({
  show_id: fc.integer({ min: 1, max: 2_147_483_647 }),
  seats: fc.uniqueArray(fc.record({ row: fc.constantFrom('A', 'B', 'Ä1'), number: fc.integer({ min: 1, max: 50 }) }), {
    minLength: 1,
    maxLength: 10,
    selector: ({ row, number }) => `${row}/${number}`,
  }),
});

describe('the quick check', () => {
  it('says yes to nothing that class-validator refuses', () => {
    const nearlyValid = fc.tuple(validBody, body).map(([valid, other]) => ({ ...valid, ...other }));
    fc.assert(
      fc.property(fc.oneof(validBody, nearlyValid, body), (value) => !accepts(value) || classValidatorAccepts(value)),
      { numRuns: 1_000 },
    );
  });

  it('says yes to what is valid, so that it is of use', () => {
    fc.assert(fc.property(validBody, (value) => accepts(value) && classValidatorAccepts(value)));
  });

  it.each([
    ['a list', []],
    ['null', null],
    ['no seats', { show_id: 1, seats: [] }],
    [
      'a seat twice',
      {
        show_id: 1,
        seats: [
          { row: 'A', number: 1 },
          { row: 'A', number: 1 },
        ],
      },
    ],
    ['an unknown field', { show_id: 1, seats: [{ row: 'A', number: 1 }], more: 1 }],
    ['an unknown field of a seat', { show_id: 1, seats: [{ row: 'A', number: 1, more: 1 }] }],
    ['a number as text', { show_id: '1', seats: [{ row: 'A', number: 1 }] }],
    ['101 seats', { show_id: 1, seats: Array.from({ length: 101 }, (_, i) => ({ row: 'A', number: i + 1 })) }],
    ['a missing field beside an unknown one', { show_id: 1, more: [] }],
  ])('says nothing of %s', (_, value) => expect(accepts(value)).toBe(false));

  it('does not look at the items of a list that is too long', () => {
    const item = () => {
      throw new Error('looked at');
    };
    const seats = Object.defineProperty(
      Array.from({ length: 100_000 }, () => 0),
      0,
      { get: item, enumerable: true },
    );
    expect(accepts({ show_id: 1, seats })).toBe(false);
  });

  it('is made of any decorator that judges a value', () => {
    class WithEmail {
      @IsEmail()
      address: string;
    }
    const check = compileQuickCheck(WithEmail)!;
    expect([check({ address: 'a@example.org' }), check({ address: 'a' })]).toEqual([true, false]);
  });

  it('is not made where a value is conditional, converted or nested otherwise than in a list', () => {
    class Optional {
      @IsOptional()
      @IsInt()
      number?: number;
    }
    class Converted {
      @Transform(({ value }) => Number(value))
      @IsInt()
      number: number;
    }
    class Nested {
      @ValidateNested()
      @Type(() => Converted)
      inner: Converted;
    }
    class Bare {}
    expect([Optional, Converted, Nested, Bare].map(compileQuickCheck)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});
