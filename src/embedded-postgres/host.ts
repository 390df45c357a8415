import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, lstat, mkdir, readdir, stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

/**
 * The user and the directory of the embedded PostgreSQL on this machine. PostgreSQL refuses to run as root, so for root
 * another user must be found, and that user must be able to reach the files.
 */

const execFileAsync = promisify(execFile);

/** The embedded PostgreSQL can't run here; `message` says why. */
export class EmbeddedPostgresError extends Error {
  constructor(problem: string, options?: ErrorOptions) {
    super(`Embedded PostgreSQL: ${problem}`, options);
    this.name = 'EmbeddedPostgresError';
  }
}

/** A user of the operating system, under whose name PostgreSQL runs. */
export interface ServerUser {
  name: string;
  uid: number;
  gid: number;
}

/** Subdirectory of a data directory that is PostgreSQL's own (`PGDATA`). */
export const CLUSTER_DIRECTORY = 'cluster';

/** Prefix of the directories, beside the cluster's, in which a new cluster is made. */
export const STAGING_PREFIX = 'init-';

/** PostgreSQL's log, beside the cluster. */
export const LOG_FILE = 'postgres.log';

const isRoot = (): boolean => process.getuid?.() === 0;

/**
 * Options of `child_process` that run a program for the server: as `user`, in a directory everyone can reach, and without
 * our environment, whose PGPORT, PGDATA, LD_LIBRARY_PATH and the like PostgreSQL would obey.
 */
export function spawnOptionsFor(user: ServerUser) {
  return {
    cwd: '/',
    env: { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
    ...(isRoot() ? { uid: user.uid, gid: user.gid } : {}),
  };
}

/**
 * Runs a program to its end as `user`.
 *
 * @throws the error of `execFile` (with `stderr`) when it can't be started or ends with another code than 0
 */
export async function runAs(user: ServerUser, file: string, args: string[]): Promise<void> {
  await execFileAsync(file, args, spawnOptionsFor(user));
}

/**
 * A directory in /var/tmp that belongs to us and that everyone can read, always the same for the same `path`. It takes
 * files that the server's user can't reach where they are. (Not /tmp: that is emptied when the machine restarts.)
 *
 * @throws EmbeddedPostgresError if another user made it first: its content can't be trusted
 */
export async function makePlaceReachableByAll(path: string, name: string): Promise<string> {
  const place = placeReachableByAll(path, name);
  await mkdir(place).catch(unless('EEXIST'));
  if (!(await isOurs(place))) throw new EmbeddedPostgresError(`${place} belongs to another user. Delete it.`);
  await chmod(place, 0o755);
  return place;
}

/**
 * Makes the directory for the data ready, and chooses the user that the server must run as. Data that is already there is
 * kept. Without any, a directory that the server's user can't reach or own is replaced by one in /var/tmp.
 *
 * @throws EmbeddedPostgresError if there is no such directory or no user that may run PostgreSQL
 */
export async function prepareHome(
  wantedDir: string,
  name: string,
  log: (line: string) => void,
): Promise<{ dataDir: string; user: ServerUser }> {
  const dataDir = resolve(wantedDir);

  const owner = await findClusterOwner(dataDir);
  if (owner) {
    const user = await chooseUser(owner);
    const obstacle = await takeOver(dataDir, user);
    if (!obstacle) return { dataDir, user };
    throw new EmbeddedPostgresError(
      `${dataDir} holds a database that user ${user.name} can't work with: ${obstacle}.\n` +
        'Run as the user who made it, move it to a directory which that user can reach, or delete it to start afresh.',
    );
  }

  const user = await chooseUser();
  const movedDir = join(placeReachableByAll(dataDir, name), 'data');
  // Once data is there it stays there: the wanted directory may have become reachable since, but would be empty.
  const isMoved = (await isOurs(dirname(movedDir))) && (await findClusterOwner(movedDir)) !== undefined;
  const obstacle = isMoved ? 'that was so at the first start' : await takeOver(dataDir, user);
  if (!obstacle) return { dataDir, user };

  await makePlaceReachableByAll(dataDir, name);
  const secondObstacle = await takeOver(movedDir, user);
  if (secondObstacle) {
    throw new EmbeddedPostgresError(
      `user ${user.name} can keep data neither in ${dataDir} (${obstacle}) nor in ${movedDir} (${secondObstacle}).`,
    );
  }
  log(`the data is in ${movedDir}, as user ${user.name} can't keep it in ${dataDir} (${obstacle})`);
  return { dataDir: movedDir, user };
}

/**
 * For root: the owner of the existing data, so that root may start a server that an ordinary user made; else `postgres`,
 * or `nobody`. For any other user: themselves.
 */
async function chooseUser(owner?: { uid: number; gid: number }): Promise<ServerUser> {
  if (process.getuid === undefined || process.getgid === undefined) {
    throw new EmbeddedPostgresError(`${process.platform} is not supported, Linux and macOS are.`);
  }
  if (!isRoot()) return { name: ownName(), uid: process.getuid(), gid: process.getgid() };
  if (owner && owner.uid !== 0) return { name: `number ${owner.uid}`, ...owner };
  for (const name of ['postgres', 'nobody']) {
    const ids = await Promise.all([lookUpId('-u', name), lookUpId('-g', name)]).catch(() => undefined);
    if (ids) return { name, uid: ids[0], gid: ids[1] };
  }
  throw new EmbeddedPostgresError(
    'PostgreSQL refuses to run as root, and there is neither a user postgres nor a user nobody to run it as.',
  );
}

/** A container may run under a number that has no name; PostgreSQL may refuse that, and says so. */
function ownName(): string {
  try {
    return userInfo().username;
  } catch {
    return `number ${process.getuid?.()}`;
  }
}

async function lookUpId(option: '-u' | '-g', name: string): Promise<number> {
  return Number((await execFileAsync('id', [option, name])).stdout);
}

/** @returns the owner of the cluster in `dataDir`; `undefined` if there is none */
async function findClusterOwner(dataDir: string): Promise<{ uid: number; gid: number } | undefined> {
  const cluster = join(dataDir, CLUSTER_DIRECTORY);
  try {
    const { uid, gid } = await stat(cluster);
    return { uid, gid };
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    // Not "no data": an empty database must not take its place silently.
    throw new EmbeddedPostgresError(
      `${dataDir} can't be read (${code}): it belongs to another user, perhaps because root made it.\n` +
        'Run as that user, or delete it to start afresh.',
      { cause: error },
    );
  }
}

/**
 * Makes `dataDir` fit for PostgreSQL: owned by `user`, closed to all others.
 *
 * @returns the obstacle, `undefined` if there is none
 * @throws EmbeddedPostgresError if the directory is used for something else: it must not change hands then
 */
async function takeOver(dataDir: string, user: ServerUser): Promise<string | undefined> {
  try {
    // Two steps: with `recursive`, the mode would go to the parents as well and lock the server's user out.
    await mkdir(dirname(dataDir), { recursive: true });
    await mkdir(dataDir, { mode: 0o700 }).catch(unless('EEXIST'));
    await refuseForeignContent(dataDir);
    if (isRoot()) {
      // A copy made by root belongs to root, to the last file. Otherwise the owners are right, and the files of a running
      // server come and go too fast to be walked through.
      const isCopy = (await findClusterOwner(dataDir))?.uid === 0;
      await execFileAsync('chown', [isCopy ? '-Rh' : '-h', `${user.uid}:${user.gid}`, `${dataDir}/.`]);
    }
    await chmod(dataDir, 0o700);
    const { uid, mode } = await stat(dataDir);
    if (uid !== user.uid || (mode & 0o077) !== 0) return 'its file system keeps no owners and modes';
    await runAs(user, '/bin/sh', ['-c', 'cd "$0" && [ -w . ]', dataDir]);
    return undefined;
  } catch (error) {
    if (error instanceof EmbeddedPostgresError) throw error;
    // A number: the shell ran, and did not get there.
    return typeof codeOf(error) === 'number' ? 'it is out of reach for that user' : describe(error);
  }
}

async function refuseForeignContent(dataDir: string): Promise<void> {
  const foreign = (await readdir(dataDir)).find(
    (name) => name !== CLUSTER_DIRECTORY && !name.startsWith(STAGING_PREFIX) && !name.startsWith(LOG_FILE),
  );
  if (foreign === undefined) return;
  throw new EmbeddedPostgresError(
    `${dataDir} holds other files (${foreign}). Its data directory must be empty or its own.`,
  );
}

/** Each user has a place of their own, as no user can write to another's. */
function placeReachableByAll(path: string, name: string): string {
  const hash = createHash('sha256').update(`${process.getuid?.()}:${path}`).digest('hex');
  return `/var/tmp/${name}-${hash.slice(0, 12)}`;
}

/** Whether this is a directory of ours in which no other user can put anything. */
async function isOurs(path: string): Promise<boolean> {
  const found = await lstat(path).catch(unless('ENOENT'));
  return found !== undefined && found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o022) === 0;
}

/** The reason in one line: the words of the program, or else those of the system. */
export function describe(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message: string };
  return (stderr?.trim() || message).replace(/\s*\n\s*/g, '; ');
}

/** The system's code of an error, "ENOENT"; the exit code if a program ran and failed. */
export function codeOf(error: unknown): string | number | undefined {
  return (error as { code?: string | number }).code;
}

/** For `catch`: swallows errors with these codes and no others. */
export function unless(...codes: string[]): (error: unknown) => undefined {
  return (error) => {
    if (!codes.includes(String(codeOf(error)))) throw error;
    return undefined;
  };
}
