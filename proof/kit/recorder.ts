import { createWriteStream, WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { createHistogram, RecordableHistogram } from 'node:perf_hooks';
import { attempt, Question, Target } from './api';
import type { Attempt } from '../checkers/history';
import { SharedSeats } from '../checkers/shared-seats';

const MICROSECONDS_PER_MS = 1_000;

/** Sends attempts, numbers them, and keeps all that is to be known of them afterwards. */
export class Recorder {
  readonly attempts: Attempt[] = [];
  /** E.g. `{ 'hold 200': 41, 'hold 409 SEAT_UNAVAILABLE': 3, 'book DROPPED': 1 }`. */
  readonly counts: Record<string, number> = {};
  /** Of what was answered, in microseconds. */
  readonly latencies = new Map<Attempt['command'], RecordableHistogram>();
  readonly latency = createHistogram();
  /** Answers in each second since the start. */
  readonly perSecond: number[] = [];
  readonly startedMs = performance.now();
  private readonly seats = new SharedSeats();
  private sent = 0;
  private readonly file: WriteStream | undefined;

  constructor(
    private readonly api: Target,
    historyFile?: string,
  ) {
    this.file = historyFile === undefined ? undefined : createWriteStream(historyFile);
  }

  get seconds(): number {
    return (performance.now() - this.startedMs) / 1_000;
  }

  async send(question: Question): Promise<Attempt> {
    const done = this.seats.share(await attempt(this.api, this.sent++, question));
    this.attempts.push(done);
    this.file?.write(`${JSON.stringify(done)}\n`);
    const outcome = [done.command, done.status, done.code].filter((part) => part !== null).join(' ');
    this.counts[outcome] = (this.counts[outcome] ?? 0) + 1;
    if (done.answeredMs !== null) this.measure(done.command, done.answeredMs - done.sentMs, done.answeredMs);
    return done;
  }

  /** @throws whatever writing the history throws */
  async close(): Promise<void> {
    this.file?.end();
    if (this.file) await finished(this.file);
  }

  private measure(command: Attempt['command'], tookMs: number, atMs: number): void {
    const tookUs = Math.max(1, Math.round(tookMs * MICROSECONDS_PER_MS));
    this.latency.record(tookUs);
    let own = this.latencies.get(command);
    if (!own) this.latencies.set(command, (own = createHistogram()));
    own.record(tookUs);
    const second = Math.floor((atMs - this.startedMs) / 1_000);
    while (this.perSecond.length <= second) this.perSecond.push(0);
    this.perSecond[second]!++;
  }
}
