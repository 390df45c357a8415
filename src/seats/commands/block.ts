import type { Accepted, SeatCommandRule } from './command';

/** Takes free seats off sale. A seat that is blocked already keeps its reason. */
export const block = {
  name: 'block',
  from: ['AVAILABLE'],
  to: 'BLOCKED',
  effects: {
    AVAILABLE: 'step',
    HELD_BY_ME: 'SEAT_HELD',
    HELD_BY_ANOTHER: 'SEAT_HELD',
    LAPSED: 'step',
    BOOKED_BY_ME: 'SEAT_BOOKED',
    BOOKED_BY_ANOTHER: 'SEAT_BOOKED',
    BLOCKED: 'keep',
  },
  refusal: 'SEAT_UNAVAILABLE',
  needsOpenSales: false,
  ledger: { needs: ['actor_id', 'reason'], allows: [] },
  plan: () => () => ({}),
  outcome: ({ command, changed }: Accepted) => ({ kind: 'blocked' as const, showId: command.showId, blocked: changed }),
} as const satisfies SeatCommandRule;
