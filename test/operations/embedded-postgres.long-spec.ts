import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { until } from '../../proof/kit/until';
import { EmbeddedPostgres, startEmbeddedPostgres } from '../../src/embedded-postgres/embedded-postgres';
import { startProgram } from '../support/program';

const OWNER_TIMEOUT_MS = 30_000;

describe('embedded PostgreSQL', () => {
  /** All tests share one directory, as making a cluster takes most of a second. Only the first test finds it empty. */
  let dataDir: string;
  let cluster: string;
  /** The servers that a test started. They are stopped even if it fails. */
  let running: EmbeddedPostgres[];
  let owners: ChildProcess[];

  beforeAll(async () => {
    dataDir = await makeDataDir();
    cluster = join(dataDir, 'cluster');
  });

  beforeEach(() => {
    running = [];
    owners = [];
  });

  afterEach(async () => {
    for (const owner of owners) owner.kill('SIGKILL');
    for (const database of running) await database.stop();
    await untilServerHasEnded(cluster);
  });

  afterAll(() => rm(dataDir, { recursive: true, force: true }));

  const start = async (options: { settings?: Record<string, string>; log?: (line: string) => void } = {}) => {
    const database = await startEmbeddedPostgres({ dataDir, ...options });
    running.push(database);
    return database;
  };

  const startOwner = async (directory = dataDir) => {
    const { child: owner, written, ended } = startProgram('test/operations/embedded-owner.ts', [directory]);
    owners.push(owner);
    await Promise.race([
      until(() => written.stdout.endsWith('\n'), OWNER_TIMEOUT_MS),
      ended.then(({ stderr }) => Promise.reject(new Error(`The owner ended without PostgreSQL: ${stderr}`))),
    ]);
    return { owner, ...(JSON.parse(written.stdout) as { url: string; adopted: boolean }) };
  };

  it('is a durable, UTF-8, loopback-only PostgreSQL 18', async () => {
    const { url } = await start();
    expect(
      await query(
        url,
        `SELECT current_setting('server_version_num')::int / 10000 AS major, current_setting('fsync') AS fsync,
                current_setting('synchronous_commit') AS commit, current_setting('listen_addresses') AS addresses,
                current_setting('unix_socket_directories') AS sockets, current_setting('password_encryption') AS passwords,
                pg_encoding_to_char(encoding) AS encoding, datlocprovider::text AS provider, datlocale AS locale
         FROM pg_database WHERE datname = current_database()`,
      ),
    ).toEqual([
      {
        major: 18,
        fsync: 'on',
        commit: 'on',
        addresses: '127.0.0.1',
        sockets: '',
        passwords: 'scram-sha-256',
        encoding: 'UTF8',
        provider: 'b',
        locale: 'C.UTF-8',
      },
    ]);
  });

  it('has a superuser and a database of the name that it was made under, and is found under that name only', async () => {
    const namedDir = await makeDataDir();
    const named = await startEmbeddedPostgres({ dataDir: namedDir, name: 'rowlock' });
    running.push(named);
    expect(
      await query(
        named.url,
        `SELECT current_user::text AS name, current_database()::text AS database, rolsuper, current_setting('cluster_name') AS cluster
           FROM pg_roles WHERE rolname = current_user`,
      ),
    ).toEqual([{ name: 'rowlock', database: 'rowlock', rolsuper: true, cluster: 'rowlock' }]);
    // As data that was made before the name could be chosen has it.
    expect(existsSync(join(namedDir, 'cluster', 'rowlock.password'))).toBe(true);

    await expect(startEmbeddedPostgres({ dataDir: namedDir, name: 'other' })).rejects.toThrow(
      'was made under another name than other',
    );
    await named.stop();
    await rm(namedDir, { recursive: true });
  });

  it('wants the password', async () => {
    const { url } = await start();
    const wrong = new URL(url);
    wrong.password = 'wrong';
    await expect(query(wrong.href, 'SELECT')).rejects.toMatchObject({ code: '28P01' });
  });

  it('does not start with a password that other users can read', async () => {
    const { stop } = await start();
    await stop();
    const password = join(cluster, 'postgres.password');
    await chmod(password, 0o644);
    await expect(start()).rejects.toThrow(`${password} is open to other users (mode 644)`);
    await chmod(password, 0o600);
    await (await start()).stop();
  });

  it('takes settings', async () => {
    const { url } = await start({ settings: { max_connections: '17', statement_timeout: '1234ms' } });
    expect(await query(url, `SELECT current_setting('max_connections') AS max`)).toEqual([{ max: '17' }]);
    expect(await query(url, `SELECT current_setting('statement_timeout') AS timeout`)).toEqual([{ timeout: '1234ms' }]);
  });

  it('says what PostgreSQL says about a setting that it does not take', async () => {
    await expect(start({ settings: { max_connections: 'many' } })).rejects.toThrow(
      /^Embedded PostgreSQL: .*invalid value for parameter "max_connections": "many"$/s,
    );
  });

  it('keeps data and password when stopped and started again', async () => {
    const first = await start();
    const kept = await keepSomething(first.url);
    await first.stop();
    await expect(query(first.url, 'SELECT')).rejects.toMatchObject({ code: 'ECONNREFUSED' });

    const second = await start();
    expect(second.adopted).toBe(false);
    expect(new URL(second.url).password).toBe(new URL(first.url).password);
    expect(await query(second.url, 'SELECT thing FROM kept')).toEqual([{ thing: kept }]);
  });

  it('may be stopped twice', async () => {
    const database = await start();
    await Promise.all([database.stop(), database.stop()]);
    await database.stop();
  });

  it('joins the server of another process, and leaves it running', async () => {
    const { url } = await startOwner();
    const joined = await start();
    expect(joined).toMatchObject({ url, adopted: true, port: Number(new URL(url).port) });
    await joined.stop();
    expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('makes one database when two processes start it for the first time at once', async () => {
    const newDir = await makeDataDir();
    const [one, other] = await Promise.all([startOwner(newDir), startOwner(newDir)]);
    expect(one.url).toBe(other.url);
    expect([one.adopted, other.adopted].sort()).toEqual([false, true]);
    expect((await readdir(newDir)).filter((name) => name.startsWith('init-'))).toEqual([]);

    for (const { owner } of [one, other]) owner.kill('SIGKILL');
    await untilServerHasEnded(join(newDir, 'cluster'));
    await rm(newDir, { recursive: true });
  });

  it('ends when its owner is killed with SIGKILL, and keeps what was committed', async () => {
    const { owner, url } = await startOwner();
    const kept = await keepSomething(url);
    const server = await serverPid(cluster);

    owner.kill('SIGKILL');
    await until(async () => !isRunning(server));

    const next = await start();
    expect(next.adopted).toBe(false);
    expect(await query(next.url, 'SELECT thing FROM kept')).toEqual([{ thing: kept }]);
  });

  it('starts again right after its owner was killed, while the old server is still stopping', async () => {
    const { owner } = await startOwner();
    owner.kill('SIGKILL');
    await once(owner, 'exit');
    const next = await start();
    expect(next.adopted).toBe(false);
    expect(await query(next.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('recovers when the server itself was killed', async () => {
    const { url } = await startOwner();
    const kept = await keepSomething(url);
    process.kill(await serverPid(cluster), 'SIGKILL');

    const next = await start();
    expect(next.adopted).toBe(false);
    expect(await query(next.url, 'SELECT thing FROM kept')).toEqual([{ thing: kept }]);
  });

  it('tells the log when the server was killed', async () => {
    const lines: string[] = [];
    await start({ log: (line) => lines.push(line) });
    process.kill(await serverPid(cluster), 'SIGKILL');
    await until(async () => lines.some((line) => line.includes('not because we stopped it')));
    await rm(join(cluster, 'postmaster.pid')); // or the end of this test would wait for a server that is gone
  });

  it('is not kept out by the postmaster.pid of a server whose number another program has now', async () => {
    await (await start()).stop();
    await writePidFile(cluster, { pid: process.pid, directory: cluster });
    expect((await start()).adopted).toBe(false);
  });

  (existsSync('/proc') ? it : it.skip)('replaces a server that nobody is left to stop', async () => {
    const { owner, url } = await startOwner();
    const kept = await keepSomething(url);
    const server = await serverPid(cluster);
    const supervisor = (await parentOf(server)) as number;
    expect(supervisor).toBeGreaterThan(1);
    const children = await readFile(`/proc/${supervisor}/task/${supervisor}/children`, 'utf8');
    const watchers = children
      .trim()
      .split(' ')
      .map(Number)
      .filter((pid) => pid !== server);
    for (const pid of [supervisor, ...watchers]) process.kill(pid, 'SIGKILL');
    owner.kill('SIGKILL');
    await until(async () => (await parentOf(server)) !== supervisor);
    expect(isRunning(server)).toBe(true);

    const next = await start();
    expect(next.adopted).toBe(false);
    expect(await query(next.url, 'SELECT thing FROM kept')).toEqual([{ thing: kept }]);
  });

  it('starts on a copy that was made while the original was running', async () => {
    const original = await start();
    await query(original.url, 'CHECKPOINT');
    const copyDir = await makeDataDir();
    await cp(dataDir, copyDir, { recursive: true });

    const copy = await startEmbeddedPostgres({ dataDir: copyDir });
    running.push(copy);
    expect(copy.adopted).toBe(false);
    expect(copy.port).not.toBe(original.port);

    await copy.stop();
    await rm(copyDir, { recursive: true });
  });

  it('does not take over a directory with something else in it', async () => {
    const otherDir = await makeDataDir();
    await writeFile(join(otherDir, 'thesis.tex'), 'years of work');
    await expect(startEmbeddedPostgres({ dataDir: otherDir })).rejects.toThrow(/holds other files \(thesis\.tex\)/);
    await rm(otherDir, { recursive: true });
  });
});

/** Started by root, PostgreSQL runs as another user. That user owns this directory, and none above it. */
function makeDataDir(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'rowlock-embedded-'));
}

async function query(url: string, statement: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined); // servers are killed here
  try {
    await client.connect();
    return (await client.query<Record<string, unknown>>(statement)).rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Commits something that no other test has. */
async function keepSomething(url: string): Promise<string> {
  const thing = randomUUID();
  await query(url, `DROP TABLE IF EXISTS kept; CREATE TABLE kept AS SELECT '${thing}' AS thing`);
  return thing;
}

function untilServerHasEnded(cluster: string): Promise<void> {
  return until(() => !existsSync(join(cluster, 'postmaster.pid')));
}

async function serverPid(cluster: string): Promise<number> {
  const pid = Number((await readFile(join(cluster, 'postmaster.pid'), 'utf8')).split('\n')[0]);
  expect(pid).toBeGreaterThan(1); // it is going to be killed: 0 and less would mean whole groups
  return pid;
}

async function parentOf(pid: number): Promise<number | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const parent = /\) \S (\d+)/.exec(stat)?.[1];
  return parent === undefined ? undefined : Number(parent);
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function writePidFile(cluster: string, file: { pid: number; directory: string }): Promise<void> {
  const lines = [file.pid, file.directory, 1_700_000_000, 54_320, '', '127.0.0.1', '0 0', 'ready   '];
  await writeFile(join(cluster, 'postmaster.pid'), lines.join('\n'));
}
