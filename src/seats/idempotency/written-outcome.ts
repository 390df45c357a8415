import type { SeatRefusal } from '../../problem-catalogue';
import type { Refusal, RefusalCode } from '../commands/refusal';
import type { AcceptedOutcome } from '../commands/registry';
import type { StoredOutcome } from '../seat-command';
import { SeatRef, seatRef } from '../seat-transitions';

/**
 * An outcome as its row has it. A refusal is short, as clients can ask for any number of them: its seats are those of the
 * command, which comes again with every retry, so a letter for each says why it was refused.
 */
export type WrittenOutcome = AcceptedOutcome | WrittenRefusal | Refusal;

type WrittenRefusal = readonly [code: RefusalCode, seats: string, rest?: RestOfRefusal];
type RestOfRefusal = Omit<Refusal, 'kind' | 'code' | 'seats'>;

/** Rows have them: a letter keeps its meaning. */
const LETTERS: Readonly<Record<SeatRefusal, string>> = {
  SEAT_HELD: 'h',
  SEAT_BOOKED: 'b',
  SEAT_BLOCKED: 'x',
  HOLD_GONE: 'g',
  HOLD_COOLDOWN: 'c',
  SEAT_NOT_FOUND: 'n',
  HOLD_COOLDOWN: 'c',
};
const REASONS = new Map(Object.entries(LETTERS).map(([code, letter]) => [letter, code as SeatRefusal]));
const NOT_REFUSED = '-';

/** @param seats those of the command, in its order */
export function writtenOutcome(outcome: StoredOutcome, seats: readonly SeatRef[]): WrittenOutcome {
  if (outcome.kind !== 'refused') return outcome;
  const { kind: _, code, seats: refused, ...rest } = outcome;
  const letterOf = ({ row, number }: SeatRef) => {
    const reason = refused.find((seat) => seat.row === row && seat.number === number)?.code;
    return reason ? LETTERS[reason] : NOT_REFUSED;
  };
  const letters = refused.length > 0 ? seats.map(letterOf).join('') : '';
  return Object.keys(rest).length > 0 ? [code, letters, rest] : [code, letters];
}

/** @param seats those of the command, in its order: the very seats that it was stored for */
export function readOutcome(written: WrittenOutcome, seats: readonly SeatRef[]): StoredOutcome {
  // Version 0.1 wrote refusals as they are in memory.
  if (!isWrittenRefusal(written)) return written;
  const [code, letters, rest] = written;
  const refused = seats.flatMap((seat, index) => {
    const reason = REASONS.get(letters[index] ?? NOT_REFUSED);
    return reason ? [{ ...seatRef(seat), code: reason }] : [];
  });
  return { kind: 'refused', code, seats: refused, ...rest };
}

function isWrittenRefusal(written: WrittenOutcome): written is WrittenRefusal {
  return Array.isArray(written);
}
