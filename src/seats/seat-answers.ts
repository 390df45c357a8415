import { PROBLEMS } from '../problem-catalogue';
import { instant } from '../platform/instant';
import { Problem } from '../platform/problem/problem';
import type { Limit, RefusalCode } from './commands/refusal';
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

function limitInWords(code: RefusalCode, { of, max }: Limit): string {
  const seats = seatsInWords(max);
  switch (of) {
    case 'holder':
      return code === 'HOLD_LIMIT_EXCEEDED'
        ? `A holder may hold ${seats} of a show at a time.`
        : `A holder may have ${seats} of a show, held and booked together.`;
    case 'address':
      return `Guests of one internet address may hold ${seats} of a show at a time, all together.`;
    case 'network':
      return `Guests of one network may hold ${seats} of a show at a time, all together.`;
  }
}

/** The outcome of the command when it was accepted. @throws Problem for every other one */
export function acceptedOutcome<Name extends SeatCommandName>(outcome: SeatCommandOutcome): OutcomeOf<Name> {
  if (outcome.kind === 'key-reused') throw new Problem('IDEMPOTENCY_KEY_REUSED');
  if (outcome.kind === 'too-many-keys') {
    const extras = {
      detail: `The answers under ${outcome.max} idempotency keys of yours are kept, and no more are.`,
      retryAfterSeconds: outcome.retryAfterSeconds,
    };
    throw new Problem('RATE_LIMITED', extras, { reason: 'idempotency-keys' });
  }
  if (outcome.kind === 'slots-taken' || outcome.kind === 'set-aside') {
    throw new Error('The queue decides such a command again');
  }
  if (outcome.kind !== 'refused') return outcome as OutcomeOf<Name>;
  const { limit, untilMs, serverTimeMs } = outcome;
  throw new Problem(outcome.code, {
    detail: limit ? limitInWords(outcome.code, limit) : PROBLEMS[outcome.code].when,
    ...(untilMs === undefined || serverTimeMs === undefined
      ? {}
      : { retryAfterSeconds: Math.max(0, Math.ceil((untilMs - serverTimeMs) / 1_000)) }),
    ...(outcome.seats.length > 0
      ? { seats: outcome.seats.map(({ row, number, code }) => ({ row, number, code })) }
      : {}),
  });
}
