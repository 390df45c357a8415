import fc from 'fast-check';
import { arrayLiteral, isPlainArray } from '../../src/platform/database/array-literal';
import { createTestDatabase, TestDatabase } from '../support/database';

/** PostgreSQL reads our text of an array as that array. */
describe('array literals', () => {
  let database: TestDatabase;
  beforeAll(async () => (database = await createTestDatabase()));
  afterAll(() => database.drop());

  const read = async (type: string, values: readonly (string | number | null)[]): Promise<unknown> => {
    // As JSON, which keeps null and "null" apart.
    const [{ seen }] = await database.dataSource.query(`SELECT to_json($1::${type}[]) AS seen`, [arrayLiteral(values)]);
    return seen;
  };

  test.each([
    ['nothing', 'text', []],
    ['null beside the word', 'text', [null, 'NULL', 'null', '']],
    ['what arrays are written with', 'text', ['{', '}', ',', '"', '\\', '\\"', '{"a","b"}', "'", ' a ']],
    ['line ends and other alphabets', 'text', ['a\nb\t', 'Übung', '映画', '🎬']],
    ['whole numbers', 'int', [0, -1, 2_147_483_647, -2_147_483_648, null]],
  ])('%s', async (_, type, values) => {
    expect(await read(type, values)).toEqual(values);
  });

  test('any text without NUL, which PostgreSQL knows none of', async () => {
    const text = fc.string({ unit: 'grapheme' }).filter((value) => !value.includes('\0'));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.option(text)), async (values) => expect(await read('text', values)).toEqual(values)),
      { seed: 20_261_124, numRuns: 200 },
    );
  });

  test('anything else in it is left to the driver', () => {
    expect([[1, 'a', null], [Buffer.from('a')], [new Date()], [[1]], [true], 'a'].map(isPlainArray)).toEqual([
      true,
      false,
      false,
      false,
      false,
      false,
    ]);
  });
});
