import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A server in a process of its own. */
export interface BenchServer {
  readonly port: number;
  readonly pid: number;
  /** Resolves when the process has ended: with its exit code, or with null when a signal ended it. */
  readonly ended: Promise<number | null>;
  /** SIGTERM; resolves when it has ended. */
  stop(): Promise<void>;
  /** `kill -9`; resolves when it has ended. */
  kill(): Promise<void>;
}

/** Signs the tokens of the servers started here. */
export const TOKEN_SECRET = 'only for the benchmark, 32 characters';

/**
 * Starts a server with the settings and waits until it serves.
 *
 * @param nodeOptions of the process, such as `--require`; it has those of this process anyway
 * @param program as compiled, from this file; the server of production unless another is named
 * @throws when it ends before it serves
 */
export async function startServer(
  settings: Record<string, string>,
  nodeOptions: readonly string[] = [],
  program = '../src/main',
): Promise<BenchServer> {
  const child = spawn(process.execPath, [...process.execArgv, ...nodeOptions, require.resolve(program)], {
    env: {
      ...process.env,
      HOST: '127.0.0.1',
      PORT: '0',
      LOG_LEVEL: 'warn',
      RATE_LIMIT_ENABLED: 'false',
      AUTH_JWT_SECRET: TOKEN_SECRET,
      ...settings,
    },
    // What it logs is no part of what the program prints.
    stdio: ['ignore', process.stderr, 'pipe'],
  });
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    await ended;
  };
  for await (const line of createInterface({ input: child.stderr })) {
    const port = /serves on http:\/\/[^:]+:(\d+)/.exec(line)?.[1];
    if (port) {
      child.stderr.on('data', (text: Buffer) => process.stderr.write(text)).resume();
      return { port: Number(port), pid: child.pid!, ended, stop: () => end('SIGTERM'), kill: () => end('SIGKILL') };
    }
    process.stderr.write(`${line}\n`);
  }
  throw new Error('The server ended before it served');
}
