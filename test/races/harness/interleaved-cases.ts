import type { SeatLimits } from '../../../proof/checkers/seat-rules';
import { CaseCommand, FREE, heldBy, lapsedOf, StartingSeats } from './serial-model';

/** Commands that run at once, and the seats that they find. */
export interface Case {
  readonly seats: StartingSeats;
  readonly commands: readonly CaseCommand[];
  /** Most seats that a holder may hold; {@link HOLD_LIMIT} unless given. */
  readonly holdLimit?: number;
  /** Most seats that a holder may have, held and booked; {@link SEAT_LIMIT} unless given. */
  readonly seatLimit?: number;
  /**
   * Of commands that share no seat and meet at a unique key or at a limit: in how many orders one of them fails at which
   * key, and starts again. Of the 70 orders of a pair, each command has read before the other's COMMIT in 60.
   */
  readonly conflicts?: Readonly<Record<string, number>>;
  /**
   * In how many of these orders a command waits: at a limit in all 60, and at a key in the 40 in which each of the pair has
   * written before the other's COMMIT.
   */
  readonly waits?: number;
}

export const HOLD_LIMIT = 10;
export const SEAT_LIMIT = 20;

export function limitsOf({ holdLimit = HOLD_LIMIT, seatLimit = SEAT_LIMIT }: Case): SeatLimits {
  return { held: holdLimit, seats: seatLimit };
}

const named =
  (name: CaseCommand['name']) =>
  (holder: string, ...names: string[]): CaseCommand => ({ name, holder, seats: names });
export const hold = named('hold');
export const book = named('book');
export const release = named('release');
export const block = named('block');
export const unblock = named('unblock');
export const sweep = (...names: string[]): CaseCommand => ({ name: 'expire', holder: null, seats: names });
export const keyed = (key: string, given: CaseCommand): CaseCommand => ({ ...given, key });

export const THREE_FREE = { A1: FREE, A2: FREE, A3: FREE };
export const HELD_BY_ANN = { A1: heldBy('ann'), A2: heldBy('ann'), A3: FREE };
export const LAPSED_OF_ANN = { A1: lapsedOf('ann'), A2: lapsedOf('ann'), A3: FREE };

/** The cases with their titles, for `test.each`. */
export function titled(cases: readonly Case[]): [string, Case][] {
  return cases.map((given) => {
    const commands = given.commands.map(({ name, holder, seats: names, key }) =>
      [holder ?? 'sweep', holder === null ? [] : name, names, key === undefined ? [] : `key ${key}`].flat(2).join(' '),
    );
    const start = Object.entries(given.seats).filter(([, { status }]) => status !== 'AVAILABLE');
    const states = start.map(([seat, { status, holder }]) => `${seat} ${status} by ${holder}`);
    const limit = given.holdLimit === undefined ? [] : [`limit ${given.holdLimit}`];
    const ofSeats = given.seatLimit === undefined ? [] : [`limit ${given.seatLimit} with booked`];
    return [[commands.join(' | '), ...states, ...limit, ...ofSeats].join(', '), given];
  });
}
