import type { Attempt } from './history';

/**
 * PURE. Between which bounds the server's clock runs ahead of the client's. Every fresh answer with a time in it was made
 * between its sending and its arrival, so each narrows the bounds; no clock needs to be right for that.
 */
export interface ServerClock {
  /** Server time minus client time, in milliseconds: at least, and at most. */
  readonly aheadMinMs: number;
  readonly aheadMaxMs: number;
}

/** Times in answers are cut to milliseconds. */
const RESOLUTION_MS = 1;

/** Nothing is known without any time in the history: the bounds are infinite then. */
export function serverClock(attempts: readonly Attempt[]): ServerClock {
  let min = -Infinity;
  let max = Infinity;
  for (const { answer, sentMs, answeredMs, isReplayed, key } of attempts) {
    // An answer under a key may be an old one.
    if (answeredMs === null || isReplayed || key !== null) continue;
    if (answer?.kind !== 'seen' && answer?.kind !== 'held') continue;
    min = Math.max(min, answer.serverTimeMs - answeredMs);
    max = Math.min(max, answer.serverTimeMs + RESOLUTION_MS - sentMs);
  }
  // Clocks that drift apart leave nothing that fits all answers; then anything between the extremes may be so.
  return { aheadMinMs: Math.min(min, max) - RESOLUTION_MS, aheadMaxMs: Math.max(min, max) + RESOLUTION_MS };
}
