import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chown, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { PostgresBinaries, prepareBinaries } from './binaries';
import {
  CLUSTER_DIRECTORY,
  describe,
  EmbeddedPostgresError,
  LOG_FILE,
  prepareHome,
  runAs,
  ServerUser,
  STAGING_PREFIX,
  unless,
} from './host';
import { readKeptSecret } from './kept-secret';
import {
  findProcess,
  PidFile,
  readOwnerPid,
  readPidFile,
  removePidFile,
  ServerStartError,
  startServer,
} from './server';

export { EmbeddedPostgresError } from './host';

/** A real PostgreSQL beside this process. */
export interface EmbeddedPostgres {
  /** Connects as superuser. Contains the password. */
  url: string;
  port: number;
  /** The server is another process's, and ends with that one. */
  adopted: boolean;
  /** Stops the server and waits for its end; an adopted one is left alone. May be called again. */
  stop(): Promise<void>;
}

const PREFERRED_PORT = 54_320;
/** How long to wait for a predecessor to finish or to become ready. */
const TAKEOVER_TIMEOUT_MS = 15_000;
const RETRY_INTERVAL_MS = 100;
const CONNECTION_TIMEOUT_MS = 5_000;

/** For a developer's machine with two cores. The rest is as PostgreSQL comes, `fsync` above all. */
const DEFAULT_SETTINGS = {
  max_connections: '200',
  shared_buffers: '256MB',
  max_wal_size: '2GB', // fewer checkpoints under load
  jit: 'off', // compiling costs more than short statements take
};

/**
 * Starts PostgreSQL on the data in `dataDir`, which is made at the first start, or joins the server that is running on it
 * already. The server ends with this process, however that ends, and does not keep it alive.
 *
 * @param options.dataDir empty or made here; see {@link prepareHome} for when the data is kept elsewhere
 * @param options.name of the superuser and of the database; a lower-case identifier, the same for the life of the data
 * @param options.settings of PostgreSQL's configuration; the address can't be chosen
 * @param options.port taken if it is free; any other if it is not
 * @throws EmbeddedPostgresError if that can't be done on this machine; its message says why
 * @throws KeptSecretError if another user may know the password
 */
export async function startEmbeddedPostgres(options: {
  dataDir: string;
  name?: string;
  log?: (line: string) => void;
  settings?: Record<string, string>;
  port?: number;
}): Promise<EmbeddedPostgres> {
  const { name = 'postgres', log = () => undefined, port: wantedPort = PREFERRED_PORT } = options;
  const { dataDir, user } = await prepareHome(options.dataDir, name, log);
  const cluster = join(dataDir, CLUSTER_DIRECTORY);

  let binaries: PostgresBinaries | undefined;
  if (!existsSync(cluster)) {
    binaries = await prepareBinaries(user, name, log);
    log(`making a database in ${dataDir}`);
    await createCluster(dataDir, name, user, binaries.initdb);
  }
  const password = await readKeptSecret(join(cluster, passwordFileOf(name)), user.uid);
  if (password === undefined) throw new EmbeddedPostgresError(`${dataDir} was made under another name than ${name}.`);
  const urlOf = (port: number, database = name) => `postgres://${name}:${password}@127.0.0.1:${port}/${database}`;

  /** Connects, and makes the database if it isn't there yet. Another process may be faster at that. */
  const ensureDatabase = async (port: number) => {
    const isThere = await query(urlOf(port), 'SELECT').catch(unless('3D000')); // invalid_catalog_name
    if (isThere) return;
    // duplicate_database, or unique_violation when it was at the same moment
    await query(urlOf(port, 'postgres'), `CREATE DATABASE ${name}`).catch(unless('42P04', '23505'));
  };

  let logFile: string | undefined;
  const deadline = Date.now() + TAKEOVER_TIMEOUT_MS;
  for (;;) {
    let obstacle: unknown;
    const predecessor = await findPredecessor(cluster, log);
    try {
      if (predecessor?.isReady) {
        const { port } = predecessor;
        await ensureDatabase(port);
        log(`using the PostgreSQL that another process runs on port ${port}`);
        return { url: urlOf(port), port, adopted: true, stop: async () => undefined };
      }
      if (predecessor) throw new Error(`process ${predecessor.pid} is starting or stopping on the same data`);

      binaries ??= await prepareBinaries(user, name, log);
      logFile ??= await startLogFile(dataDir);
      const port = await choosePort(wantedPort);
      const settings = { cluster_name: name, ...DEFAULT_SETTINGS, ...options.settings, ...fixedSettings(port) };
      const server = await startServer({ user, program: binaries.postgres, cluster, logFile, settings });
      let isStopping = false;
      const stop = () => {
        isStopping = true;
        return server.stop();
      };
      void server.ended.then((how) => isStopping || log(`PostgreSQL ended ${how}, and not because we stopped it`));
      await ensureDatabase(port).catch((error) => stop().then(() => Promise.reject(error as Error)));
      log(`PostgreSQL is running on port ${port}`);
      return { url: urlOf(port), port, adopted: false, stop };
    } catch (error) {
      // A predecessor may have begun to stop just now.
      if (!predecessor && !(error instanceof ServerStartError && error.isTemporary)) throw error;
      obstacle = error;
    }
    if (Date.now() > deadline) {
      throw new EmbeddedPostgresError(`${dataDir} is not free: ${describe(obstacle)}`, { cause: obstacle });
    }
    await delay(RETRY_INTERVAL_MS);
  }
}

/** In the cluster's directory, so that the two can't be separated. */
const passwordFileOf = (name: string) => `${name}.password`;

/**
 * Finds the server that holds the cluster now. Two things that would keep PostgreSQL from starting for no reason are
 * cleared away: the file of a server that is gone, and a server whose owner is gone.
 *
 * @returns `undefined` if the cluster is free
 */
async function findPredecessor(cluster: string, log: (line: string) => void): Promise<PidFile | undefined> {
  const file = await readPidFile(cluster);
  if (!file) return undefined;
  if (!(await isSameDirectory(file.directory, cluster))) {
    log(`the data was copied from ${file.directory} while a server ran on it, or moved`);
    // If it was moved and the server goes on, PostgreSQL notices by the shared memory and refuses.
    await removePidFile(cluster, file.pid);
    return undefined;
  }
  const server = await findProcess(file.pid);
  if (!server) return undefined; // PostgreSQL sees this for itself.
  if (server.isZombie || (server.program !== undefined && server.program !== 'postgres')) {
    // PostgreSQL does not see this, and would refuse to start for as long as that process exists.
    await removePidFile(cluster, file.pid);
    return undefined;
  }
  if (file.isReady && (await isAbandoned(cluster))) {
    // Its supervisor is about to do the same, unless the supervisor was killed as well.
    process.kill(file.pid, 'SIGINT');
    return { ...file, isReady: false };
  }
  return file;
}

/** Whether the process that started the server has ended. */
async function isAbandoned(cluster: string): Promise<boolean> {
  const pid = await readOwnerPid(cluster);
  if (pid === undefined) return false;
  const owner = await findProcess(pid);
  return owner === undefined || owner.isZombie;
}

async function isSameDirectory(a: string, b: string): Promise<boolean> {
  const [one, other] = await Promise.all([stat(a).catch(() => undefined), stat(b)]);
  return one?.ino === other.ino && one.dev === other.dev;
}

/**
 * Makes a new cluster: UTF-8, sorted by code point in every locale of the machine, checksums on, a random password. It gets
 * its name when it is complete, so that neither a `kill -9` in between nor a second process at the same time leaves half
 * of one.
 */
async function createCluster(dataDir: string, name: string, user: ServerUser, initdb: string): Promise<void> {
  for (const leftover of await readdir(dataDir)) {
    const maker = new RegExp(`^${STAGING_PREFIX}(\\d+)-`).exec(leftover)?.[1];
    if (maker && !(await findProcess(Number(maker))))
      await rm(join(dataDir, leftover), { recursive: true, force: true });
  }
  const staging = await mkdtemp(join(dataDir, `${STAGING_PREFIX}${process.pid}-`));
  const passwordFile = join(staging, passwordFileOf(name));
  const cluster = join(staging, CLUSTER_DIRECTORY);
  try {
    await writeFile(passwordFile, randomBytes(24).toString('hex'), { mode: 0o600 });
    for (const path of [staging, passwordFile]) await chown(path, user.uid, user.gid);
    await runAs(user, initdb, [
      `--pgdata=${cluster}`,
      `--username=${name}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--no-locale',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--no-instructions',
    ]);
    await rename(passwordFile, join(cluster, passwordFileOf(name)));
    // The other process may be faster; then its cluster is used.
    await rename(cluster, join(dataDir, CLUSTER_DIRECTORY)).catch(unless('ENOTEMPTY', 'EEXIST'));
  } catch (error) {
    throw new EmbeddedPostgresError(`initdb failed as user ${user.name}: ${describe(error)}`, { cause: error });
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

const fixedSettings = (port: number) => ({
  port: String(port),
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '', // where to put one is different for every system and user
});

/** Always the same port if possible, so that a pool finds the server again after a restart; else any free one. */
async function choosePort(wanted: number): Promise<number> {
  return (await probePort(wanted).catch(unless('EADDRINUSE'))) ?? (await probePort(0));
}

/** @returns the port, or a free one for 0 */
async function probePort(port: number): Promise<number> {
  const probe = createServer().listen(port, '127.0.0.1');
  await once(probe, 'listening');
  const { port: found } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return found;
}

/** One log a start, and the one before it: enough to see why the last run ended, and no need for rotation. */
async function startLogFile(dataDir: string): Promise<string> {
  const file = join(dataDir, LOG_FILE);
  await rename(file, `${file}.previous`).catch(unless('ENOENT'));
  return file;
}

async function query(connectionString: string, statement: string): Promise<true> {
  const client = new Client({ connectionString, connectionTimeoutMillis: CONNECTION_TIMEOUT_MS });
  client.on('error', () => undefined); // When the server stops meanwhile, the query's own error says so.
  try {
    await client.connect();
    await client.query(statement);
    return true;
  } finally {
    await client.end().catch(() => undefined);
  }
}
