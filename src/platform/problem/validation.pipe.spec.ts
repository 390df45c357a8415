import 'reflect-metadata';
import { Type } from 'class-transformer';
import { IsArray, IsInt, IsObject, IsOptional, IsString, Min, ValidateNested } from 'class-validator';
import fc from 'fast-check';
import { SeatCommandDto } from '../../seats/seat.dto';
import { Problem } from './problem';
import { RequestValidationPipe } from './validation.pipe';

class Item {
  @IsString()
  row: string;

  @IsInt()
  @Min(1)
  number: number;
}

class Order {
  @IsInt()
  show_id: number;

  @IsArray()
  @IsObject({ each: true })
  @ValidateNested({ each: true })
  @Type(() => Item)
  seats: Item[];

  @IsOptional()
  @IsString()
  note?: string;
}

const pipe = new RequestValidationPipe();
const validate = (value: unknown) => pipe.transform(value, { type: 'body', metatype: Order });

/** The paths of the errors, or `accepted`. Anything but a Problem fails the test. */
async function refusedPaths(value: unknown): Promise<string[] | 'accepted'> {
  try {
    await validate(value);
    return 'accepted';
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    expect(error.code).toBe('VALIDATION_FAILED');
    return error.extras.errors!.map(({ path }) => path);
  }
}

const good = { show_id: 1, seats: [{ row: 'A', number: 1 }] };
const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);
const sparse: unknown[] = [];
sparse[3] = { row: 'A', number: 1 };

const bodies: [string, unknown, string[] | 'accepted'][] = [
  ['a good one', good, 'accepted'],
  ['null', null, ['']],
  ['nothing', undefined, ['']],
  ['a list', [], ['']],
  ['a list of good ones', [good], ['']],
  ['a string', 'x', ['']],
  ['a number', 1, ['']],
  ['true', true, ['']],
  ['an empty object', {}, ['show_id', 'seats', 'seats']],
  ['a number as text', { ...good, show_id: '1' }, ['show_id']],
  ['an unknown field', { ...good, user_id: 1 }, ['user_id']],
  ['unknown fields deep down', { ...good, seats: [{ row: 'A', number: 1, price: 0 }] }, ['seats.0.price']],
  [
    'every offending field',
    {
      show_id: 'x',
      seats: [
        { row: 'A', number: 1 },
        { row: 2, number: 0 },
      ],
      note: 3,
    },
    ['show_id', 'seats.1.row', 'seats.1.number', 'note'],
  ],
  ['a list where an object belongs', { ...good, seats: [[]] }, ['seats']],
  ['an object where a list belongs', { ...good, seats: {} }, ['seats', 'seats.row', 'seats.number', 'seats.number']],
  ['text instead of seats', { ...good, seats: ['A1'] }, ['seats', 'seats.0']],
  ['null instead of seats', { ...good, seats: [null] }, ['seats', 'seats.0']],
  ['a list with gaps', { ...good, seats: sparse }, 'accepted'],
  ['a deep nesting', { ...good, note: nested(9) }, ['note.0.0.0.0.0.0.0']],
  [
    'a nesting that exhausts the stack',
    { ...good, seats: JSON.parse('['.repeat(30_000) + ']'.repeat(30_000)) },
    ['seats.0.0.0.0.0.0.0'],
  ],
  ['thousands of seats', { ...good, seats: Array.from({ length: 20_000 }, () => ({})) }, ['seats']],
  ['thousands of fields', Object.fromEntries(Array.from({ length: 2_000 }, (_, i) => [`f${i}`, 1])), ['']],
  ['the name of a method', JSON.parse('{"show_id":1,"seats":[],"toString":1}'), ['toString']],
  ['a constructor of its own', JSON.parse('{"show_id":1,"seats":[{"constructor":1}]}'), ['seats.0.constructor']],
  ['a prototype of its own', JSON.parse('{"show_id":1,"seats":[],"__proto__":{"note":1}}'), ['__proto__']],
];

describe('RequestValidationPipe', () => {
  it.each(bodies)('%s', async (_, body, paths) => {
    const answer = await refusedPaths(body);
    expect(Array.isArray(answer) ? answer.sort() : answer).toEqual(Array.isArray(paths) ? [...paths].sort() : paths);
  });

  it('tells what is wrong with which field', async () => {
    await expect(
      validate({
        ...good,
        seats: [
          { row: 'A', number: 1 },
          { row: 'A', number: 0 },
        ],
      }),
    ).rejects.toMatchObject({
      extras: { errors: [{ path: 'seats.1.number', message: 'number must not be less than 1' }] },
    });
  });

  it('makes instances, nested ones too', async () => {
    const order = (await validate(good)) as Order;
    expect(order).toBeInstanceOf(Order);
    expect(order.seats[0]).toBeInstanceOf(Item);
  });

  it('leaves alone what has no class: single parameters, and what decorators inject', async () => {
    await expect(pipe.transform('7', { type: 'query', metatype: String, data: 'x' })).resolves.toBe('7');
    await expect(pipe.transform(null, { type: 'custom', metatype: Order })).resolves.toBeNull();
  });

  it('accepts or refuses any JSON whatever, and never fails', async () => {
    const key = fc.oneof(
      fc.constantFrom(
        'show_id',
        'seats',
        'note',
        'row',
        'number',
        'constructor',
        '__proto__',
        'then',
        'length',
        'hasOwnProperty',
        'toJSON',
      ),
      fc.string(),
    );
    const { json } = fc.letrec((tie) => ({
      json: fc.oneof(
        { maxDepth: 5 },
        fc.jsonValue(),
        fc.array(tie('json')),
        fc.array(fc.tuple(key, tie('json'))).map((entries) => {
          const object: Record<string, unknown> = {};
          // As JSON.parse does: `__proto__` is a key like any other.
          for (const [name, value] of entries)
            Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
          return object;
        }),
      ),
    }));
    await fc.assert(
      fc.asyncProperty(fc.oneof(json, fc.record({ show_id: fc.integer(), seats: json, note: json })), async (body) => {
        await refusedPaths(body);
      }),
      { numRuns: 500 },
    );
  });

  it('refuses a list that is far too long at the price of its beginning', async () => {
    let looks = 0;
    const seats = Array.from({ length: 100_000 }, (_, index) => ({
      get row() {
        looks++;
        return 'A';
      },
      number: index + 1,
    }));
    const refused = pipe.transform({ show_id: 1, seats }, { type: 'body', metatype: SeatCommandDto });
    await expect(refused).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
    expect(looks).toBeLessThan(2_000);
  });
});
