import 'reflect-metadata';
import { constants } from 'node:os';
import { runCommand } from '../../src/cli/command';
import { Stage } from './stage';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs a program of the proof. Everything on its stage is taken down when `main` has ended, and as well when a signal ends
 * the program first; a second signal ends it at once.
 *
 * @param main returns the exit code
 */
export function runProgram(main: (stage: Stage) => Promise<number>): void {
  const stage = new Stage();
  let interrupted: NodeJS.Signals | undefined;
  const exitCodeOf = (signal: NodeJS.Signals) => 128 + constants.signals[signal];
  for (const signal of SIGNALS) {
    process.once(signal, () => {
      if (interrupted) process.exit(exitCodeOf(signal));
      interrupted = signal;
      void stage.close().then(() => process.exit(exitCodeOf(signal)));
    });
  }
  void runCommand(async () => {
    try {
      return await main(stage);
    } catch (error) {
      // Its servers were just taken down: an error about that is no news.
      if (interrupted) return exitCodeOf(interrupted);
      throw error;
    } finally {
      await stage.close();
    }
    // Requests may still wait for an answer that will not come.
  }).then(() => process.exit());
}
