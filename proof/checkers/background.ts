import type { Attempt } from './history';
import { serverClock, ServerClock } from './server-clock';

/** What only the whole history tells. With it each show is judged by itself, so memory grows with the largest show alone. */
export interface Background {
  readonly clock: ServerClock;
  /** How long a hold lasts, as far as the answers tell; 0 when they don't. */
  readonly holdTtlMs: number;
  /** Everybody who sent anything. */
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
