// npm run mutants [-- <part of a name>]
//
// Applies each small fault to a copy of the tree and expects the tests named with it to fail within a minute. A suite is
// trusted for what it catches. The tree itself is never touched. Exit code: 0 if all were caught, 1 if any survived, 2 if
// it could not be found out.
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FAULTS } from './seats.mjs';

const PROJECT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const LIMIT_MS = 60_000;
/** Without a fault whole files are run, some of which try thousands of cases. */
const SOUND_LIMIT_MS = 300_000;
const NOT_COPIED = new Set(['.git', 'node_modules', 'dist', 'coverage', '.rowlock']);

const wanted = process.argv[2] ?? '';
const faults = FAULTS.filter(({ name }) => name.includes(wanted));
const copy = mkdtempSync(join(tmpdir(), 'rowlock-mutants-'));
process.on('exit', () => rmSync(copy, { recursive: true, force: true }));
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
  // Before anything takes its time.
  for (const fault of faults) applyFault(fault, readFileSync(join(copy, fault.file), 'utf8'));
  const tests = [...new Set(faults.flatMap((fault) => fault.tests))];
  const sound = await runTests(tests, tests.length * SOUND_LIMIT_MS);
  if (sound.kind !== 'passed') throw new Error(`The tests must pass without a fault:\n${sound.output}`);

  let survivors = 0;
  for (const fault of faults) {
    const startedMs = performance.now();
    const path = join(copy, fault.file);
    const source = readFileSync(path, 'utf8');
    writeFileSync(path, applyFault(fault, source));
    const { kind } = await runTests(fault.tests, LIMIT_MS, fault.only);
    writeFileSync(path, source);
    if (kind !== 'failed') survivors++;
    const verdict = { failed: 'caught', passed: 'SURVIVED', late: 'NOT CAUGHT IN TIME' }[kind];
    console.log(
      `${verdict.padEnd(9)} ${((performance.now() - startedMs) / 1_000).toFixed(0).padStart(3)} s  ${fault.name}`,
    );
  }
  console.log(`${faults.length - survivors} of ${faults.length} caught`);
  return survivors === 0 ? 0 : 1;
}

/** @throws Error when the fault does not fit the source any more */
function applyFault({ name, file, find, replace }, source) {
  const parts = source.split(find);
  if (parts.length !== 2)
    throw new Error(`"${name}": what it replaces is ${parts.length - 1} times in ${file}, and must be once`);
  return parts.join(replace);
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
      // What fails before a single test has run is no test that caught anything.
      if (!isLate && !/^Tests:/m.test(output)) reject(new Error(output));
      else resolve({ kind: isLate ? 'late' : code === 0 ? 'passed' : 'failed', output });
    });
  });
}
