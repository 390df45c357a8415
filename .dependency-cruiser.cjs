// Which file may import which. `npm run lint` holds the tree against it, and test/architecture/lint-rules.spec.ts shows on
// planted files that every rule bites.
const { existsSync } = require('node:fs');
const { join } = require('node:path');
const oxlint = require('./.oxlintrc.json');

/** The modules, each with the files it offers to modules. All its other files are its own. Each may use those before it. */
const MODULES = {
  platform: [
    'config/app-config',
    'config/derived-keys',
    'database/app-rights',
    'database/check-sql',
    'database/data-source-options',
    'database/maintenance',
    'database/pg-errors',
    'database/pipelined-transaction',
    'database/pools',
    'database/prepared',
    'database/recent-read',
    'database/shared-read',
    'http/api-fields',
    'http/calendar-day',
    'http/client-address',
    'http/conditional',
    'http/cursor',
    'http/distinct-by',
    'http/fixed-windows',
    'http/guest-limits',
    'http/overload',
    'http/page',
    'http/page.dto',
    'http/public',
    'http/query-values',
    'http/rate-limits',
    'http/read-limits',
    'http/route-traits',
    'http/vary',
    'instant',
    'jobs/jobs',
    'metrics/metrics',
    'money',
    'problem/api-problems.decorator',
    'problem/problem',
    'seals',
  ],
  identity: ['admission', 'admission.module', 'guest-takeovers', 'holder'],
  shows: ['sales-window', 'seat-counts', 'show-sales', 'show.dto', 'show.entity'],
  seats: [
    'commands/registry',
    'reading/seat-map',
    'seat-answers',
    'seat-command',
    'seat-command-queue',
    'seat-command-route',
    'seat-listener',
    'seat-transitions',
    'seat.dto',
    'transaction-writer',
  ],
  bookings: [],
  live: [],
  ledger: [],
};
/**
 * The ledger is checked by rules of its own. Of the seats it knows their words, and how to hear which have changed; of the
 * other modules nothing.
 */
const WORDS_OF_SEATS = [
  'src/seats/commands/registry.ts',
  'src/seats/seat-listener.ts',
  'src/seats/seat-transitions.ts',
];

/** What a transaction has locked and changed, and the one that may have it written. */
const SEAT_SCENE = 'src/seats/seat-scene.ts';
const STATE_MACHINE = 'src/seats/seat-state-machine.ts';

/** All of src, in the order in which it may be used. What stands alone may be used by what is behind it. */
const ROOMS = [...Object.keys(MODULES), 'embedded-postgres', 'database', '[^/]+\\.ts$', 'cli'];
/** These use nothing of the project but themselves. */
const ALONE = ['src/problem-catalogue.ts', 'src/embedded-postgres/', 'client/'];
/** The programs of the proof use these rooms in this order, and never each other. */
const PROOF_ROOMS = ['kit', 'checkers', 'people'];

const PROJECT = '^(src|proof|client|web|test)/';
const TESTS = '^test/|[.-]spec\\.ts$';

const text = (path) => path.replaceAll('.', '\\.');
const exactly = (path) => `^${text(path)}$`;
const anyOf = (names) => `(${names.join('|')})`;
const room = (name) => (name.endsWith('$') ? name : `${name}/`);
const publicFiles = (name) => MODULES[name].map((file) => `src/${name}/${file}.ts`);
const onlyTypes = ['type-only'];

/** Files whose results depend on their arguments alone. The linter keeps them from clocks and chance, and has the list. */
const PURE_FILES = oxlint.overrides
  .find(({ rules }) => rules['no-restricted-globals']?.includes('Date'))
  .files.map((glob) => `^${text(glob).replaceAll('*', '[^/]+')}$`);
/** This one is random, and depends on nothing else. */
const RANDOM_FILE = 'src/bookings/booking-reference.ts';

const named = [...Object.keys(MODULES).flatMap(publicFiles), ...WORDS_OF_SEATS, SEAT_SCENE, STATE_MACHINE, RANDOM_FILE];
const missing = named.filter((path) => !existsSync(join(__dirname, path)));
if (missing.length > 0) throw new Error(`${__filename} names what is not there: ${missing.join(', ')}`);

const rules = [
  ...ROOMS.map((name, index) => ({
    name: `order: ${name}`,
    from: { path: `^src/${room(name)}` },
    to: { path: '^src/', pathNot: [`^src/${anyOf(ROOMS.slice(0, index + 1).map(room))}`, exactly(ALONE[0])] },
  })),
  {
    name: 'a room of src has a place in the order',
    from: { path: '^src/', pathNot: `^src/${anyOf(ROOMS.map(room))}` },
    to: {},
  },
  ...Object.keys(MODULES).map((name) => ({
    name: `private: ${name}`,
    from: { path: `^src/${anyOf(Object.keys(MODULES))}/`, pathNot: `^src/${name}/` },
    to: { path: `^src/${name}/`, pathNot: publicFiles(name).map(exactly) },
  })),
  ...Object.keys(MODULES)
    .filter((name) => MODULES[name].length > 0)
    .map((name) => ({
      name: `public for nobody: ${name}`,
      module: { path: publicFiles(name).map(exactly), numberOfDependentsLessThan: 1 },
      from: { path: `^src/${anyOf(Object.keys(MODULES))}/`, pathNot: `^src/${name}/` },
    })),
  {
    name: 'the ledger is checked by rules of its own',
    from: { path: '^src/ledger/' },
    to: { path: '^src/', pathNot: ['^src/(ledger|platform)/', ...WORDS_OF_SEATS.map(exactly)] },
  },
  {
    name: 'seats change through the state machine alone',
    from: { path: '^src/', pathNot: exactly(STATE_MACHINE) },
    to: { path: exactly(SEAT_SCENE) },
  },
  { name: 'alone', from: { path: `^${anyOf(ALONE.map(text))}` }, to: { path: PROJECT, pathNot: '^$1' } },
  {
    name: 'a migration stays what it was when the entities change',
    from: { path: '^src/database/migrations/' },
    to: { path: '^src/', pathNot: '^src/(database/migrations|platform)/' },
  },
  {
    name: 'the product knows nothing of what is around it',
    from: { path: '^src/' },
    to: { path: PROJECT, pathNot: '^src/' },
  },
  {
    name: 'the dashboard is a client like others',
    from: { path: '^web/' },
    to: { path: PROJECT, pathNot: '^(web|client)/' },
  },
  { name: 'nothing but a test uses a test', from: {}, to: { path: TESTS } },
  ...PROOF_ROOMS.map((name, index) => ({
    name: `order: proof/${name}`,
    from: { path: `^proof/${name}/` },
    to: { path: '^proof/', pathNot: `^proof/${anyOf(PROOF_ROOMS.slice(0, index + 1))}/` },
  })),
  {
    name: 'programs of the proof do not use each other',
    from: { path: '^proof/([^/]+)/', pathNot: `^proof/${anyOf(PROOF_ROOMS)}/` },
    to: { path: '^proof/', pathNot: `^proof/(${PROOF_ROOMS.join('|')}|$1)/` },
  },
  {
    name: 'pure files use pure files',
    from: { path: PURE_FILES, pathNot: exactly(RANDOM_FILE) },
    to: { pathNot: PURE_FILES, dependencyTypesNot: onlyTypes },
  },
  {
    name: 'a booking reference depends on chance alone',
    from: { path: exactly(RANDOM_FILE) },
    to: { pathNot: [...PURE_FILES, '^crypto$'], dependencyTypesNot: onlyTypes },
  },
  {
    name: 'no import goes round in a circle',
    from: {},
    to: { circular: true, viaOnly: { dependencyTypesNot: onlyTypes } },
  },
  {
    name: 'files are imported by name, not through an index',
    from: {},
    to: { path: '/index\\.ts$', pathNot: ['node_modules', '^src/database/migrations/index\\.ts$'] },
  },
  {
    name: 'the product runs without development packages',
    from: { path: '^src/' },
    to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: onlyTypes },
  },
  { name: 'every import leads somewhere', from: {}, to: { couldNotResolve: true } },
];

/** Tests may use whatever they test. */
const outsideTests = ({ from, ...rule }) => ({
  ...rule,
  severity: 'error',
  from: { ...from, pathNot: [TESTS, from.pathNot ?? []].flat() },
});

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: rules.map(outsideTests),
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    // What is there for the compiler alone ties modules together all the same.
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['types', 'import', 'require', 'node'] },
  },
};
