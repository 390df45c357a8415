import { statusAfter } from './commands';
import type { SeatName, SeenSeat } from './history';
import type { Operation } from './operations';
import { firstIndex } from './sorted';

/** A row of the ledger as stored. */
export interface Step {
  readonly showId: number;
  readonly seat: SeatName;
  /** Of the seat after the step. */
  readonly version: number;
  readonly command: string;
  readonly holder: string;
  readonly deadlineMs: number;
  readonly bookingId: string | null;
  /** By the server's clock. */
  readonly atMs: number;
  /** Which transaction wrote it. */
  readonly transaction: string;
}

const isHold = (step: Step | undefined): step is Step => step !== undefined && statusAfter(step.command) === 'HELD';

/** PURE. The ledger of all seats, to be asked how a seat was in each of its versions. */
export class SeatLedger {
  private readonly seats = new Map<string, Map<number, Step>>();
  /** By seat, in order of their versions. */
  private readonly bySeat = new Map<string, Step[]>();
  private readonly bookings = new Map<string, Step[]>();

  /** @param all each seat's in order of their versions */
  constructor(readonly all: readonly Step[]) {
    for (const step of all) {
      const name = `${step.showId} ${step.seat}`;
      const steps = this.bySeat.get(name);
      if (steps) steps.push(step);
      else this.bySeat.set(name, [step]);
      const seat = this.seats.get(name) ?? new Map<number, Step>();
      this.seats.set(name, seat.set(step.version, step));
      if (step.bookingId === null) continue;
      const booking = `${step.showId} ${step.bookingId}`;
      this.bookings.set(booking, [...(this.bookings.get(booking) ?? []), step]);
    }
  }

  step(showId: number, seat: SeatName, version: number): Step | undefined {
    return this.seats.get(`${showId} ${seat}`)?.get(version);
  }

  booking(showId: number, bookingId: string): readonly Step[] {
    return this.bookings.get(`${showId} ${bookingId}`) ?? [];
  }

  /** How a seat, as a reader saw it up to a time of the server's clock, contradicts the ledger; undefined when it does not. */
  contradiction(
    showId: number,
    { seat, status, version, deadlineMs }: SeenSeat,
    reader: string,
    atMs: number,
  ): string | undefined {
    const step = this.step(showId, seat, version);
    if (!step) {
      if (version === 0 && status === 'AVAILABLE') return undefined;
      // A lapsed hold that nothing has tidied up shows the version that its expiry will have.
      const before = this.step(showId, seat, version - 1);
      return status === 'AVAILABLE' && isHold(before) && before.deadlineMs <= atMs
        ? undefined
        : 'there is no such version';
    }
    const isMine = isHold(step) && step.holder === reader;
    const isSame =
      statusAfter(step.command) === status && (isMine ? deadlineMs === step.deadlineMs : deadlineMs === null);
    return isSame ? undefined : `it was a ${step.command} by ${step.holder}`;
  }

  /** Whether a seat was refused with reason in one of its versions, within a period of the server's clock. */
  couldRefuse(
    showId: number,
    seat: SeatName,
    versions: { from: number; to: number },
    reason: string,
    holder: string,
    period: { fromMs: number; toMs: number },
  ): boolean {
    for (let version = versions.from; version <= versions.to; version++) {
      const step = this.step(showId, seat, version);
      if (!step && version > 0) {
        const before = this.step(showId, seat, version - 1);
        return reason === 'HOLD_GONE' && isHold(before) && before.deadlineMs <= period.toMs;
      }
      const status = step ? statusAfter(step.command) : 'AVAILABLE';
      if (reason === 'SEAT_BOOKED' && status === 'BOOKED') return true;
      if (reason === 'SEAT_HELD' && isHold(step) && step.holder !== holder && step.deadlineMs > period.fromMs)
        return true;
      if (reason === 'HOLD_GONE' && (status === 'AVAILABLE' || (isHold(step) && step.deadlineMs <= period.toMs)))
        return true;
    }
    return false;
  }

  /** Whether a seat was, at the end of the transaction that made a step of the same command, as the command leaves it. */
  isDoneBy({ command, holder, showId }: Operation, seat: SeatName, made: Step): boolean {
    const leaves = statusAfter(command);
    if (leaves === 'BOOKED') {
      return this.booking(showId, made.bookingId ?? '').some(
        (step) => step.seat === seat && step.transaction === made.transaction,
      );
    }
    if (seat === made.seat) return true;
    const steps = this.bySeat.get(`${showId} ${seat}`) ?? [];
    if (leaves === 'AVAILABLE' && (steps.length === 0 || steps[0]!.atMs >= made.atMs)) return true;
    // Times don't fall from version to version: how the seat was just before, and all that became of it at that time.
    for (
      let index = Math.max(0, firstIndex(steps, ({ atMs }) => atMs >= made.atMs) - 1);
      index < steps.length;
      index++
    ) {
      const step = steps[index]!;
      if (step.atMs > made.atMs) break;
      if (statusAfter(step.command) === leaves && (leaves === 'AVAILABLE' || step.holder === holder)) return true;
      // A lapsed hold is none, whether or not it was tidied up.
      if (leaves === 'AVAILABLE' && isHold(step) && step.deadlineMs <= made.atMs) return true;
    }
    return false;
  }
}
