import { Command, COMMANDS, HouseCommand, isOfHouse } from '../../proof/checkers/commands';
import type { SeatName } from '../../proof/checkers/history';
import { seatRef } from '../../proof/checkers/history';
import { ModelScene } from '../../proof/checkers/model-scene';
import { effectOf, ModelSeat, SeatLimits } from '../../proof/checkers/seat-rules';
import { instant, Unknown } from './unknowns';

/**
 * The API of one show as a client may know it, small enough that a reader can see that it is right. Commands run one
 * after the other, nothing is combined or swept, and a seat is available as soon as its hold lapses. The model keeps
 * only the facts that show in an answer. It shares no code with the server; the rules of seats are those of the
 * black-box checker.
 */

export interface CommandQuestion {
  readonly name: Command | HouseCommand;
  /** The number of the person. */
  readonly holder: number;
  readonly seats: readonly SeatName[];
  readonly key?: string | undefined;
  /** Asks for a show that does not exist. */
  readonly isElsewhere?: boolean | undefined;
}

/** A read by one of the people, or without a token. */
export interface ReadQuestion {
  readonly name: 'map' | 'show' | 'shows' | 'bookings';
  readonly holder: number | null;
}

export type Question = CommandQuestion | ReadQuestion;

export interface Expected {
  readonly status: number;
  readonly isReplayed: boolean;
  /** The fields that must be in the body, with an {@link Unknown} for each value that no answer told before. */
  readonly body: object;
}

export interface ShowModelOptions {
  readonly showId: number;
  readonly screen: string;
  readonly currency: string;
  readonly holdTtlMs: number;
  readonly limits: SeatLimits;
  /** In cents, by seat, in the order of seat maps. */
  readonly prices: ReadonlyMap<SeatName, number>;
}

interface Booking {
  readonly holder: number;
  readonly id: string;
  readonly view: object;
}

const STATUS: Readonly<Record<string, number>> = {
  SHOW_NOT_FOUND: 404,
  SEAT_NOT_FOUND: 404,
  IDEMPOTENCY_KEY_REUSED: 422,
};
const CONFLICT = 409;

export class ShowModel {
  private seats: ReadonlyMap<SeatName, ModelSeat>;
  private sales: 'OPEN' | 'CLOSED' = 'OPEN';
  private bookings: readonly Booking[] = [];
  /** By holder, show and key. */
  private answers: ReadonlyMap<string, { readonly meaning: string; readonly expected: Expected }> = new Map();
  /** All that were sent, to be sent again. */
  commands: readonly CommandQuestion[] = [];
  /** Counts questions. The count names the values that an answer makes up. */
  private asked = 0;

  constructor(private readonly options: ShowModelOptions) {
    this.seats = new Map([...options.prices.keys()].map((seat) => [seat, { status: 'AVAILABLE', version: 0 }]));
  }

  /** Another model in the same state. */
  copy(): ShowModel {
    return Object.assign(new ShowModel(this.options), this);
  }

  seat(seat: SeatName): ModelSeat | undefined {
    return this.seats.get(seat);
  }

  /** The seats of a holder, held ones first. */
  own(holder: number): SeatName[] {
    const own = [...this.seats].filter(([, seat]) => seat.holder === String(holder));
    const of = (status: ModelSeat['status']) => own.filter(([, seat]) => seat.status === status);
    return [...of('HELD'), ...of('BOOKED')].map(([seat]) => seat);
  }

  moveSales(to: 'OPEN' | 'CLOSED'): void {
    this.sales = to;
  }

  /** Lets the holds of these seats lapse. Returns the seats that were held. */
  lapse(seats: readonly SeatName[]): SeatName[] {
    const held = seats.filter((seat) => this.seats.get(seat)?.status === 'HELD');
    this.change(held.map((seat) => [seat, { status: 'AVAILABLE', version: this.seats.get(seat)!.version + 1 }]));
    return held;
  }

  /** The answer that the server must give. Afterwards the model takes it for given. */
  ask(question: Question): Expected {
    const alias = `?${++this.asked}`;
    switch (question.name) {
      case 'map':
        return ok(this.seatMap(question.holder, alias));
      case 'show':
        return ok(this.show());
      case 'shows':
        return ok({ shows: [this.show()], next: null });
      case 'bookings':
        return ok({
          bookings: this.bookings.filter(({ holder }) => holder === question.holder).map(({ view }) => view),
          next: null,
        });
      default:
        return this.command(question, alias);
    }
  }

  private command(question: CommandQuestion, alias: string): Expected {
    this.commands = [...this.commands, question];
    if (question.key === undefined) return this.decide(question, alias);
    const name = `${question.holder} ${question.isElsewhere ?? false} ${question.key}`;
    const meaning = JSON.stringify([question.name, [...question.seats].sort()]);
    const known = this.answers.get(name);
    if (known) return known.meaning === meaning ? retold(known.expected, alias) : problem('IDEMPOTENCY_KEY_REUSED');
    const expected = this.decide(question, alias);
    // An answer about a show or seat that does not exist is not kept.
    if (expected.status === 404) return expected;
    this.answers = new Map(this.answers).set(name, { meaning, expected });
    return expected;
  }

  private decide({ name, holder, seats, isElsewhere }: CommandQuestion, alias: string): Expected {
    if (isElsewhere) return problem('SHOW_NOT_FOUND');
    const missing = seats.filter((seat) => !this.seats.has(seat));
    if (missing.length > 0)
      return problem('SEAT_NOT_FOUND', Object.fromEntries(missing.map((seat) => [seat, 'SEAT_NOT_FOUND'])));

    const ordered = [...this.seats.keys()].filter((seat) => seats.includes(seat));
    const effect = effectOf(
      { name, holder: String(holder), seats: ordered, alias },
      new ModelScene(this.seats),
      this.options.limits,
    );
    if ('repeats' in effect) return ok(booked(this.bookings.find(({ id }) => id === effect.repeats)!.view));
    if (this.sales === 'CLOSED' && (name === 'hold' || name === 'book')) return problem('SALES_CLOSED');
    if ('code' in effect) return problem(effect.code, effect.seats);

    this.change(effect.changes);
    const total = money(ordered.reduce((sum, seat) => sum + this.options.prices.get(seat)!, 0));
    const { showId, currency } = this.options;
    if (isOfHouse(name)) return ok({});
    switch (COMMANDS[name].leaves) {
      case 'HELD': {
        const held = ordered.map((seat) => {
          const { status, version } = this.seats.get(seat)!;
          return { ...seatRef(seat), status, version, hold_expires_at: this.deadline(seat) };
        });
        const expiresAt = { earliestOf: held.map((seat) => seat.hold_expires_at) };
        return ok({
          show_id: showId,
          server_time: instant(alias),
          total_price: total,
          currency,
          seats: held,
          expires_at: expiresAt,
        });
      }
      case 'BOOKED': {
        const view = {
          id: { unknown: `booking ${alias}` },
          reference: { unknown: `reference ${alias}` },
          show_id: showId,
          seats: ordered.map(seatRef),
          total_paid: total,
          currency,
          booked_at: instant(alias),
          key: { unknown: `key ${alias}` },
        };
        this.bookings = [{ holder, id: alias, view }, ...this.bookings];
        return ok(booked(view));
      }
      case 'AVAILABLE':
        return ok({ show_id: showId, released: effect.changes.map(([seat]) => seatRef(seat)) });
    }
  }

  private seatMap(viewer: number | null, alias: string): object {
    const seats = [...this.seats].map(([seat, { status, version, holder }]) => {
      const isMine = status === 'HELD' && holder === String(viewer);
      return {
        ...seatRef(seat),
        status,
        version,
        ...(isMine ? { held_by_me: true, hold_expires_at: this.deadline(seat) } : {}),
      };
    });
    return {
      show_id: this.options.showId,
      screen: this.options.screen,
      server_time: instant(alias),
      stats: this.counts(),
      seats,
    };
  }

  private show(): object {
    return { id: this.options.showId, sales: this.sales, stats: this.counts() };
  }

  private counts(): object {
    const of = (wanted: ModelSeat['status']) =>
      [...this.seats.values()].filter(({ status }) => status === wanted).length;
    return {
      total: this.seats.size,
      available: of('AVAILABLE'),
      held: of('HELD'),
      booked: of('BOOKED'),
      blocked: of('BLOCKED'),
    };
  }

  /** The rules name the deadline after the command that made the hold. */
  private deadline(seat: SeatName): Unknown {
    const [alias] = String(this.seats.get(seat)!.deadline).split(' ');
    return instant(alias!, this.options.holdTtlMs);
  }

  private change(changes: Iterable<readonly [SeatName, ModelSeat]>): void {
    this.seats = new Map([...this.seats, ...changes]);
  }
}

const ok = (body: object): Expected => ({ status: 200, isReplayed: false, body });

/** The same answer once more. It is told at a time of its own. */
function retold({ body, ...expected }: Expected, alias: string): Expected {
  const time = 'server_time' in body ? { server_time: instant(alias) } : {};
  return { ...expected, isReplayed: true, body: { ...body, ...time } };
}

function booked(booking: object): object {
  const { total_paid, currency } = booking as { total_paid: string; currency: string };
  return { total_paid, currency, booking };
}

function problem(code: string, seats: Readonly<Record<SeatName, string>> = {}): Expected {
  const named = Object.entries(seats).map(([seat, why]) => ({ ...seatRef(seat), code: why }));
  return {
    status: STATUS[code] ?? CONFLICT,
    isReplayed: false,
    body: { code, ...(named.length > 0 ? { seats: named } : {}) },
  };
}

const money = (cents: number) => (cents / 100).toFixed(2);
