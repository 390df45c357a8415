import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Command, COMMAND_NAMES } from '../checkers/commands';
import type { Attempt, SeatName } from '../checkers/history';
import type { Choice, Random } from '../kit/random';
import type { Crowd } from './crowd';
import type { Recorder } from './recorder';
import type { Holder, Show } from './target';

/** How people behave, as shares of 1. */
export interface Manners {
  /** Of commands: carries an Idempotency-Key. */
  readonly keyed: number;
  /** Of commands: sent twice at once, as by a double click. */
  readonly doubled: number;
  /** Of commands: hangs up before the answer. */
  readonly dropped: number;
  /** Of commands without an answer: sent again. */
  readonly retried: number;
  /** How often a command is sent before it is given up. */
  readonly attempts: number;
  /** Longest pause before a command is sent again, in milliseconds. */
  readonly retryWithinMs: number;
  /** Of visits: looks at the seat map first, and picks what is free there. */
  readonly looks: number;
  /** Of holds: booked; released; the rest is walked away from. */
  readonly booked: number;
  readonly released: number;
  /** Of visits, while seats wait that were left: comes back for them. */
  readonly returns: number;
  /** Of holds: comes back when they are about to lapse, or just have, and books, releases or holds them again. */
  readonly punctual: number;
  /** Of visits: asks for something that makes no sense, such as booking what was never held. */
  readonly absurd: number;
}

export const MIXED: Manners = {
  keyed: 0.5,
  doubled: 0.04,
  dropped: 0.03,
  retried: 0.8,
  attempts: 4,
  retryWithinMs: 40,
  looks: 0.4,
  booked: 0.06,
  released: 0.84,
  returns: 0.3,
  punctual: 0.3,
  absurd: 0.05,
};

export const BUYING: Manners = { ...MIXED, booked: 0.9, released: 0.1, looks: 0.9, returns: 1, punctual: 0 };

/** Nothing that was begun is left open: every command has a key, and is sent until it is answered. */
export const PERSISTENT: Manners = {
  ...MIXED,
  keyed: 1,
  doubled: 0.02,
  dropped: 0.01,
  retried: 1,
  attempts: 300,
  retryWithinMs: 200,
};

const SEATS_MAX = 4;
const DROP_WITHIN_MS = 12;
const PAUSE_WHEN_LIMITED_MS = 1_000;

/** No person comes back for a hold that lasts longer. */
const PATIENCE_MS = 10_000;
/** When to be there: from so long before a deadline to so long after it. A request takes its time as well. */
const EARLY_MS = 150;
const LATE_MS = 50;
/** Nothing else is begun so shortly before. */
const READY_MS = 100;

interface Held {
  readonly show: Show;
  readonly seats: readonly SeatName[];
}

/** A simulated person after seats: looks, holds, collides, tries again, changes their mind, books, walks away. */
export class Person {
  /** Held, or perhaps held, and walked away from. */
  private left: Held[] = [];
  /** Held, with the time to be there again. */
  private readonly appointments: (Held & { readonly atMs: number })[] = [];

  constructor(
    private readonly holder: Holder,
    private readonly recorder: Recorder,
    private readonly crowd: Crowd,
    private readonly choice: Choice,
    private readonly random: Random,
    private readonly manners: Manners,
  ) {}

  /** Goes on until it is over, or everything is sold. */
  async live(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      const next = this.appointments[0];
      if (next && next.atMs - performance.now() < READY_MS) {
        await this.keep(this.appointments.shift()!);
        continue;
      }
      const show = this.crowd.show();
      if (!show) return;
      await this.visit(show);
    }
  }

  private async visit(show: Show): Promise<void> {
    const { random, manners } = this;
    const again = this.left.length > 0 && random.chance(manners.returns) ? this.left.shift() : undefined;
    if (again) return this.decide(again.show, again.seats);
    const seats = this.pick(random.chance(manners.looks) ? await this.look(show) : show.seats);
    if (random.chance(manners.absurd)) {
      await this.command(random.chance(0.5) ? 'book' : 'release', show, seats);
      return;
    }
    const held = await this.command('hold', show, seats);
    if (held.status !== null && held.answer?.kind !== 'held') return;
    if (random.chance(manners.punctual) && this.arrange(show, held)) return;
    if (random.chance(0.1)) await this.look(show);
    await this.decide(show, seats);
  }

  /** Notes when to come back for a hold, by the server's clock. False when that is too far off, or not known. */
  private arrange(show: Show, { seats, answer, answeredMs }: Attempt): boolean {
    if (answer?.kind !== 'held' || answeredMs === null) return false;
    const lastsMs = Math.min(...answer.seats.map(({ deadlineMs }) => deadlineMs)) - answer.serverTimeMs;
    if (lastsMs > PATIENCE_MS) return false;
    this.appointments.push({
      show,
      seats,
      atMs: answeredMs + lastsMs - EARLY_MS + this.random.next() * (EARLY_MS + LATE_MS),
    });
    return true;
  }

  private async keep({ show, seats, atMs }: Held & { readonly atMs: number }): Promise<void> {
    const leftMs = atMs - performance.now();
    if (leftMs > 0) await delay(leftMs);
    await this.command(COMMAND_NAMES[this.random.below(COMMAND_NAMES.length)]!, show, seats);
  }

  /** Books, releases or leaves the held seats: all of them, or some now and the rest another time. */
  private async decide(show: Show, held: readonly SeatName[]): Promise<void> {
    const { random, manners } = this;
    const seats = random.chance(0.8) ? held : held.slice(0, 1);
    const rest = held.slice(seats.length);
    if (rest.length > 0) this.left.push({ show, seats: rest });
    const end = random.next();
    if (end < manners.booked) {
      await this.command('book', show, seats);
      if (random.chance(0.3)) await this.command('book', show, seats);
    } else if (end < manners.booked + manners.released) {
      await this.command('release', show, seats);
    } else {
      this.left.push({ show, seats });
    }
  }

  /** The seats that are free, or all where none is. */
  private async look(show: Show): Promise<readonly SeatName[]> {
    const { answer } = await this.recorder.send({ holder: this.holder, command: 'read', showId: show.id, seats: [] });
    if (answer?.kind !== 'seen') return show.seats;
    this.crowd.saw(show, answer.seats);
    const free = answer.seats.filter(({ status }) => status === 'AVAILABLE').map(({ seat }) => seat);
    return free.length > 0 ? free : show.seats;
  }

  /** One to four seats side by side, more often fewer. */
  private pick(from: readonly SeatName[]): SeatName[] {
    const first = this.choice(this.random, from.length);
    const count = Math.min(1 + Math.floor(this.random.next() ** 2 * SEATS_MAX), from.length);
    const seats = Array.from({ length: count }, (_, index) => from[(first + index) % from.length]!);
    // In whatever order: the server must not care.
    return this.random.chance(0.5) ? seats : seats.reverse();
  }

  /** Sends a command until it is answered or given up; returns the last attempt. */
  private async command(command: Command, show: Show, seats: readonly SeatName[]): Promise<Attempt> {
    const { random, manners } = this;
    const key = random.chance(manners.keyed) ? randomUUID() : null;
    for (let attempts = 1; ; attempts++) {
      const isDropped = random.chance(manners.dropped);
      const question = { holder: this.holder, command, showId: show.id, seats, key };
      const send = () =>
        this.recorder.send(isDropped ? { ...question, dropAfterMs: random.next() * DROP_WITHIN_MS } : question);
      const [last] = (await Promise.all(random.chance(manners.doubled) ? [send(), send()] : [send()])) as [Attempt];
      if (last.status === 429) await delay(PAUSE_WHEN_LIMITED_MS);
      const isOpen = last.status === null || last.status >= 500 || last.code === 'IDEMPOTENCY_IN_PROGRESS';
      if (!isOpen || attempts === manners.attempts || !random.chance(manners.retried)) return last;
      await delay(random.next() * manners.retryWithinMs);
    }
  }
}
