import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onServer } from '../support/database';
import { Program, startProgram } from '../support/program';

let program: Program | undefined;
let directory: string;

beforeEach(async () => void (directory = await mkdtemp(join(tmpdir(), 'rowlock-test-bench-'))));
afterEach(async () => {
  program?.child.kill('SIGTERM');
  await rm(directory, { recursive: true, force: true });
});

function runBench(args: string) {
  program = startProgram('proof/bench/main.ts', args.split(' '), { DATABASE_URL: process.env.TEST_SERVER_URL });
  return program.ended;
}

it('measures, checks what was answered, writes JSON and Markdown, and leaves no database behind', async () => {
  const [json, markdown] = [join(directory, 'rows.json'), join(directory, 'rows.md')];
  const { code, stdout, stderr } = await runBench(
    `--only latency --rounds 1 --seconds 1 --clients 8 --json ${json} --markdown ${markdown}`,
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('open loop at 80 %') });
  expect(stdout).toMatch(
    /^latency of a single client, median ÷ combining off: \*\*[\d.]+\*\*, aim ≤ 1: (met|MISSED); /,
  );

  const { rows } = JSON.parse(await readFile(json, 'utf8'));
  expect(rows).toEqual([
    expect.objectContaining({
      result: { median: expect.any(Number), min: expect.any(Number), max: expect.any(Number) },
    }),
  ]);
  expect((await readFile(markdown, 'utf8')).split('\n').filter((line) => line.startsWith('| latency'))).toHaveLength(1);
  const left = await onServer((server) =>
    server.query('SELECT datname FROM pg_database WHERE starts_with(datname, $1)', [
      `rowlock_proof_${program!.child.pid}_`,
    ]),
  );
  expect(left.rows).toEqual([]);
}, 120_000);

it('says what it can measure when it is asked for something else', async () => {
  const { code, stderr } = await runBench('--only speed');
  expect({ code, stderr }).toEqual({ code: 2, stderr: '--only: there is no "speed".\nTry --help.\n' });
});
