import type { Attempt } from './history';
import { serverClock, ServerClock } from './server-clock';

/** Facts that only the whole history tells. With them each show is judged by itself: memory grows with the largest. */
export interface Background {
  readonly clock: ServerClock;
  /** How long a hold lasts, as far as the answers tell; 0 when they don't. */
  readonly holdTtlMs: number;
  /** All that sent anything. */
  readonly holders: ReadonlySet<string>;
}

/** PURE. */
export function backgroundOf(attempts: readonly Attempt[]): Background {
  let holdTtlMs = 0;
  const holders = new Set<string>();
  for (const { answer, holder } of attempts) {
    holders.add(holder);
    if (answer?.kind !== 'held') continue;
    for (const { deadlineMs } of answer.seats) holdTtlMs = Math.max(holdTtlMs, deadlineMs - answer.serverTimeMs);
  }
  return { clock: serverClock(attempts), holdTtlMs, holders };
}
