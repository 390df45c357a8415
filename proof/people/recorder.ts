import { createWriteStream, WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { attempt, Question } from '../checkers/attempt';
import type { Attempt } from '../checkers/history';
import { SharedSeats } from '../checkers/history-file';
import { tally } from '../kit/figures';
import { outcomeOf, Target } from '../kit/http-client';

/** How often each outcome came: `{ 'hold 200': 41, 'hold 409 SEAT_UNAVAILABLE': 3, 'book DROPPED': 1 }`. */
export function outcomesOf(attempts: readonly Attempt[]): Record<string, number> {
  return tally(attempts, (one) => `${one.command} ${outcomeOf(one)}`);
}

/** Sends attempts, numbers them, and keeps all that is to be known of them afterwards. */
export class Recorder {
  readonly attempts: Attempt[] = [];
  private readonly seats = new SharedSeats();
  private sent = 0;
  private readonly file: WriteStream | undefined;

  constructor(
    private readonly target: Target,
    historyFile?: string,
  ) {
    this.file = historyFile === undefined ? undefined : createWriteStream(historyFile);
  }

  async send(question: Question): Promise<Attempt> {
    const done = this.seats.share(await attempt(this.target, this.sent++, question));
    this.attempts.push(done);
    this.file?.write(`${JSON.stringify(done)}\n`);
    return done;
  }

  /** @throws whatever writing the history throws */
  async close(): Promise<void> {
    this.file?.end();
    if (this.file) await finished(this.file);
  }
}
