import { ValidateBy, ValidationOptions } from 'class-validator';

/**
 * The list has no two items with the same key. Unlike class-validator's `ArrayUnique`, which compares each item with all
 * before it, this stays quick for lists that are far too long: a list is also checked when its length is refused.
 */
export function DistinctBy<Item>(keyOf: (item: Item) => unknown, options: ValidationOptions): PropertyDecorator {
  const validate = (list: unknown) => Array.isArray(list) && new Set(list.map(keyOf)).size === list.length;
  return ValidateBy({ name: 'distinctBy', validator: { validate } }, options);
}
