import 'reflect-metadata';
import { parseArgs } from 'node:util';
import { Logger } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import { explain } from '../explain';
import { parseDatabaseEnvironment } from '../platform/config/app-config';
import { openDatabase, withDataSource } from '../database/open-database';
import { asOwner, migrateDatabase } from '../platform/database/migrate';
import { schema } from '../database/schema';

/** The frame of the commands: standard output carries the result alone, everything else goes to standard error. */

/** A mistake in a command's arguments. */
export class UsageError extends Error {}

const EXIT_FAILED = 2;

// Nest logs to standard output, where a warning would spoil the result: that a connection was lost, for example, when the
// embedded database stops before the pool's sockets are closed.
const toStderr = (message: unknown) => console.error(message);
Logger.overrideLogger({ log: toStderr, warn: toStderr, error: toStderr });

/** Runs a command; `main` returns its exit code. An error is reported, and the exit code is 2. */
export async function runCommand(main: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await main();
  } catch (error) {
    console.error(error instanceof UsageError ? `${error.message}\nTry --help.` : explain(error));
    process.exitCode = EXIT_FAILED;
  }
}

type DatabaseSettings = ReturnType<typeof parseDatabaseEnvironment>;

interface Option {
  readonly type: 'boolean' | 'string';
}

type Arguments<Options> = { [Name in keyof Options]?: Options[Name] extends { type: 'boolean' } ? boolean : string };

/**
 * Reads the command's options. Prints the help and returns `undefined` if that is wanted.
 *
 * @throws UsageError
 */
export function parseArguments<const Options extends Record<string, Option>>(
  help: string,
  options: Options,
): Arguments<Options> | undefined {
  let values: Arguments<Options> & { help?: boolean };
  try {
    values = parseArgs({ options: { ...options, help: { type: 'boolean' } } }).values as typeof values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  if (!values.help) return values;
  console.log(help);
  return undefined;
}

/** Reads the whole number given for an option. @throws UsageError */
export function wholeNumber(option: string, value: string, min: number, max: number): number {
  const number = /^\d{1,15}$/.test(value) ? Number(value) : NaN;
  if (number >= min && number <= max) return number;
  throw new UsageError(`--${option} must be a whole number from ${min} to ${max}, not "${value}".`);
}

/**
 * Runs work on the database that the environment names, or on the embedded one where it names none, as the role that owns
 * it, and leaves nothing open that would keep the process from ending.
 *
 * @param options.migrateOthers whether to migrate also a database that is not the embedded one
 */
export async function withDatabase<T>(
  options: { migrateOthers: boolean },
  work: (dataSource: DataSource, migrations: string[], config: DatabaseSettings) => Promise<T>,
): Promise<T> {
  const settings = parseDatabaseEnvironment({
    ...process.env,
    EMBEDDED_DATABASE: process.env.EMBEDDED_DATABASE || (process.env.DATABASE_URL ? 'false' : 'true'),
  });
  const { config, stop } = await openDatabase(settings, (line) => console.error(line));
  try {
    const migrates = options.migrateOthers || config.database.embedded;
    const migrations = migrates ? await migrateDatabase(config, schema) : [];
    return await withDataSource(asOwner(config), (dataSource) => work(dataSource, migrations, config));
  } finally {
    await stop();
  }
}
