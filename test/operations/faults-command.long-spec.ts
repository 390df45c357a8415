import { ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

const PROJECT = join(__dirname, '../..');
const LOADER = join(__dirname, '../support', 'load-typescript.cjs');

interface Report {
  readonly verdicts: { scenario: string; passed: boolean; figures: Record<string, number>; failures: string[] }[];
}

let child: ChildProcess | undefined;

afterEach(() => void child?.kill('SIGTERM'));

/** A small part of the fault suite: real processes on an embedded PostgreSQL of its own, and real kills. */
function runFaults(...args: string[]): Promise<{ code: number | null; report: Report; stderr: string }> {
  return new Promise((resolve, reject) => {
    const { DATABASE_URL: _, ...env } = process.env;
    const started = spawn(
      process.execPath,
      ['--require', LOADER, join(PROJECT, 'proof/faults/main.ts'), '--json', ...args],
      { cwd: PROJECT, env, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    child = started;
    let stdout = '';
    let stderr = '';
    started.stdout.on('data', (text: Buffer) => (stdout += text));
    started.stderr.on('data', (text: Buffer) => (stderr += text));
    started.once('error', reject);
    started.once('close', (code) =>
      resolve({ code, report: JSON.parse(stdout || '{"verdicts":[]}') as Report, stderr }),
    );
  });
}

it('instances and the database are killed under load, answers are lost, and every check has something to check', async () => {
  const { code, report, stderr } = await runFaults(
    'app-killed',
    'database-killed',
    'answer-lost',
    '--cycles',
    '1',
    '--seconds',
    '1',
  );

  expect({ stderr, failures: report.verdicts.flatMap(({ failures }) => failures) }).toEqual({
    stderr: '',
    failures: [],
  });
  expect(code).toBe(0);
  expect(report.verdicts.map(({ scenario, passed }) => [scenario, passed])).toEqual([
    ['app-killed', true],
    ['database-killed', true],
    ['answer-lost', true],
  ]);
  for (const { figures } of report.verdicts) {
    expect(figures['operations checked']).toBeGreaterThan(50);
    expect(figures['ledger steps replayed']).toBeGreaterThan(10);
    expect(figures['shows searched']).toBeGreaterThan(0);
  }
}, 150_000);

it('a scenario that is not there is a mistake in the arguments', async () => {
  const { code, stderr } = await runFaults('app-kiled');
  expect(code).toBe(2);
  expect(stderr).toContain('There is no scenario app-kiled.');
});
