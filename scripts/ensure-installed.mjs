// Installs the packages if they are missing or differ from package-lock.json. Written in plain Node, as it runs before
// anything is installed. All output goes to stderr: standard output belongs to the program that is started afterwards.
import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const PROJECT = dirname(dirname(fileURLToPath(import.meta.url)));

/** A failure that the user can mend. `message` says how, so no stack trace is shown. */
export class UserError extends Error {}

export function say(line) {
  process.stderr.write(`rowlock: ${line}\n`);
}

/** @throws UserError if this Node.js is too old */
export function checkNodeVersion() {
  const wanted = readJson('package.json').engines.node;
  const [major, minor] = /(\d+)\.(\d+)/.exec(wanted).slice(1).map(Number);
  const [ownMajor, ownMinor] = process.versions.node.split('.').map(Number);
  const isOldEnough = ownMajor < major || (ownMajor === major && ownMinor < minor);
  // Some releases after that can't `require` an ES module yet (22.0 to 22.11), which NestJS 12 consists of.
  if (isOldEnough || !process.features.require_module) {
    throw new UserError(
      `Rowlock needs Node.js ${wanted} (of 22, at least 22.12), but this is ${process.versions.node}.`,
    );
  }
}

/**
 * Runs `npm ci`, unless node_modules agrees with package-lock.json.
 *
 * @throws UserError
 */
export async function ensureInstalled() {
  checkNodeVersion();
  const difference = findDifference();
  if (!difference) return;
  say(`installing packages (${difference})`);
  requireWritable(PROJECT, 'install packages');
  // NODE_ENV=production would leave out the compiler.
  await run('npm', ['ci', '--include=dev'], 'npm ci');
}

/**
 * Compares package-lock.json with npm's own record of the packages it installed.
 *
 * @param options.production whether the development packages may be missing
 * @returns in words, the first difference; `undefined` if there is none
 */
export function findDifference({ production = false } = {}) {
  if (!existsSync(join(PROJECT, 'node_modules/.package-lock.json'))) return 'there is no node_modules made by npm';
  const wanted = readJson('package-lock.json').packages;
  const installed = readJson('node_modules/.package-lock.json').packages;
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '') continue; // the project itself
    const found = installed[path];
    const mayBeMissing = entry.optional || entry.devOptional || (production && entry.dev);
    if (!found && mayBeMissing) continue;
    if (!found) return `${path} is missing`;
    if (found.version !== entry.version || found.integrity !== entry.integrity) {
      return `${path} is ${found.version}, not ${entry.version} as in package-lock.json`;
    }
  }
  return undefined;
}

/** @throws UserError if nothing can be written in the directory */
export function requireWritable(directory, purpose) {
  try {
    accessSync(directory, constants.W_OK);
  } catch (error) {
    throw new UserError(
      `can't ${purpose}: ${directory} can't be written (${error.code}). ` +
        'Run as the user who owns it, or in a copy of your own.',
    );
  }
}

/**
 * Runs a command in the project to its end.
 *
 * @param name of the command, for people
 * @throws UserError if it fails
 */
export async function run(command, args, name) {
  const child = spawn(command, args, {
    cwd: PROJECT,
    stdio: ['ignore', process.stderr, process.stderr],
    shell: process.platform === 'win32', // there npm is a batch file
  });
  // On a terminal, Ctrl-C reaches the child as well. A signal sent to this process alone would leave the child behind.
  let received;
  const forward = (signal) => {
    received = signal;
    child.kill(signal);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, forward);
  const code = await new Promise((resolve, reject) => {
    child.once('error', (error) => reject(new UserError(`${name} could not be started: ${error.message}`)));
    child.once('exit', resolve);
  });
  for (const signal of signals) process.off(signal, forward);
  if (received) {
    process.kill(process.pid, received); // No handler is left, so the signal ends this process.
    await new Promise(() => setInterval(() => undefined, 1_000)); // Until the signal arrives.
  }
  if (code !== 0) throw new UserError(`${name} failed (see above).`);
}

/** Runs a script's main function and ends with code 1 when it throws. */
export async function main(fn) {
  try {
    await fn();
  } catch (error) {
    say(error instanceof UserError ? error.message : error.stack);
    process.exitCode = 1;
  }
}

/** Whether this module is the one that was given to `node`. */
export function isMain(moduleUrl) {
  return process.argv[1] !== undefined && moduleUrl === pathToFileURL(realpathSync(process.argv[1])).href;
}

function readJson(path) {
  return JSON.parse(readFileSync(join(PROJECT, path), 'utf8'));
}

if (isMain(import.meta.url)) await main(ensureInstalled);
