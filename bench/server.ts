import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A server of production in a process of its own. */
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

/**
 * Starts `main.js` with the settings and waits until it serves.
 *
 * @param nodeOptions of the process, such as `--require`; it has those of this process anyway
 * @throws when it ends before it serves
 */
export async function startServer(settings: Record<string, string>, nodeOptions: readonly string[] = []): Promise<BenchServer> {
  const child = spawn(process.execPath, [...process.execArgv, ...nodeOptions, require.resolve('../src/main')], {
    env: {
      ...process.env,
      HOST: '127.0.0.1',
      PORT: '0',
      LOG_LEVEL: 'warn',
      RATE_LIMIT_ENABLED: 'false',
      AUTH_JWT_SECRET: 'only for the benchmark, 32 characters',
      ...settings,
    },
    stdio: ['ignore', 'inherit', 'pipe'],
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
