import type { SeatRefusal } from '../../problem-catalogue';
import type { SeatRef } from '../seat-transitions';

/**
 * Why a command can be refused, in order of precedence: where several reasons hold, the client is told the first.
 * `decide()` checks in this order, and a test holds every pair against it.
 */
export const REFUSALS = [
  'SHOW_NOT_FOUND',
  'SEAT_NOT_FOUND',
  'SALES_CLOSED',
  'SEAT_UNAVAILABLE',
  'NOT_YOUR_HOLD',
  'HOLD_COOLDOWN',
  'HOLD_LIMIT_EXCEEDED',
  'SEAT_LIMIT_EXCEEDED',
] as const;
export type RefusalCode = (typeof REFUSALS)[number];

/** The refusals that any command can meet. */
export const COMMON_REFUSALS = ['SHOW_NOT_FOUND', 'SEAT_NOT_FOUND'] as const satisfies readonly RefusalCode[];

export interface RefusedSeat extends SeatRef {
  readonly code: SeatRefusal;
}

export interface Refusal {
  readonly kind: 'refused';
  readonly code: RefusalCode;
  readonly seats: readonly RefusedSeat[];
  /** The limit that stands in the way. */
  readonly limit?: Limit;
  /** When the reason is over, by the clock that says `serverTimeMs` now. */
  readonly untilMs?: number;
  readonly serverTimeMs?: number;
}

export interface Limit {
  /** Whose seats are counted together: those of a holder, of an address, or of the network around it. */
  readonly of: 'holder' | 'address' | 'network';
  readonly max: number;
}

export function refuse(
  code: RefusalCode,
  seats: readonly RefusedSeat[] = [],
  why: Pick<Refusal, 'limit' | 'untilMs' | 'serverTimeMs'> = {},
): Refusal {
  return { kind: 'refused', code, seats, ...why };
}
