import type { Accepted, SeatCommandRule } from './command';

/** Gives up holds. Seats that are free already stay as they are. */
export const release = {
  name: 'release',
  from: ['HELD'],
  to: 'AVAILABLE',
  effects: {
    AVAILABLE: 'keep',
    HELD_BY_ME: 'step',
    HELD_BY_ANOTHER: 'SEAT_HELD',
    LAPSED: 'keep',
    BOOKED_BY_ME: 'SEAT_BOOKED',
    BOOKED_BY_ANOTHER: 'SEAT_BOOKED',
    BLOCKED: 'SEAT_BLOCKED',
  },
  refusal: 'NOT_YOUR_HOLD',
  needsOpenSales: false,
  // Version 0.1 wrote no actor.
  ledger: { needs: ['holder_id', 'hold_expires_at'], allows: ['actor_id'] },
  plan: () => () => ({}),
  outcome: ({ command, changed }: Accepted) => ({
    kind: 'released' as const,
    showId: command.showId,
    released: changed,
  }),
} as const satisfies SeatCommandRule;
