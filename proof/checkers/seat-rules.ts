import { Command, HouseCommand, SEAT_CONTRACTS, SeatStatus } from './commands';
import type { Answer, SeatName, SeenSeat } from './history';

/**
 * PURE. The rules of seats for the black-box checker, written from the contract alone. It must share no code with the
 * server: a mistake in the one must not be repeated in the other.
 */

/** An instant of the server's clock, or a name for one that no answer has told yet. */
export type Deadline = number | string;

export interface ModelSeat {
  readonly status: SeatStatus;
  readonly version: number;
  /** Of the hold or the booking; undefined for one from before the history. */
  readonly holder?: string | undefined;
  readonly deadline?: Deadline;
  /** As told by the server, or a name for one that no answer has told yet. */
  readonly bookingId?: string;
}

/** The seats of one show. */
export interface Scene {
  get(seat: SeatName): ModelSeat | undefined;
  /** How many seats of the show the holder has, of a status. */
  count(holder: string, status: SeatStatus): number;
  /** The seats of a booking. */
  booked(bookingId: string): readonly SeatName[];
}

export type Change = readonly [SeatName, ModelSeat];

export interface ModelCommand {
  readonly name: Command | HouseCommand;
  readonly holder: string;
  readonly seats: readonly SeatName[];
  /** Names what the command makes, as long as no answer has told what that is. */
  readonly alias: string;
}

/** How many seats of a show one holder may have. */
export interface SeatLimits {
  /** Held at a time. */
  readonly held: number;
  /** Held and booked together. */
  readonly seats: number;
}

/** The effect of a command in a scene. */
export type Effect =
  | { readonly changes: readonly Change[] }
  /** In which its seats were booked by it, earlier. */
  | { readonly repeats: string }
  | { readonly code: string; readonly seats: Readonly<Record<SeatName, string>> };

export function effectOf({ name, holder, seats, alias }: ModelCommand, scene: Scene, limits: SeatLimits): Effect {
  const { changes: from, leaves: status, refusesFree, refusal, isOfHouse } = SEAT_CONTRACTS[name];
  const found = seats.map((seat) => [seat, scene.get(seat)!] as const);
  if (status === 'BOOKED') {
    const bookingId = found[0]?.[1].bookingId;
    const isOne = found.every(
      ([, seat]) => seat.status === 'BOOKED' && seat.holder === holder && seat.bookingId === bookingId,
    );
    if (bookingId !== undefined && isOne && scene.booked(bookingId).length === seats.length)
      return { repeats: bookingId };
  }
  const refused: Record<SeatName, string> = {};
  for (const [seat, was] of found) {
    if (was.status === 'BLOCKED') {
      if (status !== 'BLOCKED') refused[seat] = 'SEAT_BLOCKED';
    } else if (was.status === 'BOOKED') refused[seat] = 'SEAT_BOOKED';
    else if (was.status === 'HELD' && (isOfHouse || was.holder !== holder)) refused[seat] = 'SEAT_HELD';
    else if (was.status === 'AVAILABLE' && refusesFree) refused[seat] = refusesFree;
  }
  if (refusal !== undefined && Object.keys(refused).length > 0) return { code: refusal, seats: refused };

  const changed = found.filter(([, was]) => was.status === from);
  if (status === 'HELD' && changed.length > 0) {
    const held = scene.count(holder, 'HELD') + changed.length;
    if (held > limits.held) return { code: 'HOLD_LIMIT_EXCEEDED', seats: {} };
    if (held + scene.count(holder, 'BOOKED') > limits.seats) return { code: 'SEAT_LIMIT_EXCEEDED', seats: {} };
  }
  const after = (seat: SeatName) => {
    if (status === 'HELD') return { holder, deadline: `${alias} ${seat}` };
    return status === 'BOOKED' ? { holder, bookingId: alias } : {};
  };
  return { changes: changed.map(([seat, was]) => [seat, { status, version: was.version + 1, ...after(seat) }]) };
}

/** A deadline has come: the seat is available, and one version on. Nothing, where that hold is not there any more. */
export function lapse(seat: SeatName, deadline: Deadline, scene: Scene): readonly Change[] {
  const was = scene.get(seat)!;
  return was.status === 'HELD' && was.deadline === deadline
    ? [[seat, { status: 'AVAILABLE', version: was.version + 1 }]]
    : [];
}

/**
 * The changes of a command that got this answer; undefined when it can't have got it in this scene. An answer also tells
 * facts that were unknown until then: deadlines and bookings of earlier commands that were not answered.
 */
export function effectByAnswer(
  command: ModelCommand,
  answer: Answer,
  scene: Scene,
  limits: SeatLimits,
): readonly Change[] | undefined {
  // Closed sales are no matter of the seats: a refusal that tells nothing of them.
  if (answer.kind === 'refused' && answer.code === 'SALES_CLOSED') return [];
  const effect = effectOf(command, scene, limits);
  if (answer.kind === 'refused') {
    return 'code' in effect && effect.code === answer.code && isSame(effect.seats, answer.seats) ? [] : undefined;
  }
  if ('code' in effect) return undefined;
  if ('repeats' in effect) {
    if (answer.kind !== 'booked') return undefined;
    if (effect.repeats === answer.bookingId) return [];
    return isAlias(effect.repeats) ? named(command.seats, scene, { bookingId: answer.bookingId }) : undefined;
  }
  switch (answer.kind) {
    case 'held':
      return heldAs(answer, effect.changes, scene);
    case 'booked':
      return scene.booked(answer.bookingId).length > 0
        ? undefined
        : effect.changes.map(([seat, state]) => [seat, { ...state, bookingId: answer.bookingId }]);
    case 'released': {
      const released = effect.changes
        .map(([seat]) => seat)
        .sort()
        .join();
      return released === [...answer.seats].sort().join() ? effect.changes : undefined;
    }
    case 'seen':
      return undefined;
  }
}

function heldAs(
  answer: Extract<Answer, { kind: 'held' }>,
  made: readonly Change[],
  scene: Scene,
): readonly Change[] | undefined {
  const changes: Change[] = [];
  const after = new Map(made);
  for (const { seat, version, deadlineMs } of answer.seats) {
    const state = after.get(seat) ?? scene.get(seat);
    if (!state || state.version !== version) return undefined;
    if (state.deadline === deadlineMs) continue;
    if (typeof state.deadline !== 'string') return undefined;
    changes.push([seat, { ...state, deadline: deadlineMs }]);
  }
  return changes;
}

/** The news of a read, as changes of the model alone; undefined when the seats can't be seen so in this scene. */
export function effectOfRead(
  reader: string,
  { seats }: Extract<Answer, { kind: 'seen' }>,
  scene: Scene,
): readonly Change[] | undefined {
  let changes: Change[] | undefined;
  for (const { seat, status, version, deadlineMs } of seats) {
    const state = scene.get(seat);
    if (!state || state.status !== status || state.version !== version) return undefined;
    const isMine = status === 'HELD' && state.holder === reader;
    if (isMine !== (deadlineMs !== null)) return undefined;
    if (!isMine || state.deadline === deadlineMs) continue;
    if (typeof state.deadline !== 'string') return undefined;
    (changes ??= []).push([seat, { ...state, deadline: deadlineMs! }]);
  }
  return changes ?? [];
}

/** Whether a seat can never be seen so again: versions only rise, and a version is in one status. */
export function isPast({ seat, version, status }: SeenSeat, scene: Scene): boolean {
  const state = scene.get(seat);
  return !state || state.version > version || (state.version === version && state.status !== status);
}

/** Whether a seat must change before it can be seen so. */
export function isToCome({ seat, version }: SeenSeat, scene: Scene): boolean {
  return scene.get(seat)?.version !== version;
}

/** Whether to see a seat so is to learn its deadline. */
export function isNews({ seat, deadlineMs }: SeenSeat, scene: Scene): boolean {
  return deadlineMs !== null && scene.get(seat)?.deadline !== deadlineMs;
}

/** Whether a command can never be answered so again: a booked seat stays booked, and a hold has told its version. */
export function isOver({ holder, seats }: ModelCommand, answer: Answer, scene: Scene): boolean {
  if (answer.kind === 'held')
    return answer.seats.some(({ seat, version }) => isPast({ seat, version, status: 'HELD', deadlineMs: null }, scene));
  return seats.some((seat) => {
    const state = scene.get(seat);
    if (state?.status !== 'BOOKED') return false;
    if (answer.kind === 'refused')
      return (
        (answer.seats[seat] ?? 'SEAT_BOOKED') !== 'SEAT_BOOKED' ||
        (!(seat in answer.seats) && Object.keys(answer.seats).length > 0)
      );
    return (
      answer.kind !== 'booked' ||
      state.holder !== holder ||
      (state.bookingId !== answer.bookingId && !isAlias(state.bookingId!))
    );
  });
}

const isAlias = (id: string) => id.startsWith('?');

function named(seats: readonly SeatName[], scene: Scene, known: Partial<ModelSeat>): Change[] {
  return seats.map((seat) => [seat, { ...scene.get(seat)!, ...known }]);
}

function isSame(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}
