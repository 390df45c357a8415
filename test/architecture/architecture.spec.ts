import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { SEAT_COMMANDS } from '../../src/seats/commands/registry';

/**
 * Rules over the syntax of the source that the linters can't express. Every rule is held against the tree, and against
 * small pieces of code that break it and that don't: a rule that can't be broken proves nothing. The other rules are in
 * .dependency-cruiser.cjs and .oxlintrc.json, and are tried in lint-rules.spec.ts.
 */

/** The one file whose statements change seats, and the one that may send them. */
const SEAT_WRITER = 'src/seats/seat-rows.ts';
const SEAT_WRITER_USER = 'src/seats/seat-scene.ts';
/** Puts new, untouched seats beside those that are there. */
const SEEDER = 'src/shows/show-creation.ts';
/** A migration repeats the facts of its day. */
const MIGRATIONS = 'src/database/migrations/';

/** Where a command has a name of its own: its file, the registry, and its route with the answer it renders. */
const NAMES_COMMANDS = /^src\/seats\/commands\/|\.controller\.ts$|-answers\.ts$/;

interface Rule {
  readonly check: (path: string, file: ts.SourceFile) => ts.Node[];
  /** Code that breaks the rule, and its path. */
  readonly broken: readonly (readonly [path: string, text: string])[];
  /** Code that comes close and is all right. */
  readonly fine: readonly (readonly [path: string, text: string])[];
}

const RULES: Readonly<Record<string, Rule>> = {
  'one file writes seats and their ledger': {
    check: (path, file) =>
      path === SEAT_WRITER || path.startsWith(MIGRATIONS)
        ? []
        : nodesOf(file).filter(
            (node) => writesSeats(node, path === SEEDER) || (path !== SEAT_WRITER_USER && takesAWriter(node)),
          ),
    broken: [
      ['src/seats/a.ts', "query(`UPDATE seat SET status = 'HELD'`);"],
      ['src/seats/a.ts', 'query(`UPDATE "seat" SET version = ${version}`);'],
      ['src/bookings/a.ts', "query('insert into seat_transition values (1)');"],
      ['src/bookings/a.ts', "query('DELETE FROM seat');"],
      ['src/bookings/a.ts', "query('TRUNCATE booking, seat');"],
      ['src/bookings/a.ts', "query('INSERT INTO seat VALUES (1)');"],
      [SEEDER, "query('UPDATE seat SET version = 1');"],
      ['src/bookings/a.ts', 'manager.update(Seat, {}, {});'],
      ['src/bookings/a.ts', 'manager.getRepository(Seat);'],
      ['src/bookings/a.ts', 'query.insert().into(SeatTransitionRecord);'],
      ['src/seats/a.ts', "import { sendSeatUpdate } from './seat-rows';"],
      ['src/seats/a.ts', "import { sendTransitions as send } from './seat-rows';"],
      ['src/seats/a.ts', "import * as rows from './seat-rows';"],
    ],
    fine: [
      [SEAT_WRITER, "query('UPDATE seat SET version = 1');"],
      [SEAT_WRITER_USER, "import { sendSeatUpdate } from './seat-rows';"],
      [SEEDER, "query('INSERT INTO seat VALUES (1)');"],
      ['src/bookings/a.ts', "query('SELECT 1 FROM seat FOR UPDATE'); query('INSERT INTO booking_seat VALUES (1)');"],
      ['src/seats/a.ts', "import { timestamp } from './seat-rows';"],
    ],
  },

  'no command is asked for by its name': {
    check: (path, file) =>
      NAMES_COMMANDS.test(path) || path.startsWith(MIGRATIONS) ? [] : nodesOf(file).filter(namesACommand),
    broken: [
      ['src/seats/seat-scene.ts', "if (command.name === 'hold') return;"],
      ['src/seats/seat-command.ts', "let outcome: OutcomeOf<'unblock'>;"],
      ['src/seats/a.ts', 'const rules = { [`book`]: 1 };'],
      ['src/live/a.ts', "query(`SELECT 1 FROM seat_transition WHERE command = 'expire'`);"],
      ['src/live/a.ts', "query(`SELECT '${name}' WHERE command IN ('release', $1)`);"],
    ],
    fine: [
      ['src/seats/commands/hold.ts', "const hold = { name: 'hold' };"],
      ['src/seats/seats.controller.ts', "run('hold', body);"],
      ['src/seats/a.ts', "const effects = { hold: 'step' }; throw new Error('The hold is gone');"],
    ],
  },
};

describe('the source', () => {
  const tree = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'))
    .map((name) => [join('src', name), readFileSync(join('src', name), 'utf8')] as const);

  describe.each(Object.entries(RULES))('%s', (_, { check, broken, fine }) => {
    const findings = ([path, text]: readonly [string, string]) => {
      const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
      const lineOf = (node: ts.Node) => file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1;
      return check(path, file).map((node) => `${path}:${lineOf(node)}: ${node.getText(file).slice(0, 80)}`);
    };

    it('holds', () => {
      expect(tree.flatMap(findings)).toEqual([]);
    });

    it.each(broken)('bites in %s: %s', (...file) => {
      expect(findings(file)).not.toEqual([]);
    });

    it.each(fine)('leaves alone in %s: %s', (...file) => {
      expect(findings(file)).toEqual([]);
    });
  });

  it.each([SEAT_WRITER, SEAT_WRITER_USER, SEEDER, MIGRATIONS])('has %s, which is named here', (path) => {
    expect(existsSync(path)).toBe(true);
  });
});

function nodesOf(root: ts.Node): ts.Node[] {
  const nodes: ts.Node[] = [];
  const visit = (node: ts.Node): void => {
    nodes.push(node);
    ts.forEachChild(node, visit);
  };
  ts.forEachChild(root, visit);
  return nodes;
}

/** A literal, or the part of a template between two of its values. */
function textOf(node: ts.Node): string | undefined {
  const isText = ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node);
  return isText ? node.text : undefined;
}

const SEAT_CHANGE = /\b(UPDATE|DELETE\s+FROM|MERGE\s+INTO|TRUNCATE(\s+TABLE)?(\s+\w+,)*)\s+"?(seat|seat_transition)\b/i;
const LEDGER_INSERT = /\bINSERT\s+INTO\s+"?seat_transition\b/i;
const SEAT_INSERT = /\bINSERT\s+INTO\s+"?seat\b/i;
const WRITING_METHODS = /^(update|delete|insert|upsert|into|getRepository|softDelete|increment|decrement)$/;

/** Whether this is a statement, or a call of TypeORM's, that writes seats or their ledger. */
function writesSeats(node: ts.Node, maySeed: boolean): boolean {
  const text = textOf(node);
  if (text !== undefined)
    return SEAT_CHANGE.test(text) || LEDGER_INSERT.test(text) || (!maySeed && SEAT_INSERT.test(text));
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return false;
  const [first] = node.arguments;
  return (
    WRITING_METHODS.test(node.expression.name.text) &&
    first !== undefined &&
    ts.isIdentifier(first) &&
    /^(Seat|SeatTransitionRecord)$/.test(first.text)
  );
}

/** Whether this imports one of the functions that send those statements. */
function takesAWriter(node: ts.Node): boolean {
  if (!ts.isImportDeclaration(node) || !textOf(node.moduleSpecifier)!.endsWith('/seat-rows')) return false;
  const bindings = node.importClause?.namedBindings;
  if (!bindings || !ts.isNamedImports(bindings)) return true;
  return bindings.elements.some(({ propertyName, name }) => (propertyName ?? name).text.startsWith('send'));
}

/** Whether this is the name of a command, or SQL with one in it. */
function namesACommand(node: ts.Node): boolean {
  const text = textOf(node);
  return SEAT_COMMANDS.some((name) => text === name || text?.includes(`'${name}'`));
}
