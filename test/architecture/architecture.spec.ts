import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import ts from 'typescript';

/**
 * How the source hangs together, as rules over its syntax. Every rule is held against the tree, and against small pieces
 * of code that break it and that don't: a rule that can't be broken proves nothing.
 */

/** Each module may use those before it. */
const MODULES = ['platform', 'identity', 'shows', 'seats', 'bookings', 'live'] as const;
type ModuleName = (typeof MODULES)[number];

/** What a module offers to the modules after it; all its other files are its own. */
const PUBLIC_FILES: Readonly<Record<ModuleName, readonly string[]>> = {
  platform: [
    'config/app-config',
    'database/data-source-options',
    'database/pg-errors',
    'database/pipelined-transaction',
    'database/prepared',
    'database/shared-read',
    'http/api-fields',
    'http/cursor',
    'http/public',
    'http/query-values',
    'http/rate-limits',
    'instant',
    'metrics/metrics',
    'money',
    'problem/api-problems.decorator',
    'problem/problem',
  ],
  identity: ['holder'],
  shows: ['sales-window', 'seat-counts', 'show-sales', 'show.dto', 'show.entity'],
  seats: ['booking-ledger', 'seat-answers', 'seat-changes', 'seat-command', 'seat-map', 'seat-transitions', 'seat.dto'],
  bookings: [],
  live: [],
};

/** Files whose results depend on their arguments alone, and what a file may use all the same. */
const PURE_FILES: Readonly<Record<string, readonly string[]>> = {
  'src/problem-catalogue.ts': [],
  'src/platform/money.ts': [],
  'src/shows/sales-window.ts': [],
  'src/seats/seat-transitions.ts': [],
  'src/seats/seat-decision.ts': [],
  // A reference is random, and depends on nothing else.
  'src/bookings/booking-reference.ts': ['node:crypto'],
};

/** The one file whose statements change seats, and the one that may send them. */
const SEAT_WRITER = 'src/seats/seat-rows.ts';
const SEAT_WRITER_USER = 'src/seats/seat-state-machine.ts';
/** Puts new, untouched seats beside those that are there. */
const SEEDERS = ['src/shows/show-creation.ts'];

/** Outside the entry points, these alone look at the environment. */
const ENVIRONMENT_READERS = [
  // Hands its own PATH on to a program.
  'src/embedded-postgres/host.ts',
];

interface Rule {
  readonly check: (sources: Sources) => string[];
  /** Code that breaks the rule, by path; each file alone must be found. */
  readonly broken: Readonly<Record<string, string>>[];
  /** Code that comes close and is all right. */
  readonly fine: Readonly<Record<string, string>>[];
}

const RULES: Readonly<Record<string, Rule>> = {
  [`imports run one way: ${MODULES.join(' ← ')} ← composition ← cli`]: {
    check: (sources) =>
      importsOf(sources, isInSource).flatMap(({ from, to, at }) =>
        to === undefined || mayImport(areaOf(from), areaOf(to)) ? [] : [`${at}: ${from} must not import ${to}`],
      ),
    broken: [
      { 'src/platform/a.ts': "import { B } from '../seats/b';", 'src/seats/b.ts': '' },
      { 'src/shows/a.ts': "import type { B } from '../seats/b';", 'src/seats/b.ts': '' },
      { 'src/seats/a.ts': "export { B } from '../bookings/b';", 'src/bookings/b.ts': '' },
      { 'src/seats/a.ts': "const b = import('../bookings/b');", 'src/bookings/b.ts': '' },
      { 'src/seats/a.ts': "const b = require('../bookings/b');", 'src/bookings/b.ts': '' },
      { 'src/seats/a.ts': "let b: import('../bookings/b').B;", 'src/bookings/b.ts': '' },
      { 'src/bookings/a.ts': "import { b } from '../serve';", 'src/serve.ts': '' },
      { 'src/bookings/a.ts': "import { b } from '../cli/b';", 'src/cli/b.ts': '' },
      { 'src/app.module.ts': "import { b } from './cli/b';", 'src/cli/b.ts': '' },
      { 'src/problem-catalogue.ts': "import { b } from './platform/b';", 'src/platform/b.ts': '' },
      { 'src/bookings/a.ts': "import { b } from '../migrations';", 'src/database/migrations/index.ts': '' },
      { 'src/seats/a.ts': "import { b } from '../b';", 'test/b.ts': '' },
      { 'src/seats/a.ts': "import { b } from './b.spec';", 'src/seats/b.spec.ts': '' },
      { 'src/unheard-of/a.ts': "import { b } from '../platform/b';", 'src/platform/b.ts': '' },
    ],
    fine: [
      { 'src/seats/a.ts': "import { b } from '../platform/b';", 'src/platform/b.ts': '' },
      { 'src/platform/a.ts': "import { b } from '../problem-catalogue';", 'src/problem-catalogue.ts': '' },
      { 'src/cli/a.ts': "import { b } from '../serve';", 'src/serve.ts': '' },
      { 'src/database/schema.ts': "import { b } from './migrations';", 'src/database/migrations/index.ts': '' },
      { 'src/platform/a.spec.ts': "import { b } from '../seats/b';", 'src/seats/b.ts': '' },
    ],
  },

  'a module uses only the public files of another': {
    check: (sources) =>
      importsOf(sources, isInSource).flatMap(({ from, to, at }) => {
        const [user, owner] = [areaOf(from), to === undefined ? undefined : areaOf(to)];
        if (owner === undefined || owner === user || !isModule(user) || !isModule(owner)) return [];
        return PUBLIC_FILES[owner].some((file) => to === `src/${owner}/${file}.ts`) ? [] : [`${at}: ${to} is private`];
      }),
    broken: [{ 'src/bookings/a.ts': "import { b } from '../seats/seat-rows';", 'src/seats/seat-rows.ts': '' }],
    fine: [
      { 'src/bookings/a.ts': "import { b } from '../seats/seat-command';", 'src/seats/seat-command.ts': '' },
      { 'src/seats/a.ts': "import { b } from './seat-rows';", 'src/seats/seat-rows.ts': '' },
      { 'src/app.module.ts': "import { b } from './seats/seats.module';", 'src/seats/seats.module.ts': '' },
    ],
  },

  'no import goes round in a circle': {
    check: (sources) => circlesOf(importsOf(sources, isInSource).filter((found) => !found.isTypeOnly)),
    broken: [
      { 'src/seats/a.ts': "import { b } from './b';", 'src/seats/b.ts': "import { a } from './a';" },
      {
        'src/seats/a.ts': "import { b } from './b';",
        'src/seats/b.ts': "import { c } from './c';",
        'src/seats/c.ts': "import { a } from './a';",
      },
    ],
    fine: [{ 'src/seats/a.ts': "import { b } from './b';", 'src/seats/b.ts': "import type { A } from './a';" }],
  },

  'pure files stay pure': {
    check: (sources) => [
      ...importsOf(sources, (path) => path in PURE_FILES).flatMap(({ from, to, specifier, isTypeOnly, at }) =>
        isTypeOnly || (to !== undefined && to in PURE_FILES) || PURE_FILES[from]!.includes(specifier)
          ? []
          : [`${at}: ${specifier} is not pure`],
      ),
      ...nodesOf(sources, (path) => path in PURE_FILES).flatMap(({ node, at }) =>
        isImpure(node) ? [`${at}: ${node.getText()} is not pure`] : [],
      ),
    ],
    broken: [
      "import { randomUUID } from 'node:crypto';",
      "import { DataSource } from 'typeorm';",
      "import { Injectable } from '@nestjs/common';",
      "import { sendClock } from './seat-rows';",
      "import './seat-rows';",
      'export const now = () => Date.now();',
      'export const now = () => new Date();',
      'export const now = () => new Date;',
      'export const now = () => Date();',
      'const { now } = Date;',
      'export const now = () => performance.now();',
      'export const id = () => Math.random();',
      'const { random } = Math;',
      'export const id = () => crypto.randomUUID();',
      'export const zone = process.env.TZ;',
      'export const zone = globalThis.process;',
      'setTimeout(() => undefined, 1);',
      'console.log(1);',
    ].map((text) => ({ 'src/seats/seat-decision.ts': text, 'src/seats/seat-rows.ts': '' })),
    fine: [
      "import { standing } from './seat-transitions';",
      "import type { SeatRow } from './seat-rows';",
      "import { type SeatRow } from './seat-rows';",
      'export const at = (ms: number) => new Date(ms).toISOString();',
      'export const seen = (seat: { process: Date }) => seat.process.getTime();',
    ].map((text) => ({
      'src/seats/seat-decision.ts': text,
      'src/seats/seat-transitions.ts': '',
      'src/seats/seat-rows.ts': '',
    })),
  },

  'one file writes seats and their ledger': {
    check: (sources) => [
      ...nodesOf(sources, (path) => isShipped(path) && path !== SEAT_WRITER && areaOf(path) !== 'migrations').flatMap(
        ({ node, path, at }) =>
          writesSeats(node, SEEDERS.includes(path)) ? [`${at}: seats are written by ${SEAT_WRITER} alone`] : [],
      ),
      ...importsOf(sources, isShipped).flatMap(({ from, to, names, at }) =>
        to === SEAT_WRITER &&
        from !== SEAT_WRITER_USER &&
        names.some((name) => /^send(SeatUpdate|Transitions)$/.test(name))
          ? [`${at}: seats are written through ${SEAT_WRITER_USER} alone`]
          : [],
      ),
    ],
    broken: [
      { 'src/seats/a.ts': "query(`UPDATE seat SET status = 'HELD'`);" },
      { 'src/seats/a.ts': 'query(`UPDATE "seat" SET version = ${version}`);' },
      { 'src/bookings/a.ts': "query('insert into seat_transition values (1)');" },
      { 'src/bookings/a.ts': "query('DELETE FROM seat');" },
      { 'src/bookings/a.ts': "query('TRUNCATE booking, seat');" },
      { 'src/bookings/a.ts': "query('INSERT INTO seat VALUES (1)');" },
      { 'src/shows/show-creation.ts': "query('UPDATE seat SET version = 1');" },
      { 'src/bookings/a.ts': 'manager.update(Seat, {}, {});' },
      { 'src/bookings/a.ts': 'manager.getRepository(Seat);' },
      { 'src/bookings/a.ts': 'query.insert().into(SeatTransitionRecord);' },
      { 'src/seats/a.ts': "import { sendSeatUpdate } from './seat-rows';", [SEAT_WRITER]: '' },
    ],
    fine: [
      { [SEAT_WRITER]: "query('UPDATE seat SET version = 1');" },
      { 'src/shows/show-creation.ts': "query('INSERT INTO seat VALUES (1)');" },
      { 'src/bookings/a.ts': "query('SELECT 1 FROM seat FOR UPDATE'); query('INSERT INTO booking_seat VALUES (1)');" },
      { 'src/seats/a.ts': "import { sendClock } from './seat-rows';", [SEAT_WRITER]: '' },
      { 'test/a.ts': "query('UPDATE seat SET version = 1');" },
    ],
  },

  'nobody but the entry points reads the environment': {
    check: (sources) =>
      nodesOf(sources, (path) => isModule(areaOf(path)) && !ENVIRONMENT_READERS.includes(path)).flatMap(
        ({ node, at }) => (isMember(node, 'process', 'env') ? [`${at}: take the setting from APP_CONFIG`] : []),
      ),
    broken: [{ 'src/seats/a.ts': 'const ttl = process.env.HOLD_TTL_SECONDS;' }],
    fine: [{ 'src/main.ts': 'parseEnvironment(process.env);' }],
  },

  'no forwardRef': {
    check: (sources) =>
      nodesOf(sources, isShipped).flatMap(({ node, at }) =>
        ts.isIdentifier(node) && node.text === 'forwardRef' ? [`${at}: a circle is cut by a port, not hidden`] : [],
      ),
    broken: [{ 'src/seats/a.ts': "import { forwardRef } from '@nestjs/common';" }],
    fine: [{ 'src/seats/a.ts': '// forwardRef' }],
  },

  'no save()': {
    check: (sources) =>
      nodesOf(sources, isShipped).flatMap(({ node, at }) =>
        ts.isCallExpression(node) &&
        ts.isPropertyAccessExpression(node.expression) &&
        node.expression.name.text === 'save'
          ? [`${at}: save() is two statements and no lock; insert() or update()`]
          : [],
      ),
    broken: [
      { 'src/identity/a.ts': 'await repository.save(user);' },
      { 'src/identity/a.ts': 'repository?.save(user);' },
    ],
    fine: [{ 'src/identity/a.ts': 'await repository.insert(user);' }],
  },

  'no barrels': {
    check: (sources) => [
      ...[...sources.keys()]
        .filter((path) => /(^|\/)index\.ts$/.test(path) && path !== 'src/database/migrations/index.ts')
        .map((path) => `${path}: import from the file itself`),
      ...nodesOf(sources, isShipped).flatMap(({ node, at }) =>
        ts.isExportDeclaration(node) && node.moduleSpecifier && !node.exportClause
          ? [`${at}: says not what it offers`]
          : [],
      ),
    ],
    broken: [{ 'src/seats/index.ts': '' }, { 'src/seats/a.ts': "export * from './b';" }],
    fine: [{ 'src/database/migrations/index.ts': '' }, { 'src/seats/a.ts': "export { B } from './b';" }],
  },

  'outside the platform a failure is a Problem, not an HTTP exception': {
    check: (sources) =>
      importsOf(sources, (path) => isShipped(path) && areaOf(path) !== 'platform').flatMap(
        ({ specifier, names, at }) =>
          specifier === '@nestjs/common'
            ? names
                .filter((name) => name.endsWith('Exception'))
                .map((name) => `${at}: throw a Problem instead of ${name}`)
            : [],
      ),
    broken: [
      { 'src/seats/a.ts': "import { HttpException } from '@nestjs/common';" },
      { 'src/cli/a.ts': "import { ConflictException as Conflict, Injectable } from '@nestjs/common';" },
    ],
    fine: [
      { 'src/platform/a.ts': "import { HttpException } from '@nestjs/common';" },
      { 'src/seats/a.ts': "import { ExceptionFilter } from '@nestjs/common';" },
    ],
  },

  'tests do not sleep: a wait is for something, in a loop that looks again': {
    check: (sources) =>
      nodesOf(sources, isTest).flatMap(({ node, file, at }) =>
        isTimer(node, file) && !isInsidePoll(node) ? [`${at}: wait for a condition, or move time by moving rows`] : [],
      ),
    broken: [
      { 'test/a.ts': 'await new Promise((resolve) => setTimeout(resolve, 100));' },
      { 'test/a.ts': "import { setTimeout as delay } from 'node:timers/promises'; await delay(100);" },
      {
        'src/seats/a.spec.ts':
          "import { setTimeout } from 'timers/promises'; for (const a of b) await setTimeout(100);",
      },
      { 'test/a.ts': "import * as timers from 'node:timers/promises'; await timers.setTimeout(100);" },
    ],
    fine: [
      {
        'test/a.ts':
          "import { setTimeout as delay } from 'node:timers/promises'; while (!(await isThere())) await delay(10);",
      },
      { 'test/a.ts': 'jest.setTimeout(1_000);' },
      { 'src/seats/a.ts': 'setTimeout(stop, 1_000);' },
    ],
  },
};

describe('the source', () => {
  const tree = readTree();

  describe.each(Object.entries(RULES))('%s', (_, { check, broken, fine }) => {
    it('holds', () => {
      expect(check(tree)).toEqual([]);
    });

    it.each(broken)('bites: %j', (files) => {
      expect(check(parse(files))).not.toEqual([]);
    });

    it.each(fine)('leaves alone: %j', (files) => {
      expect(check(parse(files))).toEqual([]);
    });
  });

  it('has every file that is named here', () => {
    const publicFiles = MODULES.flatMap((name) => PUBLIC_FILES[name].map((file) => `src/${name}/${file}.ts`));
    const named = [
      ...publicFiles,
      ...Object.keys(PURE_FILES),
      ...SEEDERS,
      ...ENVIRONMENT_READERS,
      SEAT_WRITER,
      SEAT_WRITER_USER,
    ];
    expect(named.filter((path) => !tree.has(path))).toEqual([]);
  });

  it('has no public file that no other module uses', () => {
    const used = new Set(
      importsOf(tree, isInSource).flatMap(({ from, to }) =>
        to !== undefined && isModule(areaOf(from)) && areaOf(from) !== areaOf(to) ? [to] : [],
      ),
    );
    const publicFiles = MODULES.flatMap((name) => PUBLIC_FILES[name].map((file) => `src/${name}/${file}.ts`));
    expect(publicFiles.filter((path) => !used.has(path))).toEqual([]);
  });
});

// ---------------------------------------------------------------------------------------------------------------------

type Sources = ReadonlyMap<string, ts.SourceFile>;
type Area = ModuleName | 'catalogue' | 'migrations' | 'composition' | 'cli' | 'bench' | 'test' | 'unknown';

/** All TypeScript of the project, by its path from the root. */
function readTree(): Sources {
  const files: Record<string, string> = {};
  for (const directory of ['src', 'test', 'bench']) {
    for (const name of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
      if (name.endsWith('.ts')) files[join(directory, name)] = readFileSync(join(directory, name), 'utf8');
    }
  }
  return parse(files);
}

function parse(files: Readonly<Record<string, string>>): Sources {
  return new Map(
    Object.entries(files).map(([path, text]) => [path, ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)]),
  );
}

function isInSource(path: string): boolean {
  return path.startsWith('src/') || path.startsWith('bench/');
}

function isTest(path: string): boolean {
  return areaOf(path) === 'test';
}

/** Whether it runs in production. */
function isShipped(path: string): boolean {
  return path.startsWith('src/') && !isTest(path);
}

function isModule(area: Area): area is ModuleName {
  return (MODULES as readonly string[]).includes(area);
}

/** Which part of the project a file belongs to. */
function areaOf(path: string): Area {
  if (path.startsWith('test/') || path.endsWith('.spec.ts')) return 'test';
  const [root, directory, ...rest] = path.split('/');
  if (root === 'bench') return 'bench';
  if (root !== 'src' || directory === undefined) return 'unknown';
  if (rest.length === 0) return path === 'src/problem-catalogue.ts' ? 'catalogue' : 'composition';
  return isModule(directory as Area) || directory === 'cli' || directory === 'migrations'
    ? (directory as Area)
    : 'unknown';
}

function mayImport(from: Area, to: Area): boolean {
  if (from === 'test' || from === to) return true;
  switch (from) {
    case 'bench':
      return to !== 'test';
    case 'cli':
      return to !== 'test' && to !== 'bench';
    case 'composition':
      return to !== 'test' && to !== 'bench' && to !== 'cli' && to !== 'unknown';
    case 'catalogue':
    case 'migrations':
    case 'unknown':
      return false;
    default:
      return to === 'catalogue' || (isModule(to) && MODULES.indexOf(to) < MODULES.indexOf(from));
  }
}

interface Import {
  readonly from: string;
  readonly specifier: string;
  /** The project's own file it names; undefined for a package. */
  readonly to: string | undefined;
  /** What it takes, by the name it has over there. */
  readonly names: readonly string[];
  /** Gone after compilation. */
  readonly isTypeOnly: boolean;
  readonly at: string;
}

function importsOf(sources: Sources, wanted: (path: string) => boolean): Import[] {
  return nodesOf(sources, wanted).flatMap(({ node, path, at }) => {
    const found = readImport(node);
    return found ? [{ ...found, from: path, to: resolveImport(sources, path, found.specifier), at }] : [];
  });
}

function readImport(node: ts.Node): Pick<Import, 'specifier' | 'names' | 'isTypeOnly'> | undefined {
  const specifierOf = (specifier: ts.Node | undefined) =>
    specifier && ts.isStringLiteralLike(specifier) ? specifier.text : undefined;
  if (ts.isImportDeclaration(node)) {
    const clause = node.importClause;
    const bindings = clause?.namedBindings;
    const elements = bindings && ts.isNamedImports(bindings) ? [...bindings.elements] : [];
    const takesValues =
      !clause || clause.name || (bindings && ts.isNamespaceImport(bindings)) || elements.some((one) => !one.isTypeOnly);
    return {
      specifier: specifierOf(node.moduleSpecifier)!,
      names: elements.map((element) => (element.propertyName ?? element.name).text),
      isTypeOnly: clause?.phaseModifier === ts.SyntaxKind.TypeKeyword || !takesValues,
    };
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier) {
    return { specifier: specifierOf(node.moduleSpecifier)!, names: [], isTypeOnly: node.isTypeOnly };
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
    return { specifier: specifierOf(node.argument.literal)!, names: [], isTypeOnly: true };
  }
  const isLoaded =
    ts.isCallExpression(node) &&
    (node.expression.kind === ts.SyntaxKind.ImportKeyword ||
      (ts.isIdentifier(node.expression) && node.expression.text === 'require'));
  const specifier = isLoaded ? specifierOf(node.arguments[0]) : undefined;
  return specifier === undefined ? undefined : { specifier, names: [], isTypeOnly: false };
}

function resolveImport(sources: Sources, from: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  const target = normalize(join(dirname(from), specifier));
  return [`${target}.ts`, `${target}/index.ts`, target].find((path) => sources.has(path)) ?? target;
}

/** Each circle of imports once, as the list of its files. */
function circlesOf(imports: readonly Import[]): string[] {
  const targets = new Map<string, Set<string>>();
  for (const { from, to } of imports) {
    if (to !== undefined) targets.set(from, (targets.get(from) ?? new Set()).add(to));
  }
  const circles = new Map<string, string>();
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) {
      const circle = trail.slice(start);
      circles.set([...circle].sort().join(), [...circle, path].join(' → '));
    } else if (!done.has(path)) {
      for (const target of targets.get(path) ?? []) visit(target, [...trail, path]);
      done.add(path);
    }
  };
  for (const path of targets.keys()) visit(path, []);
  return [...circles.values()];
}

interface Found {
  readonly node: ts.Node;
  readonly file: ts.SourceFile;
  readonly path: string;
  /** Path and line, for people. */
  readonly at: string;
}

/** All nodes of the syntax trees. */
function nodesOf(sources: Sources, wanted: (path: string) => boolean): Found[] {
  const found: Found[] = [];
  for (const [path, file] of sources) {
    if (!wanted(path)) continue;
    const visit = (node: ts.Node): void => {
      const { line } = file.getLineAndCharacterOfPosition(node.getStart(file));
      found.push({ node, file, path, at: `${path}:${line + 1}` });
      ts.forEachChild(node, visit);
    };
    ts.forEachChild(file, visit);
  }
  return found;
}

const IMPURE_GLOBALS = new Set(
  'process globalThis global performance crypto console fetch require setTimeout setInterval setImmediate queueMicrotask'.split(
    ' ',
  ),
);

function isImpure(node: ts.Node): boolean {
  if (!ts.isIdentifier(node) || !isReference(node)) return false;
  if (IMPURE_GLOBALS.has(node.text)) return true;
  const { parent } = node;
  if (node.text === 'Math') return !ts.isPropertyAccessExpression(parent) || isMember(parent, 'Math', 'random');
  if (node.text !== 'Date' || isInType(node)) return false;
  // What is made of an argument is pure; everything else that starts from `Date` looks at the clock.
  return !(ts.isNewExpression(parent) && (parent.arguments?.length ?? 0) > 0);
}

/** Whether an identifier stands for a variable, rather than naming a member or a property. */
function isReference(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isPropertyAssignment(parent) || ts.isPropertySignature(parent) || ts.isBindingElement(parent))
    return parent.name !== node;
  return !ts.isImportSpecifier(parent) && !ts.isTypeReferenceNode(parent);
}

function isInType(node: ts.Node): boolean {
  for (let at: ts.Node | undefined = node.parent; at; at = at.parent) if (ts.isTypeNode(at)) return true;
  return false;
}

function isMember(node: ts.Node, object: string, name: string): boolean {
  return (
    ts.isPropertyAccessExpression(node) &&
    ts.isIdentifier(node.expression) &&
    node.expression.text === object &&
    node.name.text === name
  );
}

const SEAT_CHANGE = /\b(UPDATE|DELETE\s+FROM|MERGE\s+INTO|TRUNCATE(\s+TABLE)?(\s+\w+,)*)\s+"?(seat|seat_transition)\b/i;
const LEDGER_INSERT = /\bINSERT\s+INTO\s+"?seat_transition\b/i;
const SEAT_INSERT = /\bINSERT\s+INTO\s+"?seat\b/i;
const WRITING_METHODS = new Set([
  'update',
  'delete',
  'insert',
  'upsert',
  'into',
  'getRepository',
  'softDelete',
  'increment',
  'decrement',
]);

/** Whether this is a statement, or a call of TypeORM's, that writes seats or their ledger. */
function writesSeats(node: ts.Node, maySeed: boolean): boolean {
  if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddle(node) || ts.isTemplateTail(node)) {
    return SEAT_CHANGE.test(node.text) || LEDGER_INSERT.test(node.text) || (!maySeed && SEAT_INSERT.test(node.text));
  }
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return false;
  const [first] = node.arguments;
  return (
    WRITING_METHODS.has(node.expression.name.text) &&
    first !== undefined &&
    ts.isIdentifier(first) &&
    (first.text === 'Seat' || first.text === 'SeatTransitionRecord')
  );
}

/** Whether a timer is set, by Node's global or by its promise, under whatever name it was imported. */
function isTimer(node: ts.Node, file: ts.SourceFile): boolean {
  if (!ts.isCallExpression(node)) return false;
  const names = new Set(['setTimeout']);
  const namespaces = new Set<string>();
  for (const statement of file.statements) {
    if (
      !ts.isImportDeclaration(statement) ||
      !/^(node:)?timers(\/promises)?$/.test((statement.moduleSpecifier as ts.StringLiteral).text)
    )
      continue;
    const bindings = statement.importClause?.namedBindings;
    if (bindings && ts.isNamedImports(bindings)) for (const { name } of bindings.elements) names.add(name.text);
    if (bindings && ts.isNamespaceImport(bindings)) namespaces.add(bindings.name.text);
  }
  const called = node.expression;
  if (ts.isIdentifier(called)) return names.has(called.text);
  return (
    ts.isPropertyAccessExpression(called) &&
    ts.isIdentifier(called.expression) &&
    namespaces.has(called.expression.text)
  );
}

/** Whether it is in a loop that ends by a condition: it is no use waiting a fixed time once for each of a list. */
function isInsidePoll(node: ts.Node): boolean {
  for (let at: ts.Node | undefined = node.parent; at; at = at.parent) {
    if (ts.isWhileStatement(at) || ts.isDoStatement(at) || ts.isForStatement(at)) return true;
    if (ts.isFunctionLike(at) && !ts.isArrowFunction(at)) return false;
  }
  return false;
}
