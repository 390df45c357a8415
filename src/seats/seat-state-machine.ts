import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { APP_CONFIG } from '../platform/config/app-config';
import type { AppConfig } from '../platform/config/app-config';
import { CommitUnknownError, PipelinedTransaction } from '../platform/database/pipelined-transaction';
import { sumMoney } from '../platform/money';
import { salesOpen } from '../shows/sales-window';
import { sendShowSales, ShowSales } from '../shows/show-sales';
import { BookingLedger, NewBooking } from './booking-ledger';
import {
  idempotencyKey,
  isKeyed,
  KnownAnswer,
  NewAnswer,
  sendForget,
  sendKnownAnswers,
  sendNewAnswers,
  StoredAnswer,
} from './idempotency/idempotency';
import { SeatChanges } from './seat-changes';
import type { BookingView, SeatCommand, SeatCommandAnswer, SeatCommandOutcome, StoredOutcome } from './seat-command';
import { decide, Decision, Holdings, NO_HOLDINGS } from './seat-decision';
import {
  HoldRow,
  SeatLock,
  sendClock,
  sendDeadlineGuard,
  sendHoldings,
  sendSeatUpdate,
  sendTransitions,
} from './seat-rows';
import { seatKey, SeatRef, SeatState, SeatTransition } from './seat-transitions';

/**
 * The only writer of a seat's status: lock, clock, decide, write. Takes any number of commands into one transaction and
 * decides them in order, each seeing the effect of those before it. See README.md beside this file.
 */
@Injectable()
export class SeatStateMachine {
  private readonly lock: SeatLock;

  constructor(
    private readonly dataSource: DataSource,
    private readonly bookings: BookingLedger,
    private readonly changes: SeatChanges,
    @Inject(APP_CONFIG)
    private readonly config: Pick<AppConfig, 'holds' | 'idempotency'>,
  ) {
    this.lock = new SeatLock(dataSource);
  }

  /**
   * Runs the commands as one transaction and returns their answers, in order, once it is committed. A refusal is an answer.
   *
   * @throws CommitUnknownError when the commit's outcome is unknown; any other error means that nothing was changed
   */
  async execute(commands: readonly SeatCommand[]): Promise<SeatCommandAnswer[]> {
    const transaction = await PipelinedTransaction.begin(this.dataSource);
    let scene: LockedScene;
    let answers: SeatCommandAnswer[];
    try {
      scene = await this.readLocked(transaction, commands);
      answers = commands.map((command) => this.answer(command, scene));
      if (scene.unchanged) {
        // Refusals and repetitions are true of what is committed already: nobody needs to wait for the end of this.
        void transaction.rollback(undefined);
        return answers;
      }
      scene.sendChanges(transaction, this.bookings);
      await transaction.commit();
    } catch (error) {
      if (error instanceof CommitUnknownError) this.changes.uncertain(commands.map((command) => command.showId));
      await transaction.rollback(error);
      throw error;
    }
    // Behind the commit nothing may fail: whoever takes a committed command for a failed one would run it again.
    this.changes.committed(scene.changed);
    return answers;
  }

  /** Which of the commands name a seat that somebody else has locked right now. */
  async findStuck(commands: readonly SeatCommand[]): Promise<Set<SeatCommand>> {
    const transaction = await PipelinedTransaction.begin(this.dataSource);
    try {
      const found = this.lock.sendFindLocked(transaction, namedSeats(commands));
      found.catch(() => undefined); // stage() reports it
      await transaction.stage();
      const locked = await found;
      return new Set(commands.filter(({ showId, seats }) => seats.some((seat) => locked.has(seatKey(showId, seat)))));
    } finally {
      await transaction.rollback(undefined);
    }
  }

  /** Locks every seat the commands name, and reads behind the locks all that deciding needs: one round trip. */
  private async readLocked(transaction: PipelinedTransaction, commands: readonly SeatCommand[]): Promise<LockedScene> {
    const holders = new Map<string, { showId: number; holderId: string }>();
    for (const { name, showId, holderId } of commands) {
      if (name === 'hold' && holderId !== null) holders.set(holdingsKey(showId, holderId), { showId, holderId });
    }
    const keyed = commands.filter(isKeyed);

    const reads = Promise.all([
      this.lock.send(transaction, namedSeats(commands)),
      sendClock(transaction),
      sendShowSales(transaction, [...new Set(commands.map((command) => command.showId))]),
      holders.size > 0 ? sendHoldings(transaction, [...holders.values()]) : [],
      keyed.length > 0 ? sendKnownAnswers(transaction, keyed, this.config.idempotency.ttlHours) : [],
    ]);
    reads.catch(() => undefined); // stage() reports the one that failed first
    await transaction.stage();
    const [seats, nowMs, shows, holds, known] = await reads;

    const scene = new LockedScene(seats, nowMs, shows, holds, known);
    const repeated = scene.bookedTogether(commands);
    if (repeated.length > 0) {
      const found = this.bookings.find(transaction, repeated);
      found.catch(() => undefined);
      await transaction.stage();
      for (const booking of await found) scene.bookings.set(booking.id, booking);
    }
    return scene;
  }

  private answer(command: SeatCommand, scene: LockedScene): SeatCommandAnswer {
    if (!isKeyed(command)) return { outcome: this.decideAndApply(command, scene), replayed: false };

    const { holderId, idempotency } = command;
    const known = scene.known.get(idempotencyKey(holderId, idempotency.key));
    if (known) {
      return known.fingerprint.equals(idempotency.fingerprint)
        ? { outcome: known.outcome, replayed: true }
        : { outcome: { kind: 'key-reused' }, replayed: false };
    }
    const outcome = this.decideAndApply(command, scene);
    if (outcome.kind !== 'slots-taken' && outcome.kind !== 'key-reused') {
      scene.remember({ holderId, key: idempotency.key, fingerprint: idempotency.fingerprint, outcome });
    }
    return { outcome, replayed: false };
  }

  private decideAndApply(command: SeatCommand, scene: LockedScene): SeatCommandOutcome {
    const show = scene.shows.get(command.showId);
    const newBookingId = randomUUID();
    const decision = decide(command, {
      nowMs: scene.nowMs,
      holdTtlMs: this.config.holds.ttlMs,
      maxHeldSeats: this.config.holds.maxPerHolder,
      show: show && { salesOpen: salesOpen(show, scene.nowMs) },
      seats: scene.seats,
      holdings: scene.holdings(command.showId, command.holderId),
      bookingSize: (bookingId) => scene.bookings.get(bookingId)?.seats.length,
      newBookingId,
    });
    scene.relyOn(command, decision);
    if (decision.kind === 'refused' || decision.kind === 'slots-taken') return decision;
    if (decision.kind === 'repeated-booking') {
      return { kind: 'booked', booking: scene.bookings.get(decision.bookingId)! };
    }
    scene.apply(decision);
    return this.outcome(command, decision, scene, show!, newBookingId);
  }

  private outcome(
    command: SeatCommand,
    { seats, transitions }: Extract<Decision, { kind: 'accepted' }>,
    scene: LockedScene,
    { currency }: ShowSales,
    bookingId: string,
  ): StoredOutcome {
    const { showId } = command;
    const changed = () => transitions.map(({ row, number }) => ({ row, number }));
    const total = () => sumMoney(seats.map((seat) => seat.price));
    switch (command.name) {
      case 'hold':
        return {
          kind: 'held',
          showId,
          seats: seats.map(({ row, number, version, holdExpiresAtMs }) => ({
            row,
            number,
            version,
            holdExpiresAtMs: holdExpiresAtMs!,
          })),
          totalPrice: total(),
          currency,
          serverTimeMs: scene.nowMs,
        };
      case 'book': {
        const booking: BookingView = {
          id: bookingId,
          reference: this.bookings.newReference(),
          showId,
          seats: seats.map(({ row, number }) => ({ row, number })),
          totalPaid: total(),
          currency,
          bookedAtMs: scene.nowMs,
        };
        scene.book(booking, { ...booking, holderId: command.holderId!, seats });
        return { kind: 'booked', booking };
      }
      case 'release':
        return { kind: 'released', showId, released: changed() };
      case 'expire':
        return { kind: 'expired', expired: changed() };
    }
  }
}

/** Every seat the commands name, once. */
function namedSeats(commands: readonly SeatCommand[]): (SeatRef & { showId: number })[] {
  const named = new Map<string, SeatRef & { showId: number }>();
  for (const { showId, seats } of commands) {
    for (const { row, number } of seats) named.set(seatKey(showId, { row, number }), { showId, row, number });
  }
  return [...named.values()];
}

function holdingsKey(showId: number, holderId: string): string {
  return `${showId} ${holderId}`;
}

/** The locked rows in memory, as the commands decided so far have left them, and what is to be written. */
class LockedScene {
  readonly seats = new Map<string, SeatState>();
  readonly bookings = new Map<string, BookingView>();
  readonly known = new Map<string, KnownAnswer>();
  private readonly allHoldings = new Map<
    string,
    { holds: Map<string, SeatRef & { holdExpiresAtMs: number }>; slotOwners: Map<number, string> }
  >();
  private readonly changedSeats = new Set<string>();
  private readonly transitions: SeatTransition[] = [];
  private readonly newBookings: NewBooking[] = [];
  private readonly newAnswers: NewAnswer[] = [];
  private readonly expiredAnswers: StoredAnswer[] = [];
  /** By show: the earliest deadline of the holds that had to be live for what was decided. */
  private readonly reliedOnMs = new Map<number, number>();

  constructor(
    seats: readonly SeatState[],
    readonly nowMs: number,
    readonly shows: ReadonlyMap<number, ShowSales>,
    holds: readonly HoldRow[],
    known: readonly StoredAnswer[],
  ) {
    for (const answer of known) {
      if (answer.expired) this.expiredAnswers.push(answer);
      else this.known.set(idempotencyKey(answer.holderId, answer.key), answer);
    }
    for (const seat of seats) this.seats.set(seatKey(seat.showId, seat), seat);
    for (const hold of holds) {
      const key = seatKey(hold.show_id, hold);
      const holdings = this.holdingsOf(hold.show_id, hold.holder_id);
      holdings.holds.set(key, { row: hold.row, number: hold.number, holdExpiresAtMs: hold.hold_expires_at.getTime() });
      holdings.slotOwners.set(hold.hold_slot, key);
    }
  }

  holdings(showId: number, holderId: string | null): Holdings {
    return (holderId !== null && this.allHoldings.get(holdingsKey(showId, holderId))) || NO_HOLDINGS;
  }

  private holdingsOf(showId: number, holderId: string) {
    const key = holdingsKey(showId, holderId);
    let holdings = this.allHoldings.get(key);
    if (!holdings) this.allHoldings.set(key, (holdings = { holds: new Map(), slotOwners: new Map() }));
    return holdings;
  }

  /** Stored bookings that a `book` may be repeating, as all its seats carry them. */
  bookedTogether(commands: readonly SeatCommand[]): { showId: number; bookingId: string }[] {
    const found = new Map<string, { showId: number; bookingId: string }>();
    for (const { name, showId, seats } of commands) {
      if (name !== 'book') continue;
      const ids = new Set(seats.map((seat) => this.seats.get(seatKey(showId, seat))?.bookingId));
      const [bookingId] = ids;
      if (ids.size === 1 && bookingId) found.set(bookingId, { showId, bookingId });
    }
    return [...found.values()];
  }

  /**
   * Notes which holds the decision took for live. What it tells of them belongs to the same instant as the changes of the
   * transaction, and those are seen from the commit on: the holds must not have lapsed by then. Called before the decision
   * is applied.
   */
  relyOn({ name, showId, holderId, seats }: SeatCommand, decision: Decision): void {
    if (name === 'expire') return;
    const isOverLimit = decision.kind === 'refused' && decision.code === 'HOLD_LIMIT_EXCEEDED';
    const counted = isOverLimit ? [...this.holdings(showId, holderId).holds.values()] : [];
    const named = seats.flatMap((seat) => this.seats.get(seatKey(showId, seat)) ?? []);
    for (const { holdExpiresAtMs } of [...named, ...counted]) {
      if (holdExpiresAtMs === null || holdExpiresAtMs <= this.nowMs) continue;
      this.reliedOnMs.set(showId, Math.min(holdExpiresAtMs, this.reliedOnMs.get(showId) ?? Infinity));
    }
  }

  apply({ seats, transitions }: Extract<Decision, { kind: 'accepted' }>): void {
    for (const step of transitions) {
      const key = seatKey(step.showId, step);
      this.transitions.push(step);
      this.changedSeats.add(key);
      if (step.from === 'HELD' && step.holderId !== null) {
        this.allHoldings.get(holdingsKey(step.showId, step.holderId))?.holds.delete(key);
      }
    }
    for (const seat of seats) {
      const key = seatKey(seat.showId, seat);
      this.seats.set(key, seat);
      if (seat.status === 'HELD') {
        const holdings = this.holdingsOf(seat.showId, seat.holderId!);
        holdings.holds.set(key, { row: seat.row, number: seat.number, holdExpiresAtMs: seat.holdExpiresAtMs! });
        holdings.slotOwners.set(seat.holdSlot!, key);
      }
    }
  }

  book(view: BookingView, booking: NewBooking): void {
    this.bookings.set(view.id, view);
    this.newBookings.push(booking);
  }

  remember(answer: NewAnswer): void {
    this.known.set(idempotencyKey(answer.holderId, answer.key), answer);
    this.newAnswers.push(answer);
  }

  /** Whether there is nothing to write. */
  get unchanged(): boolean {
    return this.transitions.length === 0 && this.newAnswers.length === 0;
  }

  /** The changed seats as they are afterwards. */
  get changed(): SeatState[] {
    return [...this.changedSeats].map((key) => this.seats.get(key)!);
  }

  /** Sends at most one statement a table, and none where nothing changed. */
  sendChanges(transaction: PipelinedTransaction, ledger: BookingLedger): void {
    if (this.transitions.length > 0) {
      sendSeatUpdate(transaction, this.changed);
      sendTransitions(transaction, this.transitions, this.nowMs);
    }
    if (this.newBookings.length > 0) ledger.insert(transaction, this.newBookings);
    if (this.expiredAnswers.length > 0) sendForget(transaction, this.expiredAnswers);
    if (this.newAnswers.length > 0) sendNewAnswers(transaction, this.newAnswers, this.nowMs);
    const deadlinesMs = this.transitions.flatMap(({ showId }) => this.reliedOnMs.get(showId) ?? []);
    if (deadlinesMs.length > 0) sendDeadlineGuard(transaction, Math.min(...deadlinesMs));
  }
}
