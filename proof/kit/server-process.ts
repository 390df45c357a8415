import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Stage } from './stage';
import { Seals } from '../../src/platform/seals';

/** A server in a process of its own. */
export interface ServerProcess {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Resolves when the process has ended: with its exit code, or with null when a signal ended it. */
  readonly ended: Promise<number | null>;
  /** SIGTERM; resolves when it has ended. */
  stop(): Promise<void>;
  /** `kill -9`; resolves when it has ended. */
  kill(): Promise<void>;
}

export interface ServerOptions {
  /** The file to run; the server of production unless another is named. */
  readonly program?: string;
  /** Of the process, such as `--require`; it has those of this process anyway. */
  readonly nodeOptions?: readonly string[];
}

/** Signs the tokens of the servers started here: each accepts those of the others. */
const TOKEN_SECRET = 'only for the proof: 32 characters or more';
/** Checks what the servers started here have sealed. */
export const SERVER_SEALS = new Seals([TOKEN_SECRET]);

/**
 * Starts a server without rate limits, and waits until it serves.
 *
 * @param settings as environment variables
 * @throws when it ends before it serves
 */
export function startServer(
  stage: Stage,
  settings: Record<string, string>,
  options: ServerOptions = {},
): Promise<ServerProcess> {
  return stage.put(
    () => start(settings, options),
    (server) => server.stop(),
  );
}

async function start(
  settings: Record<string, string>,
  { program = require.resolve('../../src/main'), nodeOptions = [] }: ServerOptions,
): Promise<ServerProcess> {
  const endWithParent = ['--require', require.resolve('./end-with-parent')];
  const child = spawn(process.execPath, [...process.execArgv, ...endWithParent, ...nodeOptions, program], {
    env: {
      ...process.env,
      HOST: '127.0.0.1',
      PORT: '0',
      LOG_LEVEL: 'warn',
      RATE_LIMIT_ENABLED: 'false',
      MAX_CONNECTIONS_PER_ADDRESS: '1000000', // All clients are on this machine.
      AUTH_JWT_SECRET: TOKEN_SECRET,
      // People keep the token that they begin with, however long the run.
      AUTH_TOKEN_TTL_SECONDS: '86400',
      ...settings,
    },
    // Its log is no part of the program's own output.
    stdio: ['ignore', process.stderr, 'pipe', 'ipc'],
  });
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    await ended;
  };
  const log = child.stderr!;
  for await (const line of createInterface({ input: log })) {
    const port = Number(/serves on http:\/\/[^:]+:(\d+)/.exec(line)?.[1]);
    if (port) {
      log.on('data', (text: Buffer) => process.stderr.write(text)).resume();
      const ways = { stop: () => end('SIGTERM'), kill: () => end('SIGKILL') };
      return { url: `http://127.0.0.1:${port}`, port, pid: child.pid!, ended, ...ways };
    }
    process.stderr.write(`${line}\n`);
  }
  throw new Error('The server ended before it served');
}
