import 'reflect-metadata';
import { validateSync } from 'class-validator';
import { DistinctBy } from './distinct-by';

class Names {
  @DistinctBy((name: string) => name.toLowerCase(), { message: 'twice' })
  names: unknown;
}

it.each([
  [['a', 'b'], true],
  [[], true],
  [['a', 'A'], false],
  ['ab', false],
  [undefined, false],
])('a list of items that all differ: %j is %s', (names, isSo) => {
  const errors = validateSync(Object.assign(new Names(), { names }));
  expect(errors.map(({ constraints }) => constraints)).toEqual(isSo ? [] : [{ distinctBy: 'twice' }]);
});
