import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** A server of production in a process of its own. */
export interface BenchServer {
  readonly port: number;
  stop(): Promise<void>;
}

/** Starts `main.js` with the settings and waits until it serves. @throws when it ends before it does */
export async function startServer(settings: Record<string, string>): Promise<BenchServer> {
  const child = spawn(process.execPath, [join(__dirname, '../src/main.js')], {
    env: {
      ...process.env,
      HOST: '127.0.0.1',
      PORT: '0',
      LOG_LEVEL: 'warn',
      RATE_LIMIT_ENABLED: 'false',
      AUTH_JWT_SECRET: 'only for the benchmark, 32 characters',
      ...settings,
    },
    // What it logs is no part of what the program prints.
    stdio: ['ignore', process.stderr, 'pipe'],
  });
  for await (const line of createInterface({ input: child.stderr })) {
    const port = /serves on http:\/\/[^:]+:(\d+)/.exec(line)?.[1];
    if (port) {
      child.stderr.on('data', (text: Buffer) => process.stderr.write(text)).resume();
      return {
        port: Number(port),
        stop: async () => {
          const exited = once(child, 'exit');
          child.kill('SIGTERM');
          await exited;
        },
      };
    }
    process.stderr.write(`${line}\n`);
  }
  throw new Error('The server ended before it served');
}
