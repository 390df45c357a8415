import type { SeatRefusal } from '../../problem-catalogue';
import type { Refusal, RefusalCode } from '../commands/refusal';
import type { AcceptedOutcome } from '../commands/registry';
import type { StoredOutcome } from '../seat-command';
import { SeatRef, seatRef } from '../seat-transitions';

/**
 * An outcome as its row has it. A refusal is short, as clients can ask for any number of them: its seats are those of the
 * command, which comes again with every retry, so a letter for each says why it was refused, and another why the whole command was.
 */
export type WrittenOutcome = AcceptedOutcome | WrittenRefusal | Refusal;

type WrittenRefusal = readonly [code: string, seats: string, rest?: RestOfRefusal];
type RestOfRefusal = Omit<Refusal, 'kind' | 'code' | 'seats'>;

/** Rows have them: a letter keeps its meaning. */
const CODES: Readonly<Record<RefusalCode, string>> = {
  SHOW_NOT_FOUND: 's',
  SEAT_NOT_FOUND: 'n',
  SALES_CLOSED: 'c',
  SEAT_UNAVAILABLE: 'u',
  NOT_YOUR_HOLD: 'y',
  HOLD_COOLDOWN: 'd',
  HOLD_LIMIT_EXCEEDED: 'h',
  SEAT_LIMIT_EXCEEDED: 'l',
};
const SEAT_CODES: Readonly<Record<SeatRefusal, string>> = {
  SEAT_HELD: 'h',
  SEAT_BOOKED: 'b',
  SEAT_BLOCKED: 'x',
  HOLD_GONE: 'g',
  HOLD_COOLDOWN: 'c',
  SEAT_NOT_FOUND: 'n',
};
const CODE_OF = byLetter(CODES);
const SEAT_CODE_OF = byLetter(SEAT_CODES);
const NOT_REFUSED = '-';

/** @param seats those of the command, in its order */
export function writtenOutcome(outcome: StoredOutcome, seats: readonly SeatRef[]): WrittenOutcome {
  if (outcome.kind !== 'refused') return outcome;
  const { kind: _, code, seats: refused, ...rest } = outcome;
  const letterOf = ({ row, number }: SeatRef) => {
    const reason = refused.find((seat) => seat.row === row && seat.number === number)?.code;
    return reason ? SEAT_CODES[reason] : NOT_REFUSED;
  };
  const letters = refused.length > 0 ? seats.map(letterOf).join('') : '';
  return Object.keys(rest).length > 0 ? [CODES[code], letters, rest] : [CODES[code], letters];
}

/** @param seats those of the command, in its order: the very seats that it was stored for */
export function readOutcome(written: WrittenOutcome, seats: readonly SeatRef[]): StoredOutcome {
  // Version 0.1 wrote refusals as they are in memory.
  if (!isWrittenRefusal(written)) return written;
  const [code, letters, rest] = written;
  if (!CODE_OF.has(code)) throw new Error(`No refusal is written as ${code}`);
  const refused = seats.flatMap((seat, index) => {
    const reason = SEAT_CODE_OF.get(letters[index] ?? NOT_REFUSED);
    return reason ? [{ ...seatRef(seat), code: reason }] : [];
  });
  return { kind: 'refused', code: CODE_OF.get(code)!, seats: refused, ...rest };
}

function isWrittenRefusal(written: WrittenOutcome): written is WrittenRefusal {
  return Array.isArray(written);
}

function byLetter<Code extends string>(letters: Readonly<Record<Code, string>>): ReadonlyMap<string, Code> {
  return new Map(Object.entries<string>(letters).map(([code, letter]) => [letter, code as Code]));
}
