import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile, rm, stat } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { codeOf, EmbeddedPostgresError, ServerUser, spawnOptionsFor, unless } from './host';

/** One run of the server program: starting it, watching over it, and the file by which it is found. */

/** How long a server may take until it accepts connections; replaying the log after a crash is part of it. */
const START_TIMEOUT_MS = 120_000;

/** How long a fast shutdown, which writes a checkpoint, may take before it is cut short. */
const STOP_TIMEOUT_MS = 30_000;

const POLL_INTERVAL_MS = 10;

/**
 * Starts the server and stops it when our end of standard input is closed. The kernel closes it however we end, `kill -9`
 * included; no signal handler could promise that. A subshell reads, so that the shell itself can wait for the server and
 * say how it ended; each of the two does its part without the other. SIGINT is PostgreSQL's fast shutdown: it ends
 * sessions, where SIGTERM would wait for them.
 *
 * $0 is the log file, the arguments are the command.
 */
const SUPERVISOR = `
exec 3<&0 </dev/null
"$@" >>"$0" 2>&1 3<&- &
server=$!
echo "$server"
(read -r line <&3; kill -INT "$server") >/dev/null 2>&1 &
watcher=$!
exec 3<&- >/dev/null 2>&1
wait "$server"
status=$?
kill "$watcher"
exit "$status"
`;

/** The server ended before it accepted connections. */
export class ServerStartError extends EmbeddedPostgresError {
  constructor(private readonly logged: string) {
    super(`PostgreSQL did not start:\n${logged}`);
  }

  /** Whether the reason passes by itself: a predecessor that is still stopping, or a process that was faster at the port. */
  get isTemporary(): boolean {
    const reasons = /lock file "postmaster\.pid" already exists|pre-existing shared memory block|could not bind/;
    return reasons.test(this.logged);
  }
}

/** A server that we started and that lives as long as we do. */
export interface RunningServer {
  /** Resolves, in words, when the server has ended, for any reason. */
  ended: Promise<string>;
  /** Fast shutdown; resolves when the server has ended. */
  stop(): Promise<void>;
}

/**
 * Starts a server and waits until it accepts connections.
 *
 * @throws ServerStartError
 */
export async function startServer(options: {
  user: ServerUser;
  program: string;
  cluster: string;
  /** Written to its end. */
  logFile: string;
  /** Names and values of PostgreSQL's configuration. */
  settings: Record<string, string>;
}): Promise<RunningServer> {
  const { user, program, cluster, logFile, settings } = options;
  const logStart = (await stat(logFile).catch(unless('ENOENT')))?.size ?? 0;
  const supervisor = spawn('/bin/sh', ['-c', SUPERVISOR, logFile, program, ...serverArguments(cluster, settings)], {
    ...spawnOptionsFor(user),
    stdio: ['pipe', 'pipe', 'ignore'],
    // A session of its own: Ctrl-C on a terminal would else stop PostgreSQL before we have finished our work with it.
    detached: true,
  });
  const ended = once(supervisor, 'exit').then(([code, signal]) => (signal ? `on ${signal}` : `with code ${code}`));
  const [firstLine] = (await Promise.race([once(createInterface(supervisor.stdout), 'line'), ended])) as [string];
  const pid = Number(firstLine);
  supervisor.stdin.on('error', () => undefined); // The supervisor has ended on its own: `ended` tells.

  const server: RunningServer = {
    ended,
    async stop() {
      supervisor.ref();
      supervisor.stdin.end();
      const cutShort = setTimeout(() => processExists(pid) && process.kill(pid, 'SIGQUIT'), STOP_TIMEOUT_MS);
      await ended;
      clearTimeout(cutShort);
    },
  };

  let isRunning = true;
  void ended.then(() => (isRunning = false));
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (isRunning && Date.now() < deadline) {
    const file = await readPidFile(cluster);
    if (file?.pid === pid && file.isReady) {
      // From here on it must not keep us alive: a program that is done may end without stopping it.
      supervisor.unref();
      (supervisor.stdin as Socket).unref();
      (supervisor.stdout as Socket).destroy();
      return server;
    }
    await delay(POLL_INTERVAL_MS);
  }
  await server.stop();
  throw new ServerStartError(await readFrom(logFile, logStart));
}

/** The file in its data directory in which a server describes itself (`postmaster.pid`). */
export interface PidFile {
  pid: number;
  /** The data directory, as the server was told. */
  directory: string;
  port: number;
  /** It accepts connections. Before, it is starting; afterwards, stopping. */
  isReady: boolean;
}

/** @returns the file's content, `undefined` if there is none; it may be left over from a server that is no more */
export async function readPidFile(cluster: string): Promise<PidFile | undefined> {
  const text = await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(unless('ENOENT'));
  if (text === undefined) return undefined;
  const [pid, directory = '', , port, , , , status = ''] = text.split('\n');
  return { pid: Number(pid), directory, port: Number(port), isReady: status.trim() === 'ready' };
}

/** Removes the file if it is still the one of process `pid`: another process may be starting a server at this moment. */
export async function removePidFile(cluster: string, pid: number): Promise<void> {
  if ((await readPidFile(cluster))?.pid === pid) await rm(join(cluster, 'postmaster.pid'), { force: true });
}

/** A setting without a meaning for PostgreSQL: it writes the process that the server belongs to into the command line. */
const OWNER_SETTING = 'embedded.owner_pid';

function serverArguments(cluster: string, settings: Record<string, string>): string[] {
  const all = { ...settings, [OWNER_SETTING]: String(process.pid) };
  return ['-D', cluster, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}

/** @returns the process that started the server which runs now, or ran last; `undefined` if none of ours did */
export async function readOwnerPid(cluster: string): Promise<number | undefined> {
  const commandLine = await readFile(join(cluster, 'postmaster.opts'), 'utf8').catch(unless('ENOENT'));
  const pid = new RegExp(`"${OWNER_SETTING}=(\\d+)"`).exec(commandLine ?? '')?.[1];
  return pid === undefined ? undefined : Number(pid);
}

/** A process of this machine. */
export interface ProcessInfo {
  /** The program's name; unknown without /proc (macOS). */
  program?: string;
  /** It has ended and only waits for its parent to notice. Never known without /proc. */
  isZombie: boolean;
}

/** @returns `undefined` if there is no such process */
export async function findProcess(pid: number): Promise<ProcessInfo | undefined> {
  if (!processExists(pid)) return undefined;
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const [, program, state] = /^\d+ \((.*)\) (\S)/s.exec(stat) ?? [];
  return { program, isZombie: state === 'Z' };
}

function processExists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) !== 'ESRCH'; // EPERM: another user's
  }
}

/** The file's text from `start` bytes on, or its last 4 KiB if that is more. */
async function readFrom(file: string, start: number): Promise<string> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const from = Math.max(start, size - 4_096);
    const { buffer } = await handle.read({ buffer: Buffer.alloc(size - from), position: from });
    return buffer.toString('utf8').trim();
  } finally {
    await handle.close();
  }
}
