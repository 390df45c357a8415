// npm run mutants [-- <area, or part of a name>]
// npm run mutants -- --fit                        tells only which no longer fit the source
//
// Applies each small fault to a copy of the tree and expects the tests named with it to fail within a minute. A suite is
// trusted for the faults that it catches. The tree itself is never touched. Exit code: 0 if all were caught, 1 if any
// survived or no longer fits the source, 2 if it could not be found out.
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BOOKINGS } from './bookings.mjs';
import { CLIENT } from './client.mjs';
import { IDENTITY } from './identity.mjs';
import { LEDGER } from './ledger.mjs';
import { LIVE } from './live.mjs';
import { PLATFORM } from './platform.mjs';
import { SEATS } from './seats.mjs';
import { SHOWS } from './shows.mjs';

const AREAS = {
  bookings: BOOKINGS,
  client: CLIENT,
  identity: IDENTITY,
  ledger: LEDGER,
  live: LIVE,
  platform: PLATFORM,
  seats: SEATS,
  shows: SHOWS,
};

const PROJECT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const LIMIT_MS = 60_000;
/** Without a fault whole files are run, some of which try thousands of cases. */
const SOUND_LIMIT_MS = 300_000;
const NOT_COPIED = new Set(['.git', 'node_modules', 'dist', 'coverage', '.rowlock']);

const [wanted = ''] = process.argv.slice(2).filter((argument) => argument !== '--fit');
const isWanted = (area, name) => (wanted in AREAS ? area === wanted : name.includes(wanted));
const mutants = Object.entries(AREAS).flatMap(([area, list]) => list.filter(({ name }) => isWanted(area, name)));
const fitting = mutants.filter(({ name, file, find }) => {
  const count = readFileSync(join(PROJECT, file), 'utf8').split(find).length - 1;
  if (count !== 1) console.log(`DOES NOT FIT ${name}: its text is ${count} times in ${file}, and must be there once`);
  return count === 1;
});

if (process.argv.includes('--fit')) {
  console.log(`${fitting.length} of ${mutants.length} fit the source`);
  process.exit(fitting.length === mutants.length ? 0 : 1);
}

const copy = mkdtempSync(join(tmpdir(), 'rowlock-mutants-'));
let running;
process.on('exit', () => {
  running?.kill('SIGTERM');
  rmSync(copy, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(2));

try {
  cpSync(PROJECT, copy, {
    recursive: true,
    filter: (path) => !NOT_COPIED.has(relative(PROJECT, path)) && basename(path) !== '.rowlock',
  });
  symlinkSync(join(PROJECT, 'node_modules'), join(copy, 'node_modules'));
  process.exitCode = await runAll();
} catch (error) {
  console.error(error);
  process.exitCode = 2;
}

async function runAll() {
  const tests = [...new Set(fitting.flatMap((mutant) => mutant.tests))];
  const sound = await runTests(tests, tests.length * SOUND_LIMIT_MS);
  if (sound.kind !== 'passed') throw new Error(`The tests must pass without a fault:\n${sound.output}`);

  let caught = 0;
  for (const { name, file, find, replace, tests, only } of fitting) {
    const startedMs = performance.now();
    const path = join(copy, file);
    const source = readFileSync(path, 'utf8');
    writeFileSync(path, source.split(find).join(replace));
    const { kind } = await runTests(tests, LIMIT_MS, only);
    writeFileSync(path, source);
    if (kind === 'failed') caught++;
    const verdict = { failed: 'caught', passed: 'SURVIVED', late: 'NOT CAUGHT IN TIME' }[kind];
    const seconds = ((performance.now() - startedMs) / 1_000).toFixed(0);
    console.log(`${verdict.padEnd(9)} ${seconds.padStart(3)} s  ${name}`);
  }
  console.log(`${caught} of ${mutants.length} caught`);
  return caught === mutants.length ? 0 : 1;
}

/** Runs test files in the copy; `late` when they have not ended by then. */
function runTests(files, limitMs, only = '') {
  return new Promise((resolve, reject) => {
    const jest = join(copy, 'node_modules/jest/bin/jest.js');
    const child = spawn(
      process.execPath,
      [jest, '--bail', '--runInBand', '--forceExit', '--testNamePattern', only, ...files],
      { cwd: copy, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    running = child;
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      child.kill('SIGTERM');
    }, limitMs);
    child.on('error', reject);
    child.on('exit', (code) => {
      clearTimeout(timer);
      // A run that fails before a single test has run caught nothing.
      if (!isLate && !/^Tests:/m.test(output)) reject(new Error(output));
      else resolve({ kind: isLate ? 'late' : code === 0 ? 'passed' : 'failed', output });
    });
  });
}
