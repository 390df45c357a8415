import fc from 'fast-check';
import { CommandQuestion, Expected, ShowModel } from '../../test/model/show-model';
import type { Holdings, Scene } from './commands/command';
import type { SeatCommandName } from './commands/registry';
import { Decision, decide } from './seat-decision';
import { compareSeats, seatKey, SeatRef, SeatState } from './seat-transitions';

/**
 * The decision beside the model that the API is tested with, by the hundred thousand. Here the seats are stored as the
 * database stores them, so lapsed holds stay HELD until something tidies them up, and take slots; the model knows neither.
 * `MODEL_SEED` and `MODEL_DECISIONS` explore elsewhere, and longer.
 */
const SEED = Number(process.env.MODEL_SEED ?? 20_260_501);
const DECISIONS = Number(process.env.MODEL_DECISIONS ?? 100_000);
const MOVES_MAX = 50;
/** Fewer than a run has on average. */
const MOVES = 20;

const SHOW = 7;
const START_MS = 1_800_000_000_000;
const HOLD_TTL_MS = 600_000;
const HOLD_LIMIT = 3;
const SEAT_LIMIT = 4;
const HOLDERS = 3;
const SEATS = ['A/1', 'A/2', 'B/1', 'B/2', 'B/10'];
const NO_SEAT = 'Z/9';

interface Move {
  readonly name: SeatCommandName;
  readonly holder: number;
  readonly seats: readonly string[];
  /** Takes the holder's own seats instead, where there are any. */
  readonly isForOwn: boolean;
  /** Time that passes before it. */
  readonly afterMs: number;
  readonly salesOpen: boolean;
}

const seat = fc.integer({ min: 0, max: SEATS.length * 8 });
const seats = fc.uniqueArray(seat, { minLength: 1, maxLength: 4, selector: (n) => n % (SEATS.length + 1) });
const move: fc.Arbitrary<Move> = fc.record({
  name: fc.constantFrom('hold', 'hold', 'hold', 'book', 'book', 'release', 'expire', 'block', 'unblock', 'unblock'),
  holder: fc.nat(HOLDERS - 1),
  // The seat that does not exist comes seldom.
  seats: seats.map((some) => [
    ...new Set(some.map((n) => (n === SEATS.length * 8 ? NO_SEAT : SEATS[n % SEATS.length]!))),
  ]),
  isForOwn: fc.boolean(),
  // To the very deadline, one millisecond around it, and less than that.
  afterMs: fc.constantFrom(0, 1, 1_000, HOLD_TTL_MS / 2, HOLD_TTL_MS - 1, HOLD_TTL_MS),
  salesOpen: fc.nat(9).map((one) => one > 0),
});

const ref = (name: string): SeatRef => ({ row: name[0]!, number: Number(name.slice(2)) });
const nameOf = ({ row, number }: SeatRef) => `${row}/${number}`;

/** A show as it is stored, changed by nothing but decisions. */
class Store {
  nowMs = START_MS;
  readonly seats = new Map(SEATS.map((name) => [seatKey(SHOW, ref(name)), untouched(ref(name))]));
  private bookings = 0;

  decide(name: SeatCommandName, holderId: string | null, named: readonly string[], salesOpen: boolean): Decision {
    const scene: Scene = {
      nowMs: this.nowMs,
      holdTtlMs: HOLD_TTL_MS,
      maxHeldSeats: HOLD_LIMIT,
      maxSeats: SEAT_LIMIT,
      maxHeldSeatsPerAddress: Infinity,
      maxHeldSeatsPerNetwork: Infinity,
      reholdCooldownMs: 0,
      show: { salesOpen, salesCloseMs: Infinity, currency: 'USD' },
      seats: this.seats,
      holdings: this.holdings(holderId),
      heldFrom: () => new Map(),
      bookingSize: (id) => [...this.seats.values()].filter(({ bookingId }) => bookingId === id).length,
      newBooking: { id: `booking ${++this.bookings}`, reference: 'K7QM-3XVD' },
    };
    const decision = decide(
      { name, showId: SHOW, holderId, actorId: holderId, seats: named.map(ref).sort(compareSeats) },
      scene,
    );
    if (decision.kind === 'accepted') for (const seat of decision.seats) this.seats.set(seatKey(SHOW, seat), seat);
    return decision;
  }

  lapsed(): SeatState[] {
    return [...this.seats.values()].filter(
      ({ status, holdExpiresAtMs }) => status === 'HELD' && holdExpiresAtMs! <= this.nowMs,
    );
  }

  private holdings(holderId: string | null): Holdings {
    const held = [...this.seats.entries()].filter(([, seat]) => seat.status === 'HELD' && seat.holderId === holderId);
    return {
      holds: new Map(
        held.map(([key, { row, number, holdExpiresAtMs }]) => [
          key,
          { row, number, holdExpiresAtMs: holdExpiresAtMs! },
        ]),
      ),
      slotOwners: new Map(held.map(([key, { holdSlot }]) => [holdSlot!, key])),
      booked: [...this.seats.values()].filter((seat) => seat.status === 'BOOKED' && seat.holderId === holderId).length,
    };
  }
}

function untouched(seat: SeatRef): SeatState {
  const none = {
    holdPrice: null,
    holderId: null,
    heldAtMs: null,
    holdExpiresAtMs: null,
    holdSlot: null,
    addressKey: null,
    networkKey: null,
    bookingId: null,
    givenUp: null,
  };
  return { ...seat, ...none, showId: SHOW, status: 'AVAILABLE', version: 0, price: '1.00' };
}

const met = new Map<string, number>();

/** Plays the moves. @throws Error at the first decision that is not the model's */
function play(moves: readonly Move[]): void {
  const store = new Store();
  const prices = new Map(SEATS.map((seat) => [seat, 100]));
  const model = new ShowModel({
    showId: SHOW,
    screen: '',
    currency: 'USD',
    prices,
    holdTtlMs: HOLD_TTL_MS,
    limits: { held: HOLD_LIMIT, seats: SEAT_LIMIT },
  });
  for (const { name, holder, seats: given, isForOwn, afterMs, salesOpen } of moves) {
    store.nowMs += afterMs;
    model.lapse(store.lapsed().map(nameOf));
    const own = isForOwn ? model.own(holder) : [];
    const named = own.length > 0 ? own : given;
    if (name === 'expire') {
      expire(store, named);
    } else {
      model.moveSales(salesOpen ? 'OPEN' : 'CLOSED');
      ask(store, model, { name, holder, seats: named }, salesOpen);
    }
    checkSeats(store, model);
  }
}

function ask(store: Store, model: ShowModel, question: CommandQuestion, salesOpen: boolean): void {
  const before = new Map(store.seats);
  let decision = store.decide(question.name, String(question.holder), question.seats, salesOpen);
  if (decision.kind === 'slots-taken') {
    add('slots-taken');
    // As the caller does: the holder's lapsed holds go first.
    store.decide('expire', null, decision.lapsed.map(nameOf), salesOpen);
    decision = store.decide(question.name, String(question.holder), question.seats, salesOpen);
  }
  const expected = model.ask(question);
  add(`${question.name} ${decision.kind === 'refused' ? decision.code : decision.kind}`);
  same(told(decision), toldBy(expected), question.name);
  if (decision.kind !== 'repeated-booking') return;
  same(bookedTogether(before, decision.bookingId), [...question.seats].sort(), 'repeated booking');
}

/** What the decision comes to, and what the model's answer comes to, in the same words. */
function told(decision: Decision): object {
  if (decision.kind !== 'refused') return { status: 200 };
  return { code: decision.code, seats: Object.fromEntries(decision.seats.map((seat) => [nameOf(seat), seat.code])) };
}

function toldBy({ status, body }: Expected): object {
  if (status === 200) return { status };
  const { code, seats: refused = [] } = body as { code: string; seats?: (SeatRef & { code: string })[] };
  return { code, seats: Object.fromEntries(refused.map((seat) => [nameOf(seat), seat.code])) };
}

function bookedTogether(stored: ReadonlyMap<string, SeatState>, bookingId: string): string[] {
  return [...stored.values()]
    .filter((seat) => seat.bookingId === bookingId)
    .map(nameOf)
    .sort();
}

/** Nobody but the sweep asks for it, so the model does not know it: exactly what has lapsed must change. */
function expire(store: Store, named: readonly string[]): void {
  const lapsed = store
    .lapsed()
    .map(nameOf)
    .filter((seat) => named.includes(seat));
  const decision = store.decide('expire', null, named, true);
  add(`expire ${decision.kind === 'refused' ? decision.code : decision.kind}`);
  const expected = named.includes(NO_SEAT)
    ? { code: 'SEAT_NOT_FOUND', seats: { [NO_SEAT]: 'SEAT_NOT_FOUND' } }
    : { status: 200 };
  same(told(decision), expected, 'expire');
  if (decision.kind === 'accepted') same(decision.transitions.map(nameOf).sort(), lapsed.sort(), 'expired');
}

/** The stored seats as anybody sees them now are those of the model, and holds have slots of their own. */
function checkSeats(store: Store, model: ShowModel): void {
  const slots = new Set<string>();
  for (const seat of store.seats.values()) {
    const isLapsed = seat.status === 'HELD' && seat.holdExpiresAtMs! <= store.nowMs;
    const seen = isLapsed
      ? { status: 'AVAILABLE', version: seat.version + 1, holder: undefined }
      : { status: seat.status, version: seat.version, holder: seat.holderId ?? undefined };
    const { status, version, holder } = model.seat(nameOf(seat))!;
    same(seen, { status, version, holder }, nameOf(seat));
    if (seat.status !== 'HELD') continue;
    const slot = `${seat.holderId} ${seat.holdSlot}`;
    if (slots.has(slot) || seat.holdSlot! < 1 || seat.holdSlot! > HOLD_LIMIT)
      throw new Error(`${nameOf(seat)} has slot ${seat.holdSlot}`);
    slots.add(slot);
  }
}

function same(actual: object, expected: object, what: string): void {
  const [found, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (found !== wanted) throw new Error(`${what}: ${found}, and the model says ${wanted}`);
}

function add(outcome: string): void {
  met.set(outcome, (met.get(outcome) ?? 0) + 1);
}

it('decides as the model does, in sequences of all commands and of time', () => {
  const sequence = fc.array(move, { minLength: 1, maxLength: MOVES_MAX, size: 'max' });
  fc.assert(fc.property(sequence, play), { seed: SEED, numRuns: Math.ceil(DECISIONS / MOVES) });
});

it('has met every outcome, and as many decisions as were wanted', () => {
  const of = (command: string, ...outcomes: string[]) => outcomes.map((outcome) => `${command} ${outcome}`);
  const outcomes = [
    ...of(
      'hold',
      'accepted',
      'SALES_CLOSED',
      'SEAT_NOT_FOUND',
      'SEAT_UNAVAILABLE',
      'HOLD_LIMIT_EXCEEDED',
      'SEAT_LIMIT_EXCEEDED',
    ),
    ...of('book', 'accepted', 'repeated-booking', 'SALES_CLOSED', 'SEAT_NOT_FOUND', 'NOT_YOUR_HOLD'),
    ...of('release', 'accepted', 'SEAT_NOT_FOUND', 'NOT_YOUR_HOLD'),
    ...of('expire', 'accepted', 'SEAT_NOT_FOUND'),
    ...of('block', 'accepted', 'SEAT_NOT_FOUND', 'SEAT_UNAVAILABLE'),
    ...of('unblock', 'accepted', 'SEAT_NOT_FOUND'),
    'slots-taken',
  ];
  expect([...met.keys()].sort()).toEqual(outcomes.sort());
  const { 'slots-taken': again = 0, ...decided } = Object.fromEntries(met);
  expect(again).toBeGreaterThan(0);
  expect(Object.values(decided).reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(DECISIONS);
});
