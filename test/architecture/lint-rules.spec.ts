import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import oxlint from '../../.oxlintrc.json';

/**
 * `npm run lint` holds the tree against the rules of .dependency-cruiser.cjs and .oxlintrc.json. Here every rule is
 * held against a planted file that breaks it: a rule that can't be broken proves nothing.
 */

/**
 * A rule, the file that breaks it, and its text. `*` gives the file a name of its own; what it imports is planted
 * empty.
 */
type Planted = readonly [rule: string, file: string, text: string];
const NOTHING = 'nothing';

const BROKEN_IMPORTS: readonly Planted[] = [
  ['order: platform', 'src/platform/*.ts', "import { B } from '../seats/seat-command';"],
  ['order: identity', 'src/identity/*.ts', "import { B } from '../shows/show.dto';"],
  ['order: shows', 'src/shows/*.ts', "import type { B } from '../seats/seat-command';"],
  ['order: seats', 'src/seats/*.ts', "export { B } from '../bookings/b';"],
  ['order: seats', 'src/seats/*.ts', "const b = import('../bookings/b');"],
  ['order: seats', 'src/seats/*.ts', "const b = require('../bookings/b');"],
  ['order: seats', 'src/seats/*.ts', "let b: import('../bookings/b').B;"],
  ['order: bookings', 'src/bookings/*.ts', "import { b } from '../serve';"],
  ['order: bookings', 'src/bookings/*.ts', "import { b } from '../database/schema';"],
  ['order: live', 'src/live/*.ts', "import { b } from '../cli/b';"],
  ['order: ledger', 'src/ledger/*.ts', "import { b } from '../database/schema';"],
  ['order: database', 'src/database/*.ts', "import { b } from '../serve';"],
  ['order: [^/]+\\.ts$', 'src/*.ts', "import { b } from './cli/b';"],
  ['a room of src has a place in the order', 'src/unheard-of/*.ts', "import { b } from '../platform/money';"],
  ['private: seats', 'src/bookings/*.ts', "import { b } from '../seats/seat-rows';"],
  ['private: platform', 'src/ledger/*.ts', "import { b } from '../platform/config/settings';"],
  ['public for nobody: identity', 'src/identity/holder.ts', ''],
  ['the ledger is checked by rules of its own', 'src/ledger/*.ts', "import { b } from '../shows/show.dto';"],
  ['the ledger is checked by rules of its own', 'src/ledger/*.ts', "import { b } from '../seats/seat-command';"],
  ['seats change through the state machine alone', 'src/seats/*.ts', "import { b } from './seat-scene';"],
  ['alone', 'src/embedded-postgres/*.ts', "import { b } from '../platform/money';"],
  ['alone', 'src/problem-catalogue.ts', "import { b } from './platform/money';"],
  ['alone', 'client/*.ts', "import type { b } from '../src/seats/seat.dto';"],
  [
    'a migration stays what it was when the entities change',
    'src/database/migrations/*.ts',
    "import { b } from '../schema';",
  ],
  ['the product knows nothing of what is around it', 'src/cli/*.ts', "import { b } from '../../proof/kit/b';"],
  ['the product knows nothing of what is around it', 'src/seats/*.ts', "import { b } from '../../client/b';"],
  ['the dashboard is a client like others', 'web/*.ts', "import type { b } from '../src/seats/seat.dto';"],
  ['nothing but a test uses a test', 'src/seats/*.ts', "import { b } from '../../test/b';"],
  ['nothing but a test uses a test', 'proof/kit/*.ts', "import { b } from './b.long-spec';"],
  ['order: proof/kit', 'proof/kit/*.ts', "import { b } from '../checkers/b';"],
  ['order: proof/checkers', 'proof/checkers/*.ts', "import { b } from '../people/b';"],
  ['order: proof/people', 'proof/people/*.ts', "import { b } from '../bench/b';"],
  ['programs of the proof do not use each other', 'proof/faults/*.ts', "import { b } from '../stress/b';"],
  ['pure files use pure files', 'src/seats/commands/*.ts', "import { b } from '../seat-rows';"],
  ['pure files use pure files', 'src/seats/commands/*.ts', "import '../seat-rows';"],
  ['pure files use pure files', 'src/seats/commands/*.ts', "import { Injectable } from '@nestjs/common';"],
  ['pure files use pure files', 'src/seats/seat-decision.ts', "import { randomUUID } from 'node:crypto';"],
  ['a booking reference depends on chance alone', 'src/bookings/booking-reference.ts', "import 'node:os';"],
  ['no import goes round in a circle', 'src/seats/about.ts', "import './round';"],
  ['files are imported by name, not through an index', 'src/cli/*.ts', "import { b } from './b/index';"],
  ['the product runs without development packages', 'src/cli/*.ts', "import fc from 'fast-check';"],
  ['every import leads somewhere', 'proof/bench/*.ts', "import { b } from 'no-such-package';"],
];

const FINE_IMPORTS: readonly Planted[] = [
  [NOTHING, 'src/platform/*.ts', "import { b } from '../problem-catalogue';"],
  [NOTHING, 'src/seats/*.ts', "import { b } from '../platform/money'; import { c } from './seat-rows';"],
  [NOTHING, 'src/bookings/*.ts', "import { b } from '../seats/seat-command';"],
  [NOTHING, 'src/seats/seat-state-machine.ts', "import { b } from './seat-scene';"],
  [NOTHING, 'src/ledger/*.ts', "import { b } from '../seats/seat-transitions';"],
  [NOTHING, 'src/app.module.ts', "import { b } from './seats/seats.module';"],
  [NOTHING, 'src/cli/*.ts', "import { b } from '../serve'; import { c } from '../embedded-postgres/b';"],
  [
    NOTHING,
    'src/seats/seat-transitions.ts',
    "import { b } from './commands/book'; import { c } from '../platform/money';",
  ],
  [NOTHING, 'src/seats/commands/*.ts', "import { type b } from '../seat-rows'; import type { c } from 'typeorm';"],
  // A circle is reported once, at the file where it was met first.
  [NOTHING, 'src/seats/round.ts', "import './about';"],
  [NOTHING, 'src/seats/there.ts', "import './back';"],
  [NOTHING, 'src/seats/back.ts', "import type { b } from './there';"],
  [NOTHING, 'src/platform/*.spec.ts', "import { b } from '../seats/seat-rows'; import fc from 'fast-check';"],
  [NOTHING, 'proof/faults/*.ts', "import { b } from '../people/b'; import { c } from '../../src/seats/seat-rows';"],
  [NOTHING, 'web/*.ts', "import { b } from '../client/b';"],
];

const BROKEN_SYNTAX: readonly Planted[] = [
  ...[
    'export const now = () => Date.now();',
    'export const now = () => new Date();',
    'export const now = () => Date();',
    'const { now } = Date;',
    'export const now = () => performance.now();',
    'export const id = () => crypto.randomUUID();',
    'export const zone = process.env.TZ;',
    'export const zone = globalThis.process;',
    'setTimeout(() => undefined, 1);',
  ].map((text): Planted => ['no-restricted-globals', 'src/seats/commands/*.ts', text]),
  ['no-restricted-properties', 'src/seats/commands/*.ts', 'export const id = () => Math.random();'],
  ['no-restricted-properties', 'src/seats/commands/*.ts', 'const { random } = Math;'],
  ['no-console', 'src/seats/commands/*.ts', 'console.log(1);'],
  ['no-console', 'src/live/*.ts', 'console.log(1);'],
  ['no-process-env', 'src/seats/*.ts', 'const ttl = process.env.HOLD_TTL_SECONDS;'],
  ['no-restricted-imports', 'src/seats/*.ts', "import { forwardRef } from '@nestjs/common';"],
  ['no-restricted-imports', 'src/platform/*.ts', "import { forwardRef } from '@nestjs/common';"],
  ['no-restricted-imports', 'src/seats/*.ts', "import { HttpException } from '@nestjs/common';"],
  ['no-restricted-imports', 'src/seats/*.ts', "import { ArrayUnique, IsArray } from 'class-validator';"],
  ['no-restricted-imports', 'src/cli/*.ts', "import { ConflictException as A, Injectable } from '@nestjs/common';"],
  ['no-restricted-properties', 'src/identity/*.ts', 'await repository.save(user);'],
  ['no-restricted-properties', 'src/identity/*.ts', 'repository?.save(user);'],
  ['no-barrel-file', 'src/seats/*.ts', "export * from './b';"],
  ['no-restricted-globals', 'test/*.ts', 'await new Promise((resolve) => setTimeout(resolve, 100));'],
  ['no-restricted-imports', 'test/*.ts', "import { setTimeout as delay } from 'node:timers/promises';"],
  ['no-restricted-imports', 'src/seats/*.spec.ts', "import { setTimeout } from 'timers/promises';"],
  ['no-restricted-imports', 'proof/kit/*.spec.ts', "import * as timers from 'node:timers/promises';"],
];

const FINE_SYNTAX: readonly Planted[] = [
  [NOTHING, 'src/seats/commands/*.ts', 'export const seen = (seat: { process: Date }) => seat.process.getTime();'],
  [NOTHING, 'src/main.ts', 'parseEnvironment(process.env);'],
  [NOTHING, 'src/platform/*.ts', "import { HttpException } from '@nestjs/common';"],
  [NOTHING, 'src/seats/*.ts', "import { ExceptionFilter } from '@nestjs/common'; // forwardRef"],
  [NOTHING, 'src/seats/*.ts', "export { B } from './b'; setTimeout(stop, 1_000);"],
  [NOTHING, 'src/identity/*.ts', 'await repository.insert(user);'],
  [NOTHING, 'test/*.ts', "import { setImmediate as turn } from 'node:timers/promises'; jest.setTimeout(1_000);"],
];

const PROJECT = join(__dirname, '../..');
let directory: string;
beforeAll(() => void (directory = mkdtempSync(join(tmpdir(), 'rowlock-test-lint-'))));
afterAll(() => rmSync(directory, { recursive: true }));

describe('.dependency-cruiser.cjs', () => {
  const files = named([...BROKEN_IMPORTS, ...FINE_IMPORTS]);
  let found: Map<string, string[]>;
  beforeAll(() => {
    const project = plant('imports', files);
    // The cruiser tells a package's kind by the installed one.
    symlinkSync(join(PROJECT, 'node_modules'), join(project, 'node_modules'));
    const { summary } = run<{ summary: { violations: { from: string; rule: { name: string } }[] } }>(
      project,
      'dependency-cruiser/bin/dependency-cruise.mjs',
      '--output-type=json',
      `--config=${join(PROJECT, '.dependency-cruiser.cjs')}`,
      ...new Set(files.map(([, file]) => file.split('/')[0]!)),
    );
    found = grouped(summary.violations.map(({ from, rule }) => [from, rule.name]));
  });

  it.each(files)('finds %s in %s: %s', (rule, file) => expectFound(found.get(file), rule));

  it('has no rule that is not seen to bite', () => {
    const { forbidden } = jest.requireActual<{ forbidden: { name: string }[] }>('../../.dependency-cruiser.cjs');
    const kinds = (names: string[]) => [...new Set(names.map((name) => name.split(':')[0]))].sort();
    expect(kinds(BROKEN_IMPORTS.map(([rule]) => rule))).toEqual(kinds(forbidden.map(({ name }) => name)));
  });
});

describe('.oxlintrc.json', () => {
  const files = named([...BROKEN_SYNTAX, ...FINE_SYNTAX]);
  // `node/no-process-env` as it is configured, `node(no-process-env)` as it is reported.
  const nameOf = (rule: string) => /[\w-]+(?=\)?$)/.exec(rule)![0];
  const ofPlaces = new Set(oxlint.overrides.flatMap(({ rules }) => Object.keys(rules).map(nameOf)));
  let found: Map<string, string[]>;
  beforeAll(() => {
    const project = plant('syntax', files);
    const { diagnostics } = run<{ diagnostics: { filename: string; code: string }[] }>(
      project,
      'oxlint/bin/oxlint',
      '--format=json',
    );
    const reported = diagnostics.map(({ filename, code }) => [filename, nameOf(code)] as const);
    found = grouped(reported.filter(([, rule]) => ofPlaces.has(rule)));
  });

  it.each(files)('finds %s in %s: %s', (rule, file) => expectFound(found.get(file), rule));

  it('has no rule for some places that is not seen to bite', () => {
    expect([...new Set(BROKEN_SYNTAX.map(([rule]) => rule))].sort()).toEqual([...ofPlaces].sort());
  });
});

function expectFound(found: string[] = [], rule: string): void {
  if (rule === NOTHING) expect(found).toEqual([]);
  else expect(found).toContain(rule);
}

function named(planted: readonly Planted[]): Planted[] {
  return planted.map(([rule, file, text], index) => [rule, file.replace('*', `planted-${index}`), text]);
}

/** Makes a small project of these files, with the project's own configuration. Returns where it is. */
function plant(name: string, planted: readonly Planted[]): string {
  const project = join(directory, name);
  const write = (file: string, text: string) => {
    const path = join(project, file);
    mkdirSync(dirname(path), { recursive: true });
    if (text !== '' || !existsSync(path)) writeFileSync(path, text);
  };
  for (const [, file, text] of planted) {
    write(file, text);
    for (const [, imported] of text.matchAll(/'(\.[^']+)'/g)) write(`${join(dirname(file), imported!)}.ts`, '');
  }
  for (const file of ['.oxlintrc.json', 'package.json', 'tsconfig.json'])
    copyFileSync(join(PROJECT, file), join(project, file));
  return project;
}

/** Runs a program of a package and reads its report. The exit code only says that the report is not empty. */
function run<Report>(cwd: string, program: string, ...args: string[]): Report {
  const { stdout, stderr } = spawnSync(process.execPath, [join(PROJECT, 'node_modules', program), ...args], {
    cwd,
    encoding: 'utf8',
  });
  if (!stdout.startsWith('{')) throw new Error(stdout + stderr);
  return JSON.parse(stdout) as Report;
}

function grouped(pairs: readonly (readonly [string, string])[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const [key, value] of pairs) groups.set(key, [...(groups.get(key) ?? []), value]);
  return groups;
}
