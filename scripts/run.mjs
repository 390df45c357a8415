// node scripts/run.mjs [--with-tools] <entry> [args...]
//
// Runs one of the project's programs, installing packages and compiling first where that is needed: "cli/seed" is
// dist/src/cli/seed.js, "bench" is dist/proof/bench/main.js. --with-tools: it needs development packages, too.
import { existsSync } from 'node:fs';
import Module from 'node:module';
import { join } from 'node:path';
import { ensureBuilt, isBuilt } from './ensure-built.mjs';
import {
  checkNodeVersion,
  ensureInstalled,
  findDifference,
  isMain,
  main,
  PROJECT,
  say,
  UserError,
} from './ensure-installed.mjs';

/** Programs that are not part of the server. */
const TOOLS = ['bench', 'stress', 'faults'];

/**
 * Makes a program ready and runs it in this very process: signals, Ctrl-C, the exit code, standard output and `kill -9`
 * are then the program's own, where a parent would have to pass each of them on, and can't with the last.
 *
 * @throws UserError if it can't be made ready
 */
export async function runEntry(entry, args, { withTools = false } = {}) {
  const file = join(PROJECT, 'dist', TOOLS.includes(entry) ? `proof/${entry}/main.js` : `src/${entry}.js`);
  await makeReady(file, withTools);
  if (!existsSync(file)) throw new UserError(`there is no program "${entry}": no ${file}.`);
  process.chdir(PROJECT); // as npm does: .env and the embedded database are found from there
  endWithNpm();
  process.argv = [process.argv[0], file, ...args];
  // As if "node <file> <args>" had been typed: require.main is the program. From the event loop, where what the program
  // throws is nobody's to catch.
  setImmediate(() => Module.runMain());
}

/**
 * `kill <npm run ...>` ends npm and the shell that it started us with, but npm tells only the shell: the program would run
 * on unseen and hold its port. So the end of that shell counts as SIGTERM.
 */
function endWithNpm() {
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    process.kill(process.pid, 'SIGTERM');
  }, 250);
  watch.unref();
}

async function makeReady(file, withTools) {
  if (!existsSync(join(PROJECT, 'src'))) {
    // An image for production: compiled elsewhere, and without compiler and sources.
    checkNodeVersion();
    if (!existsSync(file))
      throw new UserError(`can't run ${file}: it is missing, and there is no source to make it from.`);
    return;
  }
  const isProductionInstall = !existsSync(join(PROJECT, 'node_modules/@nestjs/cli'));
  if (isProductionInstall && existsSync(file) && !withTools && !findDifference({ production: true })) {
    checkNodeVersion();
    if (!isBuilt()) say('dist/ was not made from these sources; without development packages it is run as it is.');
    return;
  }
  await ensureInstalled();
  await ensureBuilt();
}

if (isMain(import.meta.url)) {
  await main(async () => {
    const [first, ...rest] = process.argv.slice(2);
    const withTools = first === '--with-tools';
    const [entry, ...args] = withTools ? rest : [first, ...rest];
    if (!entry) throw new UserError('usage: node scripts/run.mjs [--with-tools] <entry> [args...]');
    await runEntry(entry, args, { withTools });
  });
}
