import { parseArgs } from 'node:util';
import { UsageError, wholeNumber } from '../../src/cli/command';

/** An option of a command line: how it is written, and what becomes of it. */
interface Option<Value> {
  readonly type: 'boolean' | 'string';
  readonly multiple?: boolean;
  readonly read: (given: unknown, name: string) => Value;
}

type Values<Options> = { [Name in keyof Options]: Options[Name] extends Option<infer Value> ? Value : never };

export const FLAG: Option<boolean> = { type: 'boolean', read: (given) => given === true };
export const TEXT: Option<string | undefined> = { type: 'string', read: (given) => given as string | undefined };

/** A whole number in these bounds; `otherwise` when it is not given. */
export function number<Otherwise extends number | undefined>(
  min: number,
  max: number,
  otherwise: Otherwise,
): Option<number | Otherwise> {
  return {
    type: 'string',
    read: (given, name) => (given === undefined ? otherwise : wholeNumber(name, given as string, min, max)),
  };
}

/** Whole numbers, the option given once for each. */
export function numbers(min: number, max: number): Option<number[]> {
  return {
    type: 'string',
    multiple: true,
    read: (given, name) => ((given ?? []) as string[]).map((each) => wholeNumber(name, each, min, max)),
  };
}

/**
 * Reads the command's arguments. Prints the help and returns undefined where that is what is wanted.
 *
 * @param allowPositionals whether there may be arguments that are no options; they are in `_`
 * @throws UsageError
 */
export function readOptions<const Options extends Record<string, Option<unknown>>>(
  help: string,
  options: Options,
  allowPositionals = false,
): (Values<Options> & { _: string[] }) | undefined {
  let parsed;
  try {
    parsed = parseArgs({ allowPositionals, options: { ...options, help: { type: 'boolean' } } });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const given = parsed.values as Record<string, unknown>;
  if (given.help === true) {
    console.log(help);
    return undefined;
  }
  const values = Object.entries(options).map(([name, { read }]) => [name, read(given[name], name)]);
  return { ...(Object.fromEntries(values) as Values<Options>), _: parsed.positionals };
}
