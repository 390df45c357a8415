import { ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

const PROJECT = join(__dirname, '../..');
const LOADER = join(__dirname, 'load-typescript.cjs');

/** How a program ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program of the project as a process, which runs to its own end unless it gets a signal. */
export interface Program {
  readonly child: ChildProcess;
  /** Its output so far. */
  readonly written: { stdout: string; stderr: string };
  readonly ended: Promise<Ended>;
}

/** @param file as TypeScript, by its path from the root */
export function startProgram(file: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Program {
  const { DATABASE_URL: _, EMBEDDED_DATABASE: __, ...rest } = process.env;
  const child = spawn(process.execPath, ['--require', LOADER, join(PROJECT, file), ...args], {
    cwd: PROJECT,
    env: { ...rest, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const written = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (written.stdout += chunk));
  child.stderr.on('data', (chunk: Buffer) => (written.stderr += chunk));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, ...written }));
  });
  return { child, written, ended };
}
