import type { Answer, Attempt, SeatName } from './history';

type Held = Extract<Answer, { kind: 'held' }>;

/**
 * PURE. Judges the answers to people who all asked for one free seat at once, and did nothing else. Returns the violations.
 *
 * A slow machine may take longer than a hold lasts, and then another lawfully gets the seat. So the judge does not count the
 * winners: they must have had the seat one at a time, by the versions, times and deadlines that the server told.
 */
export function judgeOneSeat(attempts: readonly Attempt[], seat: SeatName): string[] {
  const wrong: string[] = [];
  const wins: { attempt: Attempt; atMs: number; version: number; deadlineMs: number }[] = [];
  let unknown = 0;
  for (const attempt of attempts) {
    const { answer, status, code } = attempt;
    const held = answer?.kind === 'held' ? answer.seats.find((one) => one.seat === seat) : undefined;
    const isLoss = answer?.kind === 'refused' && answer.seats[seat] === 'SEAT_HELD';
    if (held) wins.push({ attempt, atMs: (answer as Held).serverTimeMs, ...held });
    else if (status === null || status >= 500 || status === 429) unknown++;
    else if (!isLoss) wrong.push(`${attempt.holder} got ${status} ${code ?? ''} for ${seat}`);
  }
  if (wins.length === 0 && unknown === 0) wrong.push(`nobody of ${attempts.length} got ${seat}`);
  wins.sort((a, b) => a.version - b.version);
  for (const [index, next] of wins.entries()) {
    const last = wins[index - 1];
    // A lapse and a hold are two versions.
    if (!last || (next.version >= last.version + 2 && next.atMs >= last.deadlineMs)) continue;
    wrong.push(
      `${next.attempt.holder} got ${seat} v${next.version} while ${last.attempt.holder} had v${last.version}, ` +
        `${last.deadlineMs - next.atMs} ms before that hold's end`,
    );
  }
  return wrong;
}
