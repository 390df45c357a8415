import type { Accepted, SeatCommandRule } from './command';

/** Puts blocked seats back on sale. All others stay as they are. */
export const unblock = {
  name: 'unblock',
  from: ['BLOCKED'],
  to: 'AVAILABLE',
  effects: {
    AVAILABLE: 'keep',
    HELD_BY_ME: 'keep',
    HELD_BY_ANOTHER: 'keep',
    LAPSED: 'keep',
    BOOKED_BY_ME: 'keep',
    BOOKED_BY_ANOTHER: 'keep',
    BLOCKED: 'step',
  },
  refusal: 'SEAT_UNAVAILABLE',
  needsOpenSales: false,
  ledger: { needs: ['actor_id'], allows: ['reason'] },
  plan: () => () => ({}),
  outcome: ({ command, changed }: Accepted) => ({
    kind: 'unblocked' as const,
    showId: command.showId,
    unblocked: changed,
  }),
} as const satisfies SeatCommandRule;
