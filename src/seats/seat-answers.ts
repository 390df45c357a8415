import { PROBLEMS } from '../problem-catalogue';
import { instant } from '../platform/instant';
import { Problem } from '../platform/problem/problem';
import type { OutcomeOf, SeatCommandName } from './commands/registry';
import type { SeatCommandOutcome } from './seat-command';
import { seatRef } from './seat-transitions';
import type { HoldAnswerDto, ReleaseAnswerDto } from './seat.dto';

/** Outcomes in the words of the API. */

/** Of seats, for people. */
export const seatsInWords = (count: number) => (count === 1 ? '1 seat' : `${count} seats`);

export function holdAnswer(outcome: OutcomeOf<'hold'>): HoldAnswerDto {
  return {
    message: `${seatsInWords(outcome.seats.length)} held.`,
    show_id: outcome.showId,
    expires_at: instant(Math.min(...outcome.seats.map((seat) => seat.holdExpiresAtMs))),
    server_time: instant(outcome.serverTimeMs),
    total_price: outcome.totalPrice,
    currency: outcome.currency,
    seats: outcome.seats.map(({ row, number, version, holdExpiresAtMs }) => ({
      row,
      number,
      status: 'HELD',
      version,
      hold_expires_at: instant(holdExpiresAtMs),
    })),
  };
}

export function releaseAnswer(outcome: OutcomeOf<'release'>): ReleaseAnswerDto {
  return {
    message: `${seatsInWords(outcome.released.length)} released.`,
    show_id: outcome.showId,
    released: outcome.released.map(seatRef),
  };
}

/** The outcome of the command when it was accepted. @throws Problem for every other one */
export function acceptedOutcome<Name extends SeatCommandName>(outcome: SeatCommandOutcome): OutcomeOf<Name> {
  if (outcome.kind === 'key-reused') throw new Problem('IDEMPOTENCY_KEY_REUSED');
  if (outcome.kind === 'too-many-keys') {
    throw new Problem('RATE_LIMITED', {
      detail: `The answers under ${outcome.max} idempotency keys of yours are kept, and no more are.`,
      retryAfterSeconds: outcome.retryAfterSeconds,
    });
  }
  if (outcome.kind === 'slots-taken' || outcome.kind === 'set-aside') {
    throw new Error('The queue decides such a command again');
  }
  if (outcome.kind !== 'refused') return outcome as OutcomeOf<Name>;
  throw new Problem(outcome.code, {
    detail: PROBLEMS[outcome.code].when,
    ...(outcome.seats.length > 0
      ? { seats: outcome.seats.map(({ row, number, code }) => ({ row, number, code })) }
      : {}),
  });
}
