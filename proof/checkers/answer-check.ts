import { COMMANDS } from './commands';
import type { Attempt, SeatName, SeenSeat, Stats, Violation } from './history';

/**
 * PURE. Rules that each answer must keep by itself, whatever happened around it: the history has well-formed requests only,
 * for seats that were on the map, so most refusals can't be true.
 */

export const ANSWER_RULES = {
  WELL_FORMED: 'an answer has what the contract says',
  EXPECTED: 'a valid request is refused for no other reason than the seats, the time or the load',
  ITS_SEATS: 'an answer is about the seats of its command, each once',
  COUNTS: 'counts and seats of one seat map agree',
} as const;

/** Whether a well-formed request for existing seats can be refused so. Under one key nothing else is ever sent. */
function isPossible(code: string | null, command: Attempt['command']): boolean {
  if (code === 'RATE_LIMITED') return true;
  if (command === 'read' || code === null) return false;
  const { refusal, otherRefusals } = COMMANDS[command];
  return [refusal, ...otherRefusals, 'IDEMPOTENCY_IN_PROGRESS'].includes(code);
}

const POSSIBLE_REASONS: Readonly<Record<string, readonly string[]>> = {
  SEAT_UNAVAILABLE: ['SEAT_HELD', 'SEAT_BOOKED'],
  NOT_YOUR_HOLD: ['SEAT_HELD', 'SEAT_BOOKED', 'HOLD_GONE'],
};

export function checkAnswers(attempts: readonly Attempt[]): Violation[] {
  return attempts.flatMap((attempt) =>
    faultsOf(attempt).map(([rule, detail]) => ({
      check: 'answers' as const,
      rule,
      showId: attempt.showId,
      detail: `#${attempt.id} ${attempt.command} ${attempt.seats.join(' ')}: ${detail}`,
    })),
  );
}

function faultsOf(attempt: Attempt): [keyof typeof ANSWER_RULES, string][] {
  const { status, code, answer, command, seats } = attempt;
  if (status === null || status >= 500) return [];
  if (code === 'MALFORMED') return [['WELL_FORMED', `${status} with a body that is not the contract's`]];
  if (status >= 300) {
    if (!isPossible(code, command)) return [['EXPECTED', `${status} ${code}`]];
    if (answer?.kind !== 'refused' || !(answer.code in POSSIBLE_REASONS)) return [];
    const named = Object.entries(answer.seats);
    if (named.length === 0 || named.some(([seat]) => !seats.includes(seat))) {
      return [['ITS_SEATS', `refused for ${named.map(([seat]) => seat).join(' ') || 'no seat'}`]];
    }
    const wrong = named.filter(([, reason]) => !POSSIBLE_REASONS[answer.code]!.includes(reason));
    return wrong.map(([seat, reason]) => ['EXPECTED', `${code}, ${seat} ${reason}`]);
  }
  switch (answer?.kind) {
    case 'held':
      return sameSeats(
        answer.seats.map(({ seat }) => seat),
        seats,
      );
    case 'booked':
      return sameSeats(answer.seats, seats);
    case 'released':
      return answer.seats.every((seat) => seats.includes(seat))
        ? []
        : [['ITS_SEATS', `released ${answer.seats.join(' ')}`]];
    case 'seen':
      return sameCounts(answer.stats, answer.seats);
    default:
      return [['WELL_FORMED', `${status} without an answer`]];
  }
}

function sameSeats(told: readonly SeatName[], asked: readonly SeatName[]): [keyof typeof ANSWER_RULES, string][] {
  return [...told].sort().join() === [...asked].sort().join()
    ? []
    : [['ITS_SEATS', `the answer is about ${told.join(' ') || 'none'}`]];
}

function sameCounts(stats: Stats, seats: readonly SeenSeat[]): [keyof typeof ANSWER_RULES, string][] {
  const of = (status: SeenSeat['status']) => seats.filter((seat) => seat.status === status).length;
  const counted: Stats = {
    total: seats.length,
    available: of('AVAILABLE'),
    held: of('HELD'),
    booked: of('BOOKED'),
    blocked: of('BLOCKED'),
  };
  const differs = (Object.keys(counted) as (keyof Stats)[]).some((name) => counted[name] !== stats[name]);
  return differs ? [['COUNTS', `counts ${JSON.stringify(stats)}, seats ${JSON.stringify(counted)}`]] : [];
}
