import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../../proof/kit/until';
import { findProcess } from '../../src/embedded-postgres/server';
import { onServer } from '../support/database';
import { Program, startProgram } from '../support/program';

/** The programs of the proof end everything that they started, however they are ended themselves. */

const UP_TIMEOUT_MS = 60_000;
const DOWN_TIMEOUT_MS = 30_000;
const TEST_TIMEOUT_MS = UP_TIMEOUT_MS + DOWN_TIMEOUT_MS + 10_000;

let program: Program;
/** Where the program makes its temporary files. */
let directory: string;
/** The processes that the program had started before it was ended. */
let started: readonly { pid: number; command: string }[];

beforeEach(async () => {
  started = [];
  directory = await mkdtemp(join(tmpdir(), 'rowlock-test-programs-'));
  // PostgreSQL runs as another user, and that user must get to its data.
  await chmod(directory, 0o755);
});
afterEach(async () => {
  for (const one of started) if (await isRunning(one)) process.kill(one.pid, 'SIGKILL');
  program.child.kill('SIGKILL');
  await rm(directory, { recursive: true, force: true });
});

function start(name: 'bench' | 'faults' | 'stress', args: readonly string[], env: NodeJS.ProcessEnv = {}): void {
  program = startProgram(`proof/${name}/main.ts`, args, { TMPDIR: directory, ...env });
}

/** Starts stress with people who go on for minutes, and waits until they are at work. */
async function startStress(): Promise<void> {
  const history = join(directory, 'history');
  start('stress', ['--seconds', '600', '--history', history]);
  await until(async () => (await readFile(history, 'utf8').catch(() => '')).includes('\n'), UP_TIMEOUT_MS);
}

/** The processes that a process has started, with all those below them. */
async function descendantsOf(parent: number): Promise<{ pid: number; command: string }[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const all = await Promise.all(
    pids.map(async (pid) => {
      const [stat, command] = await Promise.all(
        ['stat', 'cmdline'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')),
      );
      return { pid: Number(pid), parent: Number(/\) \S (\d+)/.exec(stat!)?.[1]), command: command! };
    }),
  );
  const below = (pid: number): typeof all =>
    all.filter((one) => one.parent === pid).flatMap((one) => [one, ...below(one.pid)]);
  return below(parent);
}

const isServer = ({ command }: { command: string }) => /src\/main|bench\/app/.test(command);
const isPostgres = ({ command }: { command: string }) => command.includes('postgres');

async function isRunning({ pid }: { pid: number }): Promise<boolean> {
  const found = await findProcess(pid);
  return found !== undefined && !found.isZombie;
}

function untilGone(): Promise<void> {
  return until(async () => !(await Promise.all(started.map(isRunning))).includes(true), DOWN_TIMEOUT_MS);
}

const databasesOf = ({ child }: Program) =>
  onServer(async (server) => {
    const name = `rowlock_proof_${child.pid}_`;
    return (await server.query('SELECT 1 FROM pg_database WHERE starts_with(datname, $1)', [name])).rowCount;
  });

(existsSync('/proc') ? describe : describe.skip)('a program that is ended', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)(
    'stress by %s: its server, its PostgreSQL and its directory',
    async (signal) => {
      await startStress();
      started = await descendantsOf(program.child.pid!);
      expect([started.some(isServer), started.some(isPostgres)]).toEqual([true, true]);

      program.child.kill(signal);

      expect(await program.ended).toMatchObject({
        code: 128 + constants.signals[signal],
        stderr: expect.not.stringContaining('Error'),
      });
      await untilGone();
      expect(await readdir(directory)).toEqual(['history']);
    },
    TEST_TIMEOUT_MS,
  );

  test(
    'bench by SIGTERM: its servers and its databases on a server that is not its own',
    async () => {
      start('bench', ['--only', 'latency', '--seconds', '2'], { DATABASE_URL: process.env.TEST_SERVER_URL });
      await until(() => program.written.stderr.includes('warm-up'), UP_TIMEOUT_MS);
      started = await descendantsOf(program.child.pid!);
      expect(started.filter(isServer)).toHaveLength(2);
      expect(await databasesOf(program)).toBe(1);

      program.child.kill('SIGTERM');

      expect(await program.ended).toMatchObject({ code: 128 + constants.signals.SIGTERM });
      await untilGone();
      expect(await databasesOf(program)).toBe(0);
    },
    TEST_TIMEOUT_MS,
  );

  test(
    'faults by SIGTERM: its servers, its PostgreSQL and its directory',
    async () => {
      start('faults', ['app-killed', '--cycles', '1000']);
      const servers = async () => (await descendantsOf(program.child.pid!)).filter(isServer);
      await until(async () => (await servers()).length === 2, UP_TIMEOUT_MS);
      started = await descendantsOf(program.child.pid!);

      program.child.kill('SIGTERM');

      expect(await program.ended).toMatchObject({ code: 128 + constants.signals.SIGTERM });
      await untilGone();
      expect(await readdir(directory)).toEqual([]);
    },
    TEST_TIMEOUT_MS,
  );

  test(
    'by kill -9: its processes see that it is gone, and end by themselves',
    async () => {
      await startStress();
      started = await descendantsOf(program.child.pid!);
      expect([started.some(isServer), started.some(isPostgres)]).toEqual([true, true]);

      program.child.kill('SIGKILL');

      await untilGone();
    },
    TEST_TIMEOUT_MS,
  );
});
