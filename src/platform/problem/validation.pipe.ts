import { ArgumentMetadata, Injectable, ValidationPipe } from '@nestjs/common';
import { getMetadataStorage, ValidationError } from 'class-validator';
import { Problem, ProblemExtras } from './problem';
import { compileQuickCheck, QuickCheck } from './quick-check';

type FieldErrors = NonNullable<ProblemExtras['errors']>;

/** More than any request of this API has, and too little to keep the recursive libraries behind this busy. */
const DEPTH_MAX = 8;
const VALUES_MAX = 1_000;

/** As keys of a request these would shadow methods that the libraries behind this call, or be dropped by them silently. */
const INHERITED_NAMES = new Set([...Object.getOwnPropertyNames(Object.prototype), 'prototype']);

/** Checks and converts bodies, queries and path parameters. @throws Problem VALIDATION_FAILED naming every offending field */
@Injectable()
export class RequestValidationPipe extends ValidationPipe {
  private readonly quickChecks = new Map<unknown, QuickCheck | undefined>();
  private readonly queryNames = new Map<unknown, ReadonlySet<string>>();

  constructor() {
    super({
      whitelist: true,
      forbidNonWhitelisted: true,
      forbidUnknownValues: true,
      stopAtFirstError: false,
      transform: true,
      transformOptions: { enableImplicitConversion: false },
      exceptionFactory: (errors) => validationFailed(flattenErrors(errors)),
    });
  }

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (metadata.type === 'body' && this.quickCheck(metadata.metatype)?.(value)) return value;
    if (this.toValidate(metadata)) {
      if (metadata.type === 'query') return super.transform(this.knownOf(value, metadata.metatype!), metadata);
      if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        throw validationFailed([{ path: '', message: `the ${metadata.type} must be a JSON object` }]);
      }
      const excess = findExcess(value);
      if (excess) throw validationFailed([excess]);
    }
    return super.transform(value, metadata);
  }

  /**
   * The query parameters that a route knows. Others are dropped: a cache buster or the tag of a campaign does no harm to a
   * read, and every route must say the same of them.
   */
  private knownOf(query: unknown, type: NonNullable<ArgumentMetadata['metatype']>): object {
    let names = this.queryNames.get(type);
    if (!names) {
      const rules = getMetadataStorage().getTargetValidationMetadatas(type, '', false, false);
      this.queryNames.set(type, (names = new Set(rules.map(({ propertyName }) => propertyName))));
    }
    return Object.fromEntries(Object.entries(query ?? {}).filter(([name]) => names.has(name)));
  }

  private quickCheck(type: ArgumentMetadata['metatype']): QuickCheck | undefined {
    if (typeof type !== 'function') return undefined;
    if (!this.quickChecks.has(type)) this.quickChecks.set(type, compileQuickCheck(type as new () => object));
    return this.quickChecks.get(type);
  }
}

function validationFailed(errors: FieldErrors): Problem {
  return new Problem('VALIDATION_FAILED', { detail: '`errors` says which fields are wrong, and how.', errors });
}

/** Makes a flat list, in the order of the fields, of the tree that class-validator reports. */
export function flattenErrors(errors: readonly ValidationError[], parent = ''): FieldErrors {
  return errors.flatMap(({ property, constraints = {}, children = [] }) => {
    const path = join(parent, property);
    return [...Object.values(constraints).map((message) => ({ path, message })), ...flattenErrors(children, path)];
  });
}

/**
 * Finds a value that the libraries behind this must not get, as they work recursively and trust the shape of their input:
 * a nesting that exhausts the stack, a list that takes too long, a key that shadows a method.
 */
function findExcess(root: object): FieldErrors[number] | undefined {
  const pending = [{ value: root, path: '', depth: 1 }];
  let count = 0;
  for (let next = pending.pop(); next; next = pending.pop()) {
    const { value, path, depth } = next;
    for (const [key, inner] of Object.entries(value)) {
      if (++count > VALUES_MAX) return { path, message: `must not bring the request beyond ${VALUES_MAX} values` };
      if (INHERITED_NAMES.has(key)) return { path: join(path, key), message: `property ${key} should not exist` };
      if (typeof inner === 'object' && inner !== null) {
        if (depth === DEPTH_MAX)
          return { path: join(path, key), message: `must not be nested deeper than ${DEPTH_MAX} levels` };
        pending.push({ value: inner, path: join(path, key), depth: depth + 1 });
      }
    }
  }
  return undefined;
}

function join(parent: string, key: string): string {
  return parent ? `${parent}.${key}` : key;
}
