import { COMMANDS, isOfHouse } from '../../../proof/checkers/commands';
import { ModelScene } from '../../../proof/checkers/model-scene';
import { effectOf, ModelSeat, SeatLimits } from '../../../proof/checkers/seat-rules';
import type { SeatCommandAnswer } from '../../../src/seats/seat-command';
import type { SeatCommandName } from '../../../src/seats/commands/registry';
import type { SeatRef } from '../../../src/seats/seat-transitions';

/**
 * The answers of commands that run one after the other, and the seats behind them, by the rules of the black-box
 * checker.
 */

/** A seat before a case, named like `A1`. The booked seats of a holder are one booking. */
export interface StartingSeat {
  readonly status: 'AVAILABLE' | 'HELD' | 'LAPSED' | 'BOOKED' | 'BLOCKED';
  readonly holder?: string;
}

export type StartingSeats = Readonly<Record<string, StartingSeat>>;

export const FREE: StartingSeat = { status: 'AVAILABLE' };
export const heldBy = (holder: string): StartingSeat => ({ status: 'HELD', holder });
export const lapsedOf = (holder: string): StartingSeat => ({ status: 'LAPSED', holder });
export const BLOCKED: StartingSeat = { status: 'BLOCKED' };
export const bookedBy = (holder: string): StartingSeat => ({ status: 'BOOKED', holder });

/** `expire` has no holder. Seats are in the order in which they are named. */
export interface CaseCommand {
  readonly name: SeatCommandName;
  readonly holder: string | null;
  readonly seats: readonly string[];
  readonly key?: string;
}

/** The version of a seat before a case: how many steps led there. */
export const STARTING_VERSIONS: Readonly<Record<StartingSeat['status'], number>> = {
  AVAILABLE: 0,
  HELD: 1,
  LAPSED: 1,
  BOOKED: 2,
  BLOCKED: 1,
};

export interface SerialResult {
  /** Of each command, in the order in which they ran. */
  readonly answers: readonly string[];
  /** Of all seats, as they are shown. */
  readonly seats: readonly string[];
}

/** Runs commands one after the other. */
export function runSerially(start: StartingSeats, commands: readonly CaseCommand[], limits: SeatLimits): SerialResult {
  // A lapsed hold counts as expired. Only the answer to `expire` shows whether that was stored already.
  const lapsed = new Map(
    Object.entries(start).flatMap(([seat, { status, holder }]) => (status === 'LAPSED' ? [[seat, holder]] : [])),
  );
  const scene = new ModelScene(Object.entries(start).map(([seat, state]) => [seat, startingState(state)]));
  const known = new Map<string, { command: CaseCommand; answer: string }>();
  let bookings = 0;

  const decide = (command: CaseCommand): string => {
    const { name, holder } = command;
    const seats = command.seats.toSorted();
    if (name === 'expire' || holder === null) {
      const expired = seats.filter((seat) => lapsed.delete(seat));
      return text('expired', expired);
    }
    const alias = `#${++bookings}`;
    const effect = effectOf({ name, holder, seats, alias }, scene, limits);
    if ('code' in effect)
      return text(
        effect.code,
        Object.entries(effect.seats).map(([seat, code]) => `${seat}:${code}`),
      );
    if ('repeats' in effect) return text('booked', seats, `as ${effect.repeats}`);
    scene.apply(effect.changes);
    const changed = effect.changes.map(([seat]) => seat);
    if (isOfHouse(name)) {
      for (const seat of changed) lapsed.delete(seat);
      return text(`${name}ed`, changed);
    }
    switch (COMMANDS[name].leaves) {
      case 'HELD':
        for (const seat of changed) lapsed.delete(seat);
        return text(
          'held',
          seats.map((seat) => `${seat}@${scene.get(seat)!.version}`),
        );
      case 'BOOKED':
        return text('booked', seats, `as ${alias}`);
      case 'AVAILABLE':
        return text('released', changed);
    }
  };

  const answers = commands.map((command) => {
    if (command.key === undefined) return decide(command);
    const first = known.get(`${command.holder} ${command.key}`);
    if (first) return isSame(first.command, command) ? `${first.answer} (replayed)` : 'key-reused';
    const answer = decide(command);
    known.set(`${command.holder} ${command.key}`, { command, answer });
    return answer;
  });
  return { answers, seats: Object.keys(start).map((seat) => seatText(seat, scene.get(seat)!)) };
}

function startingState({ status, holder }: StartingSeat): ModelSeat {
  const version = STARTING_VERSIONS[status];
  switch (status) {
    case 'AVAILABLE':
    case 'BLOCKED':
      return { status, version };
    case 'LAPSED':
      return { status: 'AVAILABLE', version: version + 1 };
    case 'HELD':
      return { status, version, holder };
    case 'BOOKED':
      return { status, version, holder, bookingId: `#before-${holder}` };
  }
}

function isSame(a: CaseCommand, b: CaseCommand): boolean {
  return a.name === b.name && a.seats.toSorted().join() === b.seats.toSorted().join();
}

function text(kind: string, parts: readonly string[], rest = ''): string {
  return [kind, ...parts, rest].filter((part) => part !== '').join(' ');
}

/** A seat as it is shown; a booking's id begins with `#`. */
export function seatText(seat: string, state: Pick<ModelSeat, 'status' | 'version' | 'holder' | 'bookingId'>): string {
  const { status, version, holder, bookingId } = state;
  return text(seat, [status, `v${version}`], [holder, bookingId].filter(Boolean).join(' '));
}

/** An answer of the product, in the words of {@link runSerially}. */
export function answerText({ outcome, replayed }: SeatCommandAnswer): string {
  const name = ({ row, number }: SeatRef) => `${row}${number}`;
  const said = (): string => {
    switch (outcome.kind) {
      case 'held':
        return text(
          'held',
          outcome.seats.map((seat) => `${name(seat)}@${seat.version}`),
        );
      case 'booked':
        return text('booked', outcome.booking.seats.map(name), `as #${outcome.booking.id}`);
      case 'released':
        return text('released', outcome.released.map(name));
      case 'expired':
        return text('expired', outcome.expired.map(name));
      case 'blocked':
        return text('blocked', outcome.blocked.map(name));
      case 'unblocked':
        return text('unblocked', outcome.unblocked.map(name));
      case 'refused':
        return text(
          outcome.code,
          outcome.seats.map((seat) => `${name(seat)}:${seat.code}`),
        );
      case 'key-reused':
      case 'slots-taken':
      case 'set-aside':
      case 'too-many-keys':
        return outcome.kind;
    }
  };
  return replayed ? `${said()} (replayed)` : said();
}
