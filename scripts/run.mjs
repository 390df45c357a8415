// node scripts/run.mjs [--with-tools] <entry> [args...]
//
// Runs one of the project's programs: "cli/seed" is dist/src/cli/seed.js, "bench" is dist/proof/bench/main.js. Installs
// packages and compiles first where that is needed. With --with-tools the program needs development packages, too.
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
 * Makes a program ready and runs it in this very process. A parent process would have to pass on signals, the exit code
 * and standard output, and could not pass on `kill -9`.
 *
 * @throws UserError when the program can't be made ready
 */
export async function runEntry(entry, args, { withTools = false } = {}) {
  const file = join(PROJECT, 'dist', TOOLS.includes(entry) ? `proof/${entry}/main.js` : `src/${entry}.js`);
  await makeReady(file, withTools);
  if (!existsSync(file)) throw new UserError(`there is no program "${entry}": no ${file}.`);
  process.chdir(PROJECT); // As npm does. The embedded database is found from there.
  endWithNpm();
  process.argv = [process.argv[0], file, ...args];
  // As if "node <file> <args>" had been typed: require.main is the program. Runs from the event loop, so that no code
  // here catches an error of the program.
  setImmediate(() => Module.runMain());
}

/**
 * Ends the program when its shell ends. `kill <npm run ...>` ends npm and the shell that npm started, but no signal
 * reaches the program: it would run on unseen and hold its port. So the end of the shell counts as SIGTERM.
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
    // An image for production has neither compiler nor sources.
    checkNodeVersion();
    if (!existsSync(file))
      throw new UserError(`can't run ${file}: it is missing, and there are no sources to compile.`);
    return;
  }
  const isProductionInstall = !existsSync(join(PROJECT, 'node_modules/@nestjs/cli'));
  if (isProductionInstall && existsSync(file) && !withTools && !findDifference({ production: true })) {
    checkNodeVersion();
    if (!isBuilt())
      say("dist/ was made from other sources. Without development packages it can't be compiled, so it runs as it is.");
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
