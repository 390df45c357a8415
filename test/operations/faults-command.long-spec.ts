import { Program, startProgram } from '../support/program';

interface Report {
  readonly verdicts: { scenario: string; passed: boolean; figures: Record<string, number>; failures: string[] }[];
}

let program: Program | undefined;

afterEach(() => void program?.child.kill('SIGTERM'));

/** A small part of the fault suite: real processes on an embedded PostgreSQL of its own, and real kills. */
function runFaults(args: string) {
  program = startProgram('proof/faults/main.ts', ['--json', ...args.split(' ')]);
  return program.ended;
}

it('instances and the database are killed under load, answers are lost, and every check has something to check', async () => {
  const { code, stdout, stderr } = await runFaults('app-killed database-killed answer-lost --cycles 1 --seconds 1');

  const { verdicts } = JSON.parse(stdout) as Report;
  expect({ stderr, failures: verdicts.flatMap(({ failures }) => failures) }).toEqual({ stderr: '', failures: [] });
  expect(code).toBe(0);
  expect(verdicts.map(({ scenario, passed }) => [scenario, passed])).toEqual([
    ['app-killed', true],
    ['database-killed', true],
    ['answer-lost', true],
  ]);
  for (const { figures } of verdicts) {
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
