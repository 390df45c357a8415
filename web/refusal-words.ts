import { Answer, Problem, TIMED_OUT, TIMEOUT_SECONDS, UNREACHABLE } from './api.ts';
import { seatList } from './words.ts';

type Refusal = Extract<Answer<unknown>, { isOk: false }>;
type RefusedSeat = NonNullable<Problem['seats']>[number];

const DONE = { hold: 'held', book: 'booked', release: 'released' } as const;
export type CommandName = keyof typeof DONE;

/**
 * PURE. The reason of a refusal, in a sentence or two.
 *
 * @param heldBy names the holder of a seat, as far as this page knows
 */
export function refusalWords(command: CommandName, refusal: Refusal, heldBy: (seat: RefusedSeat) => string): string {
  const { problem, code } = refusal;
  const nothing = `Nothing was ${DONE[command]}.`;
  if (code === UNREACHABLE) return 'The server can’t be reached. It is safe to try again: no seat is ever taken twice.';
  if (code === TIMED_OUT) {
    return `There was no answer within ${TIMEOUT_SECONDS} seconds. It is safe to try again: no seat is ever taken twice.`;
  }
  if (!problem) return `${nothing} The server answered ${refusal.status}.`;
  if (problem.seats && problem.seats.length > 0) return `${nothing} ${seatReasons(problem.seats, heldBy)}`;
  if (problem.errors && problem.errors.length > 0) {
    return `${nothing} ${problem.errors.map(({ message }) => `${message[0]!.toUpperCase()}${message.slice(1)}.`).join(' ')}`;
  }
  return `${nothing} ${problem.detail || problem.title}`;
}

function seatReasons(seats: readonly RefusedSeat[], heldBy: (seat: RefusedSeat) => string): string {
  const groups = new Map<string, RefusedSeat[]>();
  for (const seat of seats) {
    const reason = reasonOf(seat, heldBy);
    groups.set(reason, [...(groups.get(reason) ?? []), seat]);
  }
  return [...groups]
    .map(([reason, group]) => `${seatList(group)} ${group.length > 1 ? 'are' : 'is'} ${reason}.`)
    .join(' ');
}

function reasonOf(seat: RefusedSeat, heldBy: (seat: RefusedSeat) => string): string {
  switch (seat.code) {
    case 'SEAT_HELD':
      return `held by ${heldBy(seat)}`;
    case 'SEAT_BOOKED':
      return 'booked already';
    case 'SEAT_BLOCKED':
      return 'off sale';
    case 'HOLD_GONE':
      return 'not held any more';
    case 'HOLD_COOLDOWN':
      return 'not to be held again so soon';
    case 'SEAT_NOT_FOUND':
      return 'not in this house';
  }
}
