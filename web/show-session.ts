import { Connection, LiveSeats } from '../client/live-seats.ts';
import { SeatCounts, SeatReport, seatKey } from '../client/seat-merge.ts';
import { shareBetweenTabs } from '../client/share-between-tabs.ts';
import { Answer, api, BASE_URL, SeatRef, Show } from './api.ts';
import { Message, Person } from './person.ts';
import { CommandName, refusalWords } from './refusal-words.ts';
import { plural, seatList } from './words.ts';

/** The look of a seat on this page. */
export type Look = 'available' | 'held-you' | 'held-alex' | 'held' | 'booked-you' | 'booked-alex' | 'booked';

export interface SessionEvents {
  /** Seats came or changed. */
  seats(keys: readonly string[]): void;
  /** The choice, holds, bookings or message of a person changed. */
  persons(): void;
  connection(connection: Connection): void;
  /** These seats caused a refusal. */
  refused(keys: readonly string[]): void;
}

const COMMANDS = {
  hold: '/api/seats/hold-batch/',
  book: '/api/seats/book-batch/',
  release: '/api/seats/release-hold-batch/',
} as const;

/** A hold that was made in another tab. */
interface HoldElsewhere {
  readonly holderId: string;
  readonly seats: readonly SeatReport[];
}

/** One show on this page: its live seats, and the commands of the persons for them. */
export class ShowSession {
  private readonly live: LiveSeats;
  /** A copied tab has the same guests. Tabs tell each other of holds, as the shared stream says of none whose it is. */
  private tabs: BroadcastChannel | undefined;

  constructor(
    readonly show: Show,
    readonly persons: readonly Person[],
    private readonly events: SessionEvents,
  ) {
    // One stream for all tabs, without a token: the persons of the tabs are different guests. The holds of the two here are
    // known from the answers to their commands.
    this.live = new LiveSeats({
      baseUrl: BASE_URL,
      showId: show.id,
      fetch: shareBetweenTabs(),
      onChange: ({ seats, gone }) => this.onSeats(seats, gone),
      onConnection: (connection) => events.connection(connection),
    });
  }

  /** Begins, also again after {@link stop}. */
  start(): void {
    this.live.start();
    if (this.tabs) return;
    this.tabs = new BroadcastChannel(`rowlock.holds.${this.show.id}`);
    this.tabs.onmessage = ({ data }) => this.onHoldElsewhere(data as HoldElsewhere);
    for (const person of this.persons) void this.recall(person);
  }

  stop(): void {
    this.tabs?.close();
    this.tabs = undefined;
    this.live.stop();
  }

  retryNow(): void {
    this.live.retryNow();
  }

  get nowMs(): number {
    return this.live.nowMs;
  }

  get counts(): SeatCounts {
    return this.live.counts;
  }

  get seats(): SeatReport[] {
    return [...this.live.seats];
  }

  seat(key: string): SeatReport | undefined {
    return this.live.seat(key);
  }

  look(seat: SeatReport): Look {
    if (seat.status === 'AVAILABLE') return 'available';
    if (seat.status === 'HELD') {
      const holder = this.persons.find((person) => person.holdsSeat(seat));
      return holder ? `held-${holder.id}` : 'held';
    }
    const buyer = this.persons.find((person) => person.booked(seatKey(seat)));
    return buyer ? `booked-${buyer.id}` : 'booked';
  }

  holdsOf(person: Person): SeatReport[] {
    return [...person.holds.keys()].flatMap((key) => {
      const seat = this.live.seat(key);
      return seat && person.holdsSeat(seat) ? [seat] : [];
    });
  }

  /** The chosen seats, without those that the person holds already. */
  wantedBy(person: Person): SeatReport[] {
    return this.chosenBy(person).filter((seat) => !person.holdsSeat(seat));
  }

  /** The seats for Book and Release: the chosen ones among the person's holds, or else all holds. */
  targetedBy(person: Person): SeatReport[] {
    const holds = this.holdsOf(person);
    const chosen = holds.filter((seat) => person.chosen.has(seatKey(seat)));
    return chosen.length > 0 ? chosen : holds;
  }

  private chosenBy(person: Person): SeatReport[] {
    return [...person.chosen].flatMap((key) => this.live.seat(key) ?? []);
  }

  toggle(person: Person, key: string): void {
    if (!person.chosen.delete(key)) person.chosen.add(key);
    person.message = undefined;
    this.events.seats([key]);
    this.events.persons();
  }

  choose(person: Person, keys: readonly string[]): void {
    const before = [...person.chosen];
    person.chosen.clear();
    for (const key of keys) person.chosen.add(key);
    this.events.seats([...before, ...keys]);
    this.events.persons();
  }

  hold(person: Person, seats: readonly SeatRef[] = this.wantedBy(person)): Promise<void> {
    return this.command(
      'hold',
      person,
      seats,
      (headers, body) => api.POST(COMMANDS.hold, { headers, body }),
      (data) => {
        this.live.observeServerTime(data.server_time);
        for (const seat of data.seats) person.noteHold(seat, this.nowMs);
        this.live.report(data.seats);
        this.tabs?.postMessage({ holderId: person.guest.holderId, seats: data.seats });
        return `${plural(data.seats.length, 'seat')} held for ${person.inSentence}: ${seatList(data.seats)}.`;
      },
    );
  }

  book(person: Person): Promise<void> {
    return this.command(
      'book',
      person,
      this.targetedBy(person),
      (headers, body) => api.POST(COMMANDS.book, { headers, body }),
      ({ booking }) => {
        person.noteBooking(booking);
        this.live.report(booking.seats.flatMap((seat) => this.following(seat, 'BOOKED')));
        return `${seatList(booking.seats)} booked for ${booking.total_paid} ${booking.currency}. Reference ${booking.reference}.`;
      },
    );
  }

  release(person: Person): Promise<void> {
    return this.command(
      'release',
      person,
      this.targetedBy(person),
      (headers, body) => api.POST(COMMANDS.release, { headers, body }),
      ({ released }) => {
        this.live.report(released.flatMap((seat) => this.following(seat, 'AVAILABLE')));
        return released.length > 0 ? `${seatList(released)} released.` : 'There was nothing to release any more.';
      },
    );
  }

  /** The report of a step that the answer implies. The step is the next one of an own hold, so its version is known. */
  private following(ref: SeatRef, status: 'BOOKED' | 'AVAILABLE'): SeatReport[] {
    const seat = this.live.seat(seatKey(ref));
    return seat?.status === 'HELD' ? [{ row: seat.row, number: seat.number, status, version: seat.version + 1 }] : [];
  }

  private async command<Data>(
    name: CommandName,
    person: Person,
    seats: readonly SeatRef[],
    send: (
      headers: { authorization: string },
      body: { show_id: number; seats: SeatRef[] },
    ) => Promise<{ data?: Data; error?: unknown; response: Response }>,
    onDone: (data: Data) => string,
  ): Promise<void> {
    if (person.isBusy || seats.length === 0) return;
    const body = { show_id: this.show.id, seats: seats.map(({ row, number }) => ({ row, number })) };
    const keys = seats.map(seatKey);
    person.isBusy = true;
    this.events.persons();
    const answer = await person.guest.call((headers) => send(headers, body));
    person.isBusy = false;
    if (answer.isOk) {
      person.message = { kind: 'good', text: onDone(answer.data) };
      for (const key of keys) person.chosen.delete(key);
    } else {
      person.message = this.refusal(name, person, answer, keys);
    }
    // The owner of a seat on this page may have changed without a change of the seat.
    this.events.seats(keys);
    this.events.persons();
  }

  private refusal(
    name: CommandName,
    person: Person,
    answer: Extract<Answer<unknown>, { isOk: false }>,
    keys: readonly string[],
  ): Message {
    const offending = (answer.problem?.seats ?? []).map(seatKey);
    for (const key of offending) person.chosen.delete(key);
    if (offending.length > 0) this.events.refused(offending);
    const text = refusalWords(name, answer, (seat) => {
      const known = this.live.seat(seatKey(seat));
      const holder = known && this.persons.find((other) => other.holdsSeat(known));
      return holder ? holder.inSentence : 'someone else';
    });
    const remaining = name === 'hold' && offending.length > 0 ? keys.filter((key) => !offending.includes(key)) : [];
    return { kind: 'bad', text, ...(remaining.length > 0 ? { remaining } : {}) };
  }

  private onSeats(seats: readonly SeatReport[], gone: readonly string[]): void {
    this.events.seats([...seats.map(seatKey), ...gone]);
    this.events.persons();
  }

  private onHoldElsewhere({ holderId, seats }: HoldElsewhere): void {
    const person = this.persons.find(({ guest }) => guest.holderId === holderId);
    if (!person) return;
    for (const seat of seats) person.noteHold(seat, this.nowMs);
    this.live.report(seats);
    this.events.seats(seats.map(seatKey));
    this.events.persons();
  }

  /** Reads a person's holds and bookings again after a reload. */
  private async recall(person: Person): Promise<void> {
    const [map, bookings] = await Promise.all([
      person.guest.call((headers) => api.GET('/api/seats/', { headers, params: { query: { show_id: this.show.id } } })),
      person.guest.call((headers) => api.GET('/api/bookings/', { headers })),
    ]);
    const keys: string[] = [];
    if (map.isOk) {
      const own = map.data.seats.filter((seat) => seat.held_by_me);
      for (const seat of own) person.noteHold(seat, Date.parse(map.data.server_time));
      // Not before the snapshot: the house would be drawn with these seats alone.
      this.live.report(own.filter((seat) => this.live.seat(seatKey(seat))));
      keys.push(...own.map(seatKey));
    }
    if (bookings.isOk) {
      for (const booking of [...bookings.data.bookings].reverse().filter((found) => found.show_id === this.show.id)) {
        person.noteBooking(booking);
        keys.push(...booking.seats.map(seatKey));
      }
    }
    if (keys.length > 0) {
      this.events.seats(keys);
      this.events.persons();
    }
  }
}
