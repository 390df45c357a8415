/**
 * The seat commands as the contract has them: the one place of the proof that says which there are, and what they do. It
 * must share no code with the server, so that a mistake in the one is not repeated in the other.
 */

export type SeatStatus = 'AVAILABLE' | 'HELD' | 'BOOKED';

interface CommandContract {
  readonly path: string;
  /** The seats that it changes, if they are free or the holder's own, and what they are afterwards. It keeps all others. */
  readonly changes: SeatStatus;
  readonly leaves: SeatStatus;
  /** Why a free seat is refused; undefined where it is not. */
  readonly refusesFree?: 'HOLD_GONE';
  /** The code of a refusal that is about seats. */
  readonly refusal: 'SEAT_UNAVAILABLE' | 'NOT_YOUR_HOLD';
  /** Codes of all other refusals of a well-formed command for seats that exist. */
  readonly otherRefusals: readonly string[];
}

const CONTRACTS = {
  hold: {
    path: '/api/seats/hold-batch/',
    changes: 'AVAILABLE',
    leaves: 'HELD',
    refusal: 'SEAT_UNAVAILABLE',
    otherRefusals: ['HOLD_LIMIT_EXCEEDED', 'SALES_CLOSED'],
  },
  book: {
    path: '/api/seats/book-batch/',
    changes: 'HELD',
    leaves: 'BOOKED',
    refusesFree: 'HOLD_GONE',
    refusal: 'NOT_YOUR_HOLD',
    otherRefusals: ['SALES_CLOSED'],
  },
  release: {
    path: '/api/seats/release-hold-batch/',
    changes: 'HELD',
    leaves: 'AVAILABLE',
    refusal: 'NOT_YOUR_HOLD',
    otherRefusals: [],
  },
} as const satisfies Readonly<Record<string, CommandContract>>;

export type Command = keyof typeof CONTRACTS;

export const COMMANDS: Readonly<Record<Command, CommandContract>> = CONTRACTS;
export const COMMAND_NAMES = Object.keys(COMMANDS) as readonly Command[];

/** The status of a seat after a step of the ledger. Those that are nobody's command, as when a hold lapses, free it. */
export function statusAfter(command: string): SeatStatus {
  return (COMMANDS as Readonly<Record<string, CommandContract>>)[command]?.leaves ?? 'AVAILABLE';
}

/** The step of a hold that has lapsed. */
export const LAPSE = 'expire';
