import type { AppConfig } from '../platform/config/app-config';
import type { PipelinedTransaction } from '../platform/database/pipelined-transaction';
import { WIDE_FACTOR } from '../platform/http/client-address';
import type { FixedWindows } from '../platform/http/fixed-windows';
import { salesCloseMs, salesOpen } from '../shows/sales-window';
import { sendShowSales, ShowSales } from '../shows/show-sales';
import { AddressHolds, sendAddressHolds } from './address-holds';
import type { Scene } from './commands/command';
import { COMMAND_RULES } from './commands/registry';
import { DeadlineGuard } from './deadline-guard';
import { HoldingsByHolder, sendHoldings } from './holdings';
import { KeyRules, StoredAnswers } from './idempotency/stored-answers';
import { sendLimitLocks } from './limit-locks';
import type { BookingView, SeatCommand, SeatCommandAnswer, SeatCommandOutcome } from './seat-command';
import { decide, Decision } from './seat-decision';
import type { Seals } from '../platform/seals';
import { LockedSeat, SeatLock, sendClock, ShowSeat } from './seat-lock';
import { sendSeatUpdate, sendTransitions } from './seat-rows';
import { SeatSeals } from './seat-seals';
import { seatKey, SeatState, SeatTransition } from './seat-transitions';
import type { NewBooking, TransactionWriter } from './transaction-writer';

/** What the scene needs beside the database. */
export interface SeatRules {
  readonly holds: AppConfig['holds'];
  readonly idempotency: KeyRules;
}

/** The locked seats of one transaction in memory, as the commands decided so far have left them, and the rows to write. */
export class SeatScene {
  private readonly seats: Map<string, SeatState>;
  private readonly changedKeys = new Set<string>();
  private readonly transitions: SeatTransition[] = [];
  private readonly newBookings: NewBooking[] = [];
  private readonly guard: DeadlineGuard;

  private constructor(
    private readonly locked: readonly LockedSeat[],
    private readonly nowMs: number,
    private readonly shows: ReadonlyMap<number, ShowSales>,
    private readonly holdings: HoldingsByHolder,
    private readonly addressHolds: AddressHolds,
    private readonly answers: StoredAnswers,
    private readonly bookings: Map<string, BookingView>,
    private readonly writer: TransactionWriter,
    private readonly rules: SeatRules,
    private readonly seals: Seals,
  ) {
    this.seats = new Map(locked.map((seat) => [seatKey(seat.showId, seat), seat]));
    this.guard = new DeadlineGuard(nowMs);
  }

  /** Locks every seat the commands name, and reads behind the locks all that deciding needs: one round trip, seldom two. */
  static async read(
    transaction: PipelinedTransaction,
    lock: SeatLock,
    commands: readonly SeatCommand[],
    writer: TransactionWriter,
    rules: SeatRules,
    keyCounts: FixedWindows,
    seals: Seals,
  ): Promise<SeatScene> {
    const taking = commands.filter(({ name }) => COMMAND_RULES[name].takesSeats);
    const [locked, , nowMs, shows, holdings, addressHolds, answers] = await transaction.stage([
      lock.send(transaction, namedSeats(commands)),
      sendLimitLocks(transaction, taking),
      sendClock(transaction),
      sendShowSales(transaction, [...new Set(commands.map(({ showId }) => showId))]),
      sendHoldings(transaction, taking),
      sendAddressHolds(transaction, taking),
      StoredAnswers.send(transaction, commands, rules.idempotency, keyCounts),
    ] as const);
    const repeated = bookedTogether(commands, locked);
    const [bookings] =
      repeated.length > 0 ? await transaction.stage([writer.find(transaction, repeated)] as const) : [[]];
    const byId = new Map(bookings.map((booking) => [booking.id, booking]));
    return new SeatScene(locked, nowMs, shows, holdings, addressHolds, answers, byId, writer, rules, seals);
  }

  /** Decides the next command. What it changes is what the commands after it see. */
  decide(command: SeatCommand): SeatCommandAnswer {
    const replayed = this.answers.replay(command);
    if (replayed) return { ...replayed, outcome: retold(replayed.outcome, this.nowMs) };
    const scene = this.seenBy(command);
    const decision = decide(command, scene);
    const waitMs = this.noteDeadlines(command, decision, scene);
    if (waitMs > 0) return { outcome: { kind: 'set-aside', waitMs }, replayed: false };
    const outcome = this.take(command, decision);
    this.answers.keep(command, outcome);
    return { outcome, replayed: false };
  }

  /** Whether there is nothing to write. Refusals and repetitions describe rows that are committed already. */
  get isUnchanged(): boolean {
    return this.transitions.length === 0 && !this.answers.hasNew;
  }

  /**
   * Sends what has changed: at most one statement a table, and none where nothing changed.
   *
   * @returns the changed seats as they are afterwards
   */
  write(transaction: PipelinedTransaction): SeatState[] {
    const changed = [...this.changedKeys].map((key) => this.seats.get(key)!);
    if (this.transitions.length > 0) {
      const chains = new SeatSeals(
        this.seals,
        this.locked.map((seat) => [seatKey(seat.showId, seat), seat.seal]),
      );
      const seals = chains.sealSteps(this.transitions, this.nowMs);
      sendSeatUpdate(
        transaction,
        changed,
        changed.map((seat) => chains.lastOf(seatKey(seat.showId, seat))),
      );
      sendTransitions(transaction, this.transitions, seals, this.nowMs);
    }
    if (this.newBookings.length > 0) this.writer.write(transaction, this.newBookings, this.seals);
    this.answers.write(transaction, this.nowMs, this.seals);
    this.guard.send(transaction, new Set(this.transitions.map(({ showId }) => showId)));
    return changed;
  }

  /** To be called once what was written is committed. */
  committed(): void {
    this.answers.count();
  }

  private seenBy(command: SeatCommand): Scene {
    const show = this.shows.get(command.showId);
    const { writer } = this;
    let newBooking: Scene['newBooking'] | undefined;
    return {
      nowMs: this.nowMs,
      holdTtlMs: this.rules.holds.ttlMs,
      maxHeldSeats: this.rules.holds.maxPerHolder,
      maxSeats: this.rules.holds.maxSeatsPerHolder,
      maxHeldSeatsPerAddress: this.rules.holds.maxPerAddress,
      maxHeldSeatsPerNetwork: this.rules.holds.maxPerAddress * WIDE_FACTOR,
      reholdCooldownMs: this.rules.holds.reholdCooldownMs,
      show: show && {
        salesOpen: salesOpen(show, this.nowMs),
        salesCloseMs: salesCloseMs(show),
        currency: show.currency,
      },
      seats: this.seats,
      holdings: this.holdings.of(command),
      heldFrom: (key) => this.addressHolds.of(key),
      bookingSize: (bookingId) => this.bookings.get(bookingId)?.seats.length,
      // Made for the few commands that ask for it.
      get newBooking() {
        return (newBooking ??= writer.newBooking());
      },
    };
  }

  private take(command: SeatCommand, decision: Decision): SeatCommandOutcome {
    if (decision.kind === 'repeated-booking') {
      return { kind: 'booked', booking: this.bookings.get(decision.bookingId)! };
    }
    if (decision.kind !== 'accepted') return decision;
    const { seats, transitions, outcome } = decision;
    this.transitions.push(...transitions);
    for (const seat of seats) {
      const key = seatKey(seat.showId, seat);
      const before = this.seats.get(key)!;
      // A seat that takes no step is the very object it was.
      if (before === seat) continue;
      this.addressHolds.apply(before, seat);
      this.seats.set(key, seat);
      this.changedKeys.add(key);
    }
    this.holdings.apply(transitions, seats);
    if ('booking' in outcome) {
      this.bookings.set(outcome.booking.id, outcome.booking);
      this.newBookings.push({ ...outcome.booking, holderId: command.holderId!, sold: seats });
    }
    return outcome;
  }

  /**
   * Notes which holds the decision took for live: those of the named seats, and those counted against the limit.
   *
   * @returns how long until the last of those lapses that are too close to their deadlines; 0 if none is
   */
  private noteDeadlines({ showId, seats, actorId, address }: SeatCommand, decision: Decision, scene: Scene): number {
    // A sweep looks for lapsed holds, and decides nothing by live ones.
    if (actorId === null) return 0;
    let waitMs = 0;
    const note = (deadlineMs: number | null | undefined) => {
      waitMs = Math.max(waitMs, this.guard.note(showId, deadlineMs));
    };
    for (const seat of seats) note(scene.seats.get(seatKey(showId, seat))?.holdExpiresAtMs);
    if (decision.kind === 'refused' && decision.limit !== undefined) {
      for (const { holdExpiresAtMs } of scene.holdings.holds.values()) note(holdExpiresAtMs);
      for (const key of address ? [address.addressKey, address.networkKey] : []) {
        if (key !== null) for (const deadlineMs of scene.heldFrom(key).keys()) note(deadlineMs);
      }
    }
    return waitMs;
  }
}

/** A stored outcome as it is told now. Clients set their clocks by the time in it, so that is the time of the telling. */
function retold(outcome: SeatCommandOutcome, nowMs: number): SeatCommandOutcome {
  return 'serverTimeMs' in outcome ? { ...outcome, serverTimeMs: nowMs } : outcome;
}

/** Every seat the commands name, once. */
export function namedSeats(commands: readonly SeatCommand[]): ShowSeat[] {
  const named = new Map<string, ShowSeat>();
  for (const { showId, seats } of commands) {
    for (const { row, number } of seats) named.set(seatKey(showId, { row, number }), { showId, row, number });
  }
  return [...named.values()];
}

/** The stored bookings that a command may be repeating, as all its seats carry the same one. */
function bookedTogether(
  commands: readonly SeatCommand[],
  locked: readonly SeatState[],
): { showId: number; bookingId: string }[] {
  const booked = new Map(
    locked.flatMap((seat) => (seat.bookingId ? [[seatKey(seat.showId, seat), seat.bookingId]] : [])),
  );
  if (booked.size === 0) return [];
  const found = new Map<string, { showId: number; bookingId: string }>();
  for (const { name, showId, seats } of commands) {
    if (!COMMAND_RULES[name].repeatedBooking) continue;
    const [bookingId, ...others] = new Set(seats.map((seat) => booked.get(seatKey(showId, seat))));
    if (bookingId && others.length === 0) found.set(bookingId, { showId, bookingId });
  }
  return [...found.values()];
}
