import type { Recorder } from './recorder';

const INTERVAL_MS = 500;

/** Tells on a terminal how far it is; on anything else nothing. */
export function showProgress(recorder: Recorder, stream = process.stderr): { end(): void } {
  if (!stream.isTTY) return { end: () => undefined };
  const timer = setInterval(() => {
    const p99Ms = recorder.latency.percentile(99) / 1_000;
    const rate = recorder.attempts.length / recorder.seconds;
    stream.write(
      `\r${recorder.seconds.toFixed(0)} s, ${recorder.attempts.length.toLocaleString('en-US')} requests, ${rate.toFixed(0)}/s, p99 ${p99Ms.toFixed(1)} ms   `,
    );
  }, INTERVAL_MS);
  return {
    end: () => {
      clearInterval(timer);
      stream.write('\n');
    },
  };
}
