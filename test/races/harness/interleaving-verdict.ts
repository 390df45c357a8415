import { isDeepStrictEqual } from 'node:util';
import { failureKind, isConnectionFailure } from '../../../src/platform/database/pg-errors';
import { CommitUnknownError } from '../../../src/platform/database/pipelined-transaction';
import { Case, limitsOf } from './interleaved-cases';
import type { Losing, Run } from './interleaving';
import { Order, permutationsOf } from './orders';
import { answerText, CaseCommand, runSerially } from './serial-model';
import type { Ending } from './stepped-session';

/** Judges commands that ran at once: their outcome must be one that they can have one after the other. */

export interface Plan {
  readonly order: Order;
  readonly losing?: Losing | undefined;
}

/** The observations in one order. */
export interface Seen extends Plan, Run {
  readonly showId: number;
  readonly endings: readonly Ending[];
  /** The second answer of the session that lost its connection, which asks once more. */
  readonly again?: Ending;
  readonly answeredEarly: boolean;
  /** Whether a session heard that the outcome of a commit in this show is not known. */
  readonly isUncertain: boolean;
}

/** The faults of the outcome of one order. */
export function wrongWith(given: Case, seen: Seen, outcome: string, ledger: readonly string[]): string[] {
  const wrong: string[] = [];
  if (seen.answeredEarly) wrong.push('answered before its commit');
  const isUnknown = seen.endings.some((ending) => 'error' in ending && ending.error instanceof CommitUnknownError);
  if (seen.isUncertain !== isUnknown)
    wrong.push(isUnknown ? 'no listener heard of the unknown outcome' : 'a listener heard of an unknown outcome');
  if (!seen.losing && !given.conflicts) {
    const hasWaited = seen.waited.size > 0;
    if (hasWaited !== meetAtSeats(given, seen.order)) wrong.push(hasWaited ? 'a session waited' : 'no session waited');
    const others = [...seen.waited].filter((statement) => !statement.includes('FOR UPDATE'));
    if (others.length > 0) wrong.push(`waited, and not for a seat: ${others.join()}`);
  }
  for (const [index, ending] of seen.endings.entries()) {
    const isLost = index === seen.losing?.session && 'error' in ending && endingText(ending) === NO_ANSWER;
    if (!isLost) wrong.push(...unfounded(given.commands[index]!, ending, ledger));
  }
  if (seen.again) wrong.push(...unfounded(given.commands[seen.losing!.session]!, seen.again, ledger));
  wrong.push(...differentUnderOneKey(given, seen));
  const possible = possibleOutcomes(given, seen);
  if (!possible.includes(outcome))
    wrong.push(`no serial order gives\n${outcome}\nbut they give\n${possible.join('\n\n')}`);
  return wrong;
}

/** The outcomes of all serial sequences in which no command stands behind one that began only after its end. */
function possibleOutcomes(given: Case, { began, ended, endings, losing }: Seen): string[] {
  const lost = losing && endings[losing.session]!;
  const unknown = lost && 'error' in lost ? losing.session : undefined;
  const hadEnded = (one: number, other: number) => one !== unknown && ended[one]! < began[other]!;
  const agrees = (sequence: readonly number[]) =>
    sequence.every((later, place) => !sequence.slice(0, place).some((earlier) => hadEnded(later, earlier)));
  const all = indicesOf(given);
  const others = all.filter((index) => index !== unknown);
  // No part of a command can be there before its COMMIT was let through, or once its session heard that it failed.
  const mayBeThere = losing?.isAtOnce && lost && 'error' in lost && lost.error instanceof CommitUnknownError;
  const chosen = mayBeThere ? [others, all] : [others];
  return chosen
    .flatMap((indices) => permutationsOf(indices))
    .filter(agrees)
    .map((sequence) => serialText(given, sequence, unknown, losing?.session));
}

/**
 * The outcome of commands one after the other, with `again` once more at the end, and without the answer to `unknown`.
 */
export function serialText(given: Case, sequence: readonly number[], unknown?: number, again?: number): string {
  const commands = [...sequence, ...(again === undefined ? [] : [again])].map((index) => given.commands[index]!);
  const { answers, seats: after } = runSerially(given.seats, commands, limitsOf(given));
  const told = indicesOf(given).map((index) => (index === unknown ? NO_ANSWER : answers[sequence.indexOf(index)]!));
  return normalized([...told, ...answers.slice(sequence.length)], after);
}

/** The parts of an answer that the ledger does not confirm. */
function unfounded({ holder }: CaseCommand, ending: Ending, ledger: readonly string[]): string[] {
  if ('error' in ending) return [String(ending.error)];
  const { outcome } = ending.answer;
  const steps = (start: string, end = '') =>
    ledger.filter((step) => step.startsWith(`${start} `) && step.endsWith(end)).length;
  switch (outcome.kind) {
    case 'held':
      return outcome.seats
        .map(
          ({ row, number, version, holdExpiresAtMs }) =>
            `${row}${number} v${version} hold ${holder} ${holdExpiresAtMs}`,
        )
        .filter((step) => !ledger.includes(step));
    case 'booked': {
      const { id, seats: named } = outcome.booking;
      const booked = named.filter(({ row, number }) => steps(`${row}${number}`, ` ${id}`) === 1);
      const inAll = ledger.filter((step) => step.endsWith(` ${id}`)).length;
      return booked.length === named.length && inAll === named.length ? [] : [`booking ${id} has ${inAll} steps`];
    }
    default:
      return [];
  }
}

/** Equal commands under one key that got different answers. */
function differentUnderOneKey(given: Case, { endings }: Seen): string[] {
  const answers = given.commands.flatMap(({ name, key, holder, seats: names }, index) => {
    const ending = endings[index]!;
    if (key === undefined || !('answer' in ending)) return [];
    // The time in an answer is that of its telling.
    const outcome = { ...ending.answer.outcome, serverTimeMs: undefined };
    return [{ request: [name, key, holder, ...names.toSorted()].join(), outcome }];
  });
  return answers
    .filter(({ request, outcome }) =>
      answers.some((other) => other.request === request && !isDeepStrictEqual(other.outcome, outcome)),
    )
    .map(({ request }) => `different answers to ${request}`);
}

/** Whether in this order a command needs a seat that another transaction has locked. */
export function meetAtSeats({ commands }: Case, order: Order): boolean {
  return commands.some((one, i) =>
    commands.some(
      (other, j) =>
        i < j &&
        one.seats.some((seat) => other.seats.includes(seat)) &&
        order.indexOf(i) < order.lastIndexOf(j) &&
        order.indexOf(j) < order.lastIndexOf(i),
    ),
  );
}

export function indicesOf({ commands }: Case): number[] {
  return [...commands.keys()];
}

/** The text for a command that lost its connection. */
const NO_ANSWER = 'no answer';

export function endingText(ending: Ending): string {
  if ('answer' in ending) return answerText(ending.answer);
  const { error } = ending;
  // A conflict may have come before the loss.
  const isExpected =
    error instanceof CommitUnknownError || isConnectionFailure(error) || failureKind(error) === 'conflict';
  return isExpected ? NO_ANSWER : String(error);
}

/** Bookings are named in order of their appearance. */
export function normalized(answers: readonly string[], after: readonly string[]): string {
  const names = new Map<string, string>();
  return [...answers, ...after].join('\n').replace(/#[\w-]+/g, (id) => {
    if (!names.has(id)) names.set(id, `#${names.size + 1}`);
    return names.get(id)!;
  });
}
