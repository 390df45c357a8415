import type { Accepted, SeatCommandRule } from './command';

/** Makes lapsed holds AVAILABLE in the database as well. The sweep's command: it is for nobody, and nobody is refused. */
export const expire = {
  name: 'expire',
  from: ['HELD'],
  to: 'AVAILABLE',
  effects: {
    AVAILABLE: 'keep',
    HELD_BY_ME: 'keep',
    HELD_BY_ANOTHER: 'keep',
    LAPSED: 'step',
    BOOKED_BY_ME: 'keep',
    BOOKED_BY_ANOTHER: 'keep',
    BLOCKED: 'keep',
  },
  refusal: 'NOT_YOUR_HOLD',
  needsOpenSales: false,
  ledger: { needs: ['holder_id', 'hold_expires_at'], allows: [] },
  plan: () => () => ({}),
  outcome: ({ changed }: Accepted) => ({ kind: 'expired' as const, expired: changed }),
} as const satisfies SeatCommandRule;
