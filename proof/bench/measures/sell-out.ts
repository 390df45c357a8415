import { Command, COMMANDS } from '../../checkers/commands';
import { post, runLoad } from '../../kit/raw-load';
import type { ServerProcess } from '../../kit/server-process';
import type { Holder } from '../../people/target';
import type { Bench, Measure } from '../bench';
import type { BenchHouse } from '../bench-house';
import { compare, takeTurns } from '../comparison';

const SIZE = { shows: 1, rows: 100, seatsPerRow: 100 } as const;
const SEATS = SIZE.rows * SIZE.seatsPerRow;
const PEOPLE = 2 * SEATS;
const TIME_LIMIT_SECONDS = 120;

/** One show is sold out to twice as many people as it has seats, all of whom pick at random. */
export const sellOut: Measure = async (bench) => {
  const house = await bench.open(SIZE);
  const server = await bench.serve(house);
  const people = await bench.guests(server, PEOPLE);
  let requests = 0;
  const figures = await takeTurns(
    bench.rounds,
    {
      'in turn': async () => (await new Sale(bench, house, server, people, 'in turn').run()).seconds,
      'at random': async () => {
        const sale = await new Sale(bench, house, server, people, 'at random').run();
        requests = sale.requests;
        return sale.seconds;
      },
    },
    bench.log,
  );
  const told = { unit: ' s', digits: 1, more: `; ${requests} requests, then all booked, nothing oversold` };
  const measure = `${SEATS} seats sold out to ${PEOPLE} people who pick at random, ${bench.clients} at a time`;
  const other = 'the same seats held in turn, as fast as the server can';
  return [compare(measure, figures['at random'], other, figures['in turn'], { atMost: 1.2 }, told)];
};

/**
 * A seat for each person, as long as there are seats. Everybody knows of the seats that have been given away, as the live
 * events tell, and picks another when someone was faster.
 */
class Sale {
  private readonly free: string[];
  private readonly placeOf = new Map<string, number>();
  private nextPerson = 0;
  private requests = 0;
  private readonly won = new Map<string, Holder>();
  private readonly asking: ({ person: Holder; seat: string } | undefined)[] = [];

  constructor(
    private readonly bench: Bench,
    private readonly house: BenchHouse,
    private readonly server: ServerProcess,
    private readonly people: readonly Holder[],
    private readonly order: 'in turn' | 'at random',
  ) {
    this.free = house.rows.flatMap((row) => Array.from({ length: SIZE.seatsPerRow }, (_, i) => `${row} ${i + 1}`));
    this.free.forEach((seat, place) => this.placeOf.set(seat, place));
  }

  async run(): Promise<{ seconds: number; requests: number }> {
    await this.house.reset();
    const { port } = this.server;
    const { seconds, counts } = await runLoad({
      port,
      clients: this.bench.clients,
      seconds: TIME_LIMIT_SECONDS,
      request: (connection) => this.ask(connection),
      onAnswer: (connection, outcome) => this.hear(connection, outcome),
    });
    const refused = counts['409 SEAT_UNAVAILABLE'] ?? 0;
    if (counts['200'] !== SEATS || SEATS + refused !== this.requests)
      throw new Error(`Wrong answers: ${JSON.stringify(counts)}`);
    await this.book();
    return { seconds, requests: this.requests };
  }

  /** A person that was refused tries again; otherwise the next in the queue comes. */
  private ask(connection: number): string | undefined {
    const person = this.asking[connection]?.person ?? this.people[this.nextPerson++];
    // In turn, no seat is asked for twice.
    const place = this.order === 'in turn' ? this.free.length - 1 : Math.floor(Math.random() * this.free.length);
    const seat = this.free[place];
    if (!person || seat === undefined) return undefined;
    if (this.order === 'in turn') this.take(seat);
    this.asking[connection] = { person, seat };
    this.requests++;
    return this.command('hold', person, seat);
  }

  private hear(connection: number, outcome: string): void {
    const { person, seat } = this.asking[connection]!;
    this.take(seat);
    if (outcome !== '200') return;
    this.won.set(seat, person);
    this.asking[connection] = undefined;
  }

  private take(seat: string): void {
    const place = this.placeOf.get(seat);
    if (place === undefined) return;
    const last = this.free.pop()!;
    this.placeOf.delete(seat);
    if (last === seat) return;
    this.free[place] = last;
    this.placeOf.set(last, place);
  }

  /** Everybody books the seat that they were told is theirs. @throws when a seat was sold twice, or not at all */
  private async book(): Promise<void> {
    const holds = [...this.won];
    const { counts } = await runLoad({
      port: this.server.port,
      clients: this.bench.clients,
      seconds: TIME_LIMIT_SECONDS,
      request: (connection, k) => {
        const hold = holds[connection + k * this.bench.clients];
        return hold && this.command('book', hold[1], hold[0]);
      },
    });
    const report = await this.house.verify();
    if (counts['200'] !== SEATS || report.bookings !== SEATS)
      throw new Error(`Not sold out: ${JSON.stringify(counts)}`);
  }

  private command(name: Command, { token }: Holder, seat: string): string {
    const [row, number] = seat.split(' ');
    return post(COMMANDS[name].path, token, {
      show_id: this.house.showIds[0],
      seats: [{ row, number: Number(number) }],
    });
  }
}
