import { Command, COMMANDS, SeatStatus } from './commands';
import type { Answer, Attempt, SeatName, SeenSeat } from './history';
import type { Step } from './seat-ledger';

/** Histories and ledgers written by hand, for the tests of the checkers. Server time is client time plus {@link EPOCH_MS}. */

export const EPOCH_MS = Date.UTC(2030, 0, 1);
export const TTL_MS = 600_000;
const SHOW = 7;

let lastId = 0;

type Given = Partial<Pick<Attempt, 'key' | 'status' | 'code' | 'isReplayed' | 'showId'>>;

export function attempt(
  [sentMs, answeredMs]: readonly [number, number | null],
  holder: string,
  command: Attempt['command'],
  seats: readonly SeatName[],
  answer: Answer | null,
  given: Given = {},
): Attempt {
  const refusal = answer?.kind === 'refused' ? answer.code : null;
  const status = answeredMs === null ? null : refusal === null ? 200 : 409;
  return {
    id: ++lastId,
    sentMs,
    answeredMs,
    holder,
    command,
    showId: SHOW,
    seats,
    key: null,
    status,
    code: refusal,
    isReplayed: false,
    answer,
    ...given,
  };
}

type Period = readonly [number, number];

/** A hold decided at `atMs`, by default when it was answered; `versions` by seat. */
export function held(
  period: Period,
  holder: string,
  versions: Record<SeatName, number>,
  given: Given & { atMs?: number } = {},
): Attempt {
  const { atMs = period[1], ...rest } = given;
  const seats = Object.entries(versions).map(([seat, version]) => ({
    seat,
    version,
    deadlineMs: EPOCH_MS + atMs + TTL_MS,
  }));
  return attempt(
    period,
    holder,
    'hold',
    Object.keys(versions),
    { kind: 'held', serverTimeMs: EPOCH_MS + atMs, seats },
    rest,
  );
}

export function booked(
  period: Period,
  holder: string,
  seats: SeatName[],
  bookingId: string,
  given: Given & { atMs?: number } = {},
): Attempt {
  const { atMs = period[1], ...rest } = given;
  return attempt(
    period,
    holder,
    'book',
    seats,
    { kind: 'booked', bookingId, bookedAtMs: EPOCH_MS + atMs, seats },
    rest,
  );
}

export function released(
  period: Period,
  holder: string,
  seats: SeatName[],
  changed = seats,
  given: Given = {},
): Attempt {
  return attempt(period, holder, 'release', seats, { kind: 'released', seats: changed }, given);
}

export function refused(
  period: Period,
  holder: string,
  command: Command,
  reasons: Record<SeatName, string>,
  seats = Object.keys(reasons),
  given: Given = {},
): Attempt {
  const { refusal: code } = COMMANDS[command];
  return attempt(period, holder, command, seats, { kind: 'refused', code, seats: reasons }, given);
}

export function overLimit(
  period: Period,
  holder: string,
  seats: SeatName[],
  code: 'HOLD_LIMIT_EXCEEDED' | 'SEAT_LIMIT_EXCEEDED' = 'HOLD_LIMIT_EXCEEDED',
): Attempt {
  return attempt(period, holder, 'hold', seats, { kind: 'refused', code, seats: {} });
}

export function unanswered(
  sentMs: number,
  holder: string,
  command: Command,
  seats: SeatName[],
  given: Given = {},
): Attempt {
  return attempt([sentMs, null], holder, command, seats, null, { code: 'DROPPED', ...given });
}

/** A read of seats: `'HELD 3'`, and `'HELD 3 600000'` for the reader's own hold with its deadline in client time. */
export function saw(period: Period, holder: string, seats: Record<SeatName, string>, given: Given = {}): Attempt {
  const seen = Object.entries(seats).map(([seat, text]): SeenSeat => {
    const [status, version, deadlineMs] = text.split(' ');
    return {
      seat,
      status: status as SeatStatus,
      version: Number(version),
      deadlineMs: deadlineMs === undefined ? null : EPOCH_MS + Number(deadlineMs),
    };
  });
  const of = (status: SeatStatus) => seen.filter((seat) => seat.status === status).length;
  const stats = {
    total: seen.length,
    available: of('AVAILABLE'),
    held: of('HELD'),
    booked: of('BOOKED'),
    blocked: of('BLOCKED'),
  };
  return attempt(
    period,
    holder,
    'read',
    [],
    { kind: 'seen', serverTimeMs: EPOCH_MS + period[1], stats, seats: seen },
    given,
  );
}

/** A row of the ledger; its transaction is named after its time unless it is given. */
export function step(
  command: string,
  seat: SeatName,
  version: number,
  holder: string,
  atMs: number,
  given: Partial<Step> = {},
): Step {
  const deadlineMs = EPOCH_MS + atMs + TTL_MS;
  return {
    showId: SHOW,
    seat,
    version,
    command,
    holder,
    deadlineMs,
    bookingId: null,
    atMs: EPOCH_MS + atMs,
    transaction: `t${atMs}`,
    ...given,
  };
}
