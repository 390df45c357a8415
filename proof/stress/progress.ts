import type { Attempt } from '../checkers/history';
import { percentile } from '../kit/figures';
import { tookMs } from '../kit/http-client';

const INTERVAL_MS = 500;
/** The percentile is of so many requests, the last ones. */
const RECENT = 2_000;

/** Tells on a terminal how far it is; on anything else nothing. */
export function showProgress(attempts: readonly Attempt[], stream = process.stderr): { end(): void } {
  if (!stream.isTTY) return { end: () => undefined };
  const startedMs = performance.now();
  const timer = setInterval(() => {
    const seconds = (performance.now() - startedMs) / 1_000;
    const recent = attempts.slice(-RECENT).filter(({ answeredMs }) => answeredMs !== null);
    const p99Ms = percentile(recent.map(tookMs), 0.99);
    stream.write(
      `\r${seconds.toFixed(0)} s, ${attempts.length.toLocaleString('en-US')} requests, ${(attempts.length / seconds).toFixed(0)}/s, p99 ${p99Ms.toFixed(1)} ms   `,
    );
  }, INTERVAL_MS);
  return {
    end: () => {
      clearInterval(timer);
      stream.write('\n');
    },
  };
}
