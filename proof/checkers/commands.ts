/**
 * The seat commands as the contract has them. No other place of the proof lists them or says what they do. It
 * must share no code with the server, so that a mistake in the one is not repeated in the other.
 */

export type SeatStatus = 'AVAILABLE' | 'HELD' | 'BOOKED' | 'BLOCKED';

type SeatRefusal = 'SEAT_UNAVAILABLE' | 'NOT_YOUR_HOLD';

/** What a command does to seats. */
interface SeatContract {
  /** The seats that it changes, if they are free or the holder's own, and what they are afterwards. It keeps all others. */
  readonly changes: SeatStatus;
  readonly leaves: SeatStatus;
  /** Why a free seat is refused; undefined where it is not. */
  readonly refusesFree?: 'HOLD_GONE';
  /** The code of a refusal that is about seats; undefined where there is none. */
  readonly refusal?: SeatRefusal;
  /** It has no holds of its own: every hold is another's. */
  readonly isOfHouse?: true;
}

interface CommandContract extends SeatContract {
  readonly path: string;
  readonly leaves: Exclude<SeatStatus, 'BLOCKED'>;
  readonly refusal: SeatRefusal;
  /** Codes of all other refusals of a well-formed command for seats that exist. */
  readonly otherRefusals: readonly string[];
}

const CONTRACTS = {
  hold: {
    path: '/api/seats/hold-batch/',
    changes: 'AVAILABLE',
    leaves: 'HELD',
    refusal: 'SEAT_UNAVAILABLE',
    otherRefusals: ['HOLD_LIMIT_EXCEEDED', 'SEAT_LIMIT_EXCEEDED', 'SALES_CLOSED'],
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

/** What the house does with its seats. No route has it yet, so the models alone ask for it. */
const HOUSE = {
  block: { changes: 'AVAILABLE', leaves: 'BLOCKED', refusal: 'SEAT_UNAVAILABLE', isOfHouse: true },
  unblock: { changes: 'BLOCKED', leaves: 'AVAILABLE', isOfHouse: true },
} as const satisfies Readonly<Record<string, SeatContract>>;

export type Command = keyof typeof CONTRACTS;
export type HouseCommand = keyof typeof HOUSE;
export const HOUSE_COMMANDS = Object.keys(HOUSE) as readonly HouseCommand[];

export function isOfHouse(name: Command | HouseCommand): name is HouseCommand {
  return name in HOUSE;
}

/** Of clients and of the house. */
export const SEAT_CONTRACTS: Readonly<Record<Command | HouseCommand, SeatContract>> = { ...CONTRACTS, ...HOUSE };

export const COMMANDS: Readonly<Record<Command, CommandContract>> = CONTRACTS;
export const COMMAND_NAMES = Object.keys(COMMANDS) as readonly Command[];

/** The status of a seat after a step of the ledger. Those that are nobody's command, as when a hold lapses, free it. */
export function statusAfter(command: string): SeatStatus {
  return (SEAT_CONTRACTS as Readonly<Record<string, SeatContract>>)[command]?.leaves ?? 'AVAILABLE';
}

/** The step of a hold that has lapsed. */
export const LAPSE = 'expire';
