import type { Command } from './commands';
import type { Answer, Attempt, SeatName, Violation } from './history';

/**
 * PURE. From attempts to operations: an operation is one wish, however often it was sent. Attempts under one key are one
 * operation, and every answer to them must be the same; an attempt without a key is an operation of its own.
 */

export interface Operation {
  /** Of the attempt whose answer counts, or of the first. */
  readonly id: number;
  readonly command: Command | 'read';
  readonly holder: string;
  readonly showId: number;
  readonly seats: readonly SeatName[];
  readonly key: string | null;
  /** When the first attempt was sent. */
  readonly sentMs: number;
  /** When the first answer came; Infinity when none did: it may have happened at any time since, or never. */
  readonly answeredMs: number;
  /** Undefined when it is unknown whether it happened. */
  readonly answer: Answer | undefined;
}

/** Answers that were decided under the locks. All other 4xx mean that the command was never looked at. */
const DECIDED_REFUSALS = new Set([
  'SEAT_UNAVAILABLE',
  'NOT_YOUR_HOLD',
  'HOLD_LIMIT_EXCEEDED',
  'SEAT_LIMIT_EXCEEDED',
  'SALES_CLOSED',
  'SHOW_NOT_FOUND',
  'SEAT_NOT_FOUND',
]);

type Fate = 'decided' | 'untouched' | 'unknown';

export function fateOf({ status, code, answeredMs }: Attempt): Fate {
  if (answeredMs === null || status === null || status >= 500) return 'unknown';
  if (status < 300) return 'decided';
  return code !== null && DECIDED_REFUSALS.has(code) ? 'decided' : 'untouched';
}

/** The operations, in the order in which they were sent, and the violations among the answers under one key. */
export function operationsOf(attempts: readonly Attempt[]): { operations: Operation[]; violations: Violation[] } {
  const violations: Violation[] = [];
  const groups = new Map<string, Attempt[]>();
  for (const attempt of attempts) {
    const name = attempt.key === null ? `#${attempt.id}` : meaningOf(attempt);
    const group = groups.get(name);
    if (group) group.push(attempt);
    else groups.set(name, [attempt]);
  }
  const operations: Operation[] = [];
  for (const group of groups.values()) {
    const decided = group
      .filter((attempt) => fateOf(attempt) === 'decided')
      .sort((a, b) => a.answeredMs! - b.answeredMs!);
    const unknown = group.filter((attempt) => fateOf(attempt) === 'unknown');
    const [first] = decided;
    for (const other of decided.slice(1)) {
      if (JSON.stringify(untimed(other.answer)) === JSON.stringify(untimed(first!.answer))) continue;
      violations.push({
        check: 'answers',
        rule: 'SAME_KEY_SAME_ANSWER',
        showId: other.showId,
        detail: `${other.command} under key ${other.key}: #${first!.id} got ${JSON.stringify(first!.answer)}, #${other.id} ${JSON.stringify(other.answer)}`,
      });
    }
    const told = first ?? unknown[0];
    // A read that was not answered says nothing.
    if (!told || (!first && told.command === 'read')) continue;
    operations.push({
      id: told.id,
      command: told.command,
      holder: told.holder,
      showId: told.showId,
      seats: told.seats,
      key: told.key,
      sentMs: Math.min(...[...decided, ...unknown].map((attempt) => attempt.sentMs)),
      answeredMs: first ? first.answeredMs! : Infinity,
      answer: first?.answer ?? undefined,
    });
  }
  return { operations: operations.sort((a, b) => a.sentMs - b.sentMs), violations };
}

/** The clock in a stored answer is that of the time at which it is told. */
function untimed(answer: Answer | null): object | null {
  return answer && { ...answer, serverTimeMs: undefined };
}

function meaningOf({ holder, key, command, showId, seats }: Attempt): string {
  return JSON.stringify([holder, key, command, showId, [...seats].sort()]);
}

/** For people: `#17 hold A/1 A/2 by 5f3c…: held`. */
export function describe({ id, command, seats, holder, answer }: Operation): string {
  const outcome = answer === undefined ? 'unknown' : answer.kind === 'refused' ? refusal(answer) : told(answer);
  return `#${id} ${command} ${seats.join(' ')}${seats.length > 0 ? ' ' : ''}by ${holder.slice(0, 14)}: ${outcome}`;
}

function refusal({ code, seats }: Extract<Answer, { kind: 'refused' }>): string {
  return [code, ...Object.entries(seats).map(([seat, why]) => `${seat} ${why}`)].join(' ');
}

function told(answer: Exclude<Answer, { kind: 'refused' }>): string {
  switch (answer.kind) {
    case 'held':
      return `held ${answer.seats.map(({ seat, version }) => `${seat} v${version}`).join(' ')}`;
    case 'booked':
      return `booked ${answer.bookingId}`;
    case 'released':
      return `released ${answer.seats.join(' ') || 'nothing'}`;
    case 'seen':
      return `saw ${answer.seats
        .slice(0, 8)
        .map(
          ({ seat, status, version, deadlineMs }) =>
            `${seat} ${status}${deadlineMs === null ? '' : ' (mine)'} v${version}`,
        )
        .join(', ')}`;
  }
}
