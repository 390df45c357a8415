import type { DataSource } from 'typeorm';
import { VerificationReport, verifyLedger } from '../src/cli/ledger-verifier';
import { checkAnswers } from './answer-check';
import { BlackBoxReport, checkBlackBox } from './black-box';
import type { Attempt, Violation } from './history';
import { checkLedger } from './ledger-check';
import { readSteps } from './ledger-rows';
import { operationsOf } from './operations';

export interface Judgement {
  readonly attempts: number;
  readonly operations: number;
  /** Of the operations: nobody knows whether they happened. */
  readonly unknown: number;
  readonly blackBox: BlackBoxReport;
  /** Without a database there is none. */
  readonly ledger: (VerificationReport & { readonly steps: number; readonly checkSeconds: number }) | undefined;
  readonly violations: readonly Violation[];
}

/** Runs all checks over a history, those of the ledger where its database is at hand. */
export async function judge(attempts: readonly Attempt[], dataSource: DataSource | undefined, holdLimit: number): Promise<Judgement> {
  const { operations, violations } = operationsOf(attempts);
  violations.push(...checkAnswers(attempts));
  const blackBox = checkBlackBox(attempts, operations, { holdLimit });
  violations.push(...blackBox.violations);
  let ledger: Judgement['ledger'];
  if (dataSource) {
    const verified = await verifyLedger(dataSource, { holdLimit });
    const startedMs = performance.now();
    const steps = await readSteps(dataSource, [...new Set(attempts.map(({ showId }) => showId))]);
    violations.push(...verified.listed.map(({ rule, showId, detail, ...at }) => ({ check: 'ledger' as const, rule, showId, detail: `${JSON.stringify(at)} ${detail}` })));
    violations.push(...checkLedger(attempts, operations, steps));
    ledger = { ...verified, steps: steps.length, checkSeconds: (performance.now() - startedMs) / 1_000 };
  }
  const unknown = operations.filter(({ answer }) => answer === undefined).length;
  return { attempts: attempts.length, operations: operations.length, unknown, blackBox, ledger, violations };
}
