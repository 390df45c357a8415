import { TransformationType } from 'class-transformer';
import { getMetadataStorage } from 'class-validator';
// Holds the notes of @Type and @Transform. Class-transformer exports no other way to them.
// eslint-disable-next-line -- no types at this path
const { defaultMetadataStorage } =
  require('class-transformer/cjs/storage') as typeof import('class-transformer/types/storage');

/**
 * A quick "surely valid" for request bodies, compiled from the class-validator decorators of a class, which stay the only
 * statement of the rules. It says yes only to values that class-validator would accept as well; on all others the full
 * validation decides, and words the errors. Class-validator takes half the time of a hot route, and nearly every request is
 * valid.
 */
export type QuickCheck = (value: unknown) => boolean;

type Check = (value: unknown) => boolean;

/**
 * Compiles the check of a class: the decorators' own functions, without the machinery that runs and reports them. Undefined
 * when the class has a condition, a conversion or a nesting that is not understood.
 */
export function compileQuickCheck(target: new () => object): QuickCheck | undefined {
  const storage = getMetadataStorage();
  const metadata = storage.getTargetValidationMetadatas(target, '', false, false);
  const properties = new Map<string, Check[]>();
  for (const { type, constraints, constraintCls, each, propertyName } of metadata) {
    const checks = properties.get(propertyName) ?? [];
    properties.set(propertyName, checks);
    // A value that is converted first can't be judged as it came.
    const conversions = defaultMetadataStorage.findTransformMetadatas(
      target,
      propertyName,
      TransformationType.PLAIN_TO_CLASS,
    );
    if (conversions.length > 0) return undefined;
    if (type === 'nestedValidation') {
      const nested = defaultMetadataStorage.findTypeMetadata(target, propertyName)?.typeFunction();
      const check = nested && compileQuickCheck(nested as new () => object);
      if (!check || !each) return undefined;
      checks.push((value) => Array.isArray(value) && value.every(check));
      continue;
    }
    const [constraint] = type === 'customValidation' ? storage.getTargetValidatorConstraints(constraintCls) : [];
    if (!constraint || constraint.async) return undefined;
    const { instance } = constraint;
    const check = (value: unknown) =>
      instance.validate(value, { value, constraints, property: propertyName, object: {}, targetName: target.name }) ===
      true;
    checks.push(each ? (value) => Array.isArray(value) && value.every(check) : check);
  }
  if (properties.size === 0) return undefined;

  // The compiler runs decorators from the last to the first. As they are written, the size of a list comes before its items:
  // a list that is far too long is not looked at.
  const entries = [...properties].map(([property, checks]) => [property, checks.reverse()] as const);
  return (value) =>
    isPlainObject(value) &&
    // As many keys as properties, and each property there: so no key is unknown.
    Object.keys(value).length === entries.length &&
    entries.every(
      ([property, checks]) => Object.hasOwn(value, property) && checks.every((check) => check(value[property])),
    );
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
