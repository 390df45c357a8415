import fc from 'fast-check';
import { COMMAND_NAMES } from '../../proof/checkers/commands';
import type { SeatName } from '../../proof/checkers/history';
import { CommandQuestion, Question, ReadQuestion, ShowModel } from './show-model';
import { Told, Unknown } from './unknowns';

/** The steps of a model-based run, and the comparison of each answer with the one that the model expects. */

/** An app instance, by its number. */
export type Instance = 0 | 1;

/** The server, as the steps see it. */
export interface Real {
  ask(question: Question, instance: Instance): Promise<Actual>;
  sweep(instance: Instance): Promise<void>;
  /** Moves the holds of these seats into the past. */
  lapse(seats: readonly SeatName[]): Promise<void>;
  moveSales(to: 'OPEN' | 'CLOSED'): Promise<void>;
  /** How often each outcome came. */
  readonly met: Map<string, number>;
}

export interface Actual {
  readonly status: number | null;
  readonly isReplayed: boolean;
  /** The part of the body that the model predicts. */
  readonly body: unknown;
}

/** The knowledge of a client: the model, and the values that earlier answers told. */
export interface Known {
  model: ShowModel;
  told: Told;
}

type Step = fc.AsyncCommand<Known, Real>;

/** A question that may mean some of the seats that its asker has by then. */
type Wish = Question & { readonly own?: number };

function meant({ own: count = 0, ...question }: Wish, { model }: Known): Question {
  if (count === 0 || !('seats' in question)) return question;
  const own = model.own(question.holder).slice(0, count);
  return own.length > 0 ? { ...question, seats: own } : question;
}

/** Asks, and compares the answer. */
export class Ask implements Step {
  constructor(
    private readonly wish: Wish,
    private readonly instance: Instance,
  ) {}

  check = () => true;

  async run(known: Known, real: Real): Promise<void> {
    const question = meant(this.wish, known);
    const actual = await real.ask(question, this.instance);
    compare(known, question, actual);
    count(real, question, actual);
  }

  toString(): string {
    return `${describe(this.wish)} on ${this.instance}`;
  }
}

/** Sends an earlier command again, with its key if it had one, and its seats the other way round. */
class AskAgain implements Step {
  constructor(
    private readonly earlier: number,
    private readonly instance: Instance,
  ) {}

  check = ({ model }: Readonly<Known>) => model.commands.length > 0;

  run(known: Known, real: Real): Promise<void> {
    const { commands } = known.model;
    const earlier = commands.at(-1 - (this.earlier % commands.length))!;
    return new Ask({ ...earlier, seats: earlier.seats.toReversed() }, this.instance).run(known, real);
  }

  toString(): string {
    return `again what was sent ${this.earlier} before the last, on ${this.instance}`;
  }
}

/** Two questions at once. Both answers must be right in one order or in the other. */
export class AskBoth implements Step {
  constructor(
    private readonly wishes: readonly [Wish, Wish],
    private readonly instances: readonly [Instance, Instance],
    private readonly isSwept: boolean,
  ) {}

  check = () => true;

  async run(known: Known, real: Real): Promise<void> {
    const [one, two] = this.wishes.map((wish) => meant(wish, known)) as [Question, Question];
    const sweep = this.isSwept ? real.sweep(this.instances[0]) : undefined;
    const [first, second] = await Promise.all([real.ask(one, this.instances[0]), real.ask(two, this.instances[1])]);
    await sweep;
    const differences: string[] = [];
    for (const order of [
      [
        [one, first],
        [two, second],
      ],
      [
        [two, second],
        [one, first],
      ],
    ]) {
      const attempt = { model: known.model.copy(), told: new Told(known.told) };
      try {
        for (const [question, actual] of order as [Question, Actual][]) compare(attempt, question, actual);
        Object.assign(known, attempt);
        count(real, one, first);
        count(real, two, second);
        return;
      } catch (error) {
        differences.push((error as Error).message);
      }
    }
    throw new Error(`neither order explains the answers: ${differences.join('; and the other way round ')}`);
  }

  toString(): string {
    const [one, two] = this.wishes.map((wish, index) => `${describe(wish)} on ${this.instances[index]}`);
    return `both(${one}, ${two}${this.isSwept ? ', sweep' : ''})`;
  }
}

class Lapse implements Step {
  constructor(private readonly seats: readonly SeatName[]) {}

  check = ({ model }: Readonly<Known>) => this.seats.some((seat) => model.seat(seat)?.status === 'HELD');

  async run({ model }: Known, real: Real): Promise<void> {
    await real.lapse(model.lapse(this.seats));
  }

  toString(): string {
    return `lapse(${this.seats.join(' ')})`;
  }
}

class Sweep implements Step {
  constructor(private readonly instance: Instance) {}

  check = () => true;

  /** No answer shows it, so the model does nothing. */
  run(_known: Known, real: Real): Promise<void> {
    return real.sweep(this.instance);
  }

  toString(): string {
    return `sweep on ${this.instance}`;
  }
}

class MoveSales implements Step {
  constructor(private readonly to: 'OPEN' | 'CLOSED') {}

  check = () => true;

  async run({ model }: Known, real: Real): Promise<void> {
    model.moveSales(this.to);
    await real.moveSales(this.to);
  }

  toString(): string {
    return `sales ${this.to}`;
  }
}

/** @throws Error when the answer is not as expected */
function compare({ model, told }: Known, question: Question, { status, isReplayed, body }: Actual): void {
  const expected = model.ask(question);
  const ordered = question.name === 'bookings' ? asToldBefore(body, expected.body, told) : body;
  const difference = told.difference(expected, { status, isReplayed, body: ordered });
  if (difference) throw new Error(`${describe(question)}: ${difference}; told was ${status} ${JSON.stringify(body)}`);
}

/**
 * Bookings, newest first. Bookings of one millisecond may come in any order, and are sorted here as the model expects
 * them.
 *
 * @throws Error when they are out of order
 */
function asToldBefore(body: unknown, expected: object, told: Told): object {
  const { bookings } = body as { bookings: { id: string; booked_at: string }[] };
  const times = bookings.map((booking) => booking.booked_at);
  if (times.some((time, index) => index > 0 && time > times[index - 1]!))
    throw new Error(`bookings are not newest first: ${times.join()}`);
  const order = (expected as { bookings: { id: Unknown }[] }).bookings.map(({ id }) => told.value(id));
  return { ...(body as object), bookings: bookings.toSorted((a, b) => order.indexOf(a.id) - order.indexOf(b.id)) };
}

function count({ met }: Real, { name }: Question, { status, isReplayed, body }: Actual): void {
  const { code } = body as { code?: string };
  add(met, [name, status, code].filter((part) => part !== undefined).join(' '));
  if (isReplayed) add(met, 'replayed');
}

function add(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function describe(wish: Wish): string {
  const who = wish.holder === null ? 'anybody' : wish.holder;
  if (!('seats' in wish)) return `${wish.name} by ${who}`;
  const { name, seats, key, isElsewhere, own = 0 } = wish;
  const which = `${own > 0 ? `${own} own or ` : ''}${seats.join(' ')}${isElsewhere ? ' of no show' : ''}`;
  return `${name} ${which} by ${who}${key === undefined ? '' : ` key ${key}`}`;
}

export interface StepsOptions {
  readonly holders: number;
  readonly seats: readonly SeatName[];
  readonly unknownSeat: SeatName;
  readonly stepsMax: number;
  /** Of an earlier failure, to go straight to its smallest form. */
  readonly replayPath?: string | undefined;
}

const SEATS_MAX = 4;
const KEYS = ['k', 'l'];

/** Sequences of steps. Simple ones come first, so that failures shrink towards them. */
export function steps({
  holders,
  seats,
  unknownSeat,
  stepsMax,
  replayPath,
}: StepsOptions): fc.Arbitrary<Iterable<Step>> {
  const instance = fc.constantFrom<Instance>(0, 1);
  const holder = fc.nat(holders - 1);
  const someSeats = fc.uniqueArray(fc.constantFrom(...seats), { minLength: 1, maxLength: SEATS_MAX });
  const rarely = (share: number) => fc.nat(share).map((value) => value === share);
  const command: fc.Arbitrary<CommandQuestion & Wish> = fc.record({
    // More holds than anything else, so that there is something to book and to release.
    name: fc.constantFrom(COMMAND_NAMES[0]!, ...COMMAND_NAMES),
    holder,
    seats: fc
      .tuple(someSeats, rarely(20))
      .map(([known, isWrong]) => (isWrong ? [unknownSeat, ...known.slice(1)] : known)),
    key: fc.option(fc.constantFrom(...KEYS), { nil: undefined, freq: 2 }),
    isElsewhere: rarely(20),
    own: fc.constantFrom(0, 0, 0, 1, 2, SEATS_MAX),
  });
  const read: fc.Arbitrary<ReadQuestion> = fc.oneof(
    fc.record({ name: fc.constantFrom('map', 'show', 'shows'), holder: fc.option(holder) }),
    fc.record({ name: fc.constant('bookings'), holder }),
  ) as fc.Arbitrary<ReadQuestion>;
  const wish: fc.Arbitrary<Wish> = fc.oneof({ weight: 4, arbitrary: command }, { weight: 1, arbitrary: read });
  const pair: fc.Arbitrary<[Wish, Wish]> = fc.oneof(
    { weight: 2, arbitrary: fc.tuple(wish, wish) },
    { weight: 1, arbitrary: command.map((twice): [Wish, Wish] => [twice, twice]) },
    // After the same seats, mostly two people.
    {
      weight: 2,
      arbitrary: fc
        .tuple(command, command)
        .map(([one, two]): [Wish, Wish] => [one, { ...two, seats: one.seats, own: 0 }]),
    },
  );
  // Commands of the house, without a route as yet. They are rare, or there would be no seats left to sell.
  const house: fc.Arbitrary<CommandQuestion & Wish> = fc.record({
    name: fc.constantFrom('block' as const, 'unblock' as const),
    holder,
    seats: someSeats,
    own: fc.constantFrom(0, 0, 1),
  });
  const askHouse = fc.tuple(house, instance).map((parts) => new Ask(...parts));
  const ask = fc.tuple(command, instance).map((parts) => new Ask(...parts));
  const askToRead = fc.tuple(read, instance).map((parts) => new Ask(...parts));
  const askBoth = fc.tuple(pair, fc.tuple(instance, instance), rarely(4)).map((parts) => new AskBoth(...parts));
  const again = fc.tuple(fc.nat(20), instance).map((parts) => new AskAgain(...parts));
  // fast-check picks evenly, so a frequent step is listed several times.
  return fc.commands(
    [
      ask,
      ask,
      ask,
      ask,
      askToRead,
      askToRead,
      again,
      again,
      askBoth,
      askBoth,
      askHouse,
      someSeats.map((some) => new Lapse(some)),
      instance.map((one) => new Sweep(one)),
      fc.constantFrom('OPEN' as const, 'OPEN' as const, 'CLOSED' as const).map((to) => new MoveSales(to)),
    ],
    { maxCommands: stepsMax, size: 'max', ...(replayPath === undefined ? {} : { replayPath }) },
  );
}
