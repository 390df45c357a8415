import type { SeatRef } from '../../src/seats/seat-transitions';
import { COMMANDS } from '../checkers/commands';
import { expectOnly, Load, LoadResult, post, runLoad } from '../kit/raw-load';
import type { Holder } from '../people/target';
import type { BenchHouse } from './bench-house';

const SEATS_PER_HOLD = 2;
/** The route of `app.ts` that does everything else, and Fastify's alone of `bare.ts`. */
const HOLDS_WITHOUT_DATABASE = '/bench/hold/';

/** Holds of two free seats each, nobody's twice: which request of which client names which seats. */
export class HoldPlan {
  private readonly rows: readonly string[];
  private readonly holdsPerRow: number;

  constructor(
    private readonly house: BenchHouse,
    private readonly guests: readonly Holder[],
    /** Spread over these. */
    private readonly showIds: readonly number[] = house.showIds,
  ) {
    this.rows = house.rows;
    this.holdsPerRow = Math.floor(house.size.seatsPerRow / SEATS_PER_HOLD);
  }

  /** How many holds every client has, before the house is full. */
  get holdsEach(): number {
    return Math.floor((this.showIds.length * this.rows.length * this.holdsPerRow) / this.guests.length);
  }

  /** The k-th hold of a client; undefined when the house is full. */
  hold(client: number, k: number): { showId: number; seats: SeatRef[] } | undefined {
    const index = k * this.guests.length + client;
    const pair = Math.floor(index / this.showIds.length);
    const row = this.rows[Math.floor(pair / this.holdsPerRow)];
    if (row === undefined) return undefined;
    // Shifted from pair to pair, so that nobody comes to one show more often than the limit on held seats allows.
    const showId = this.showIds[(index + pair) % this.showIds.length]!;
    const number = 1 + SEATS_PER_HOLD * (pair % this.holdsPerRow);
    return {
      showId,
      seats: [
        { row, number },
        { row, number: number + 1 },
      ],
    };
  }

  request(path: string, client: number, k: number): string | undefined {
    const hold = this.hold(client, k);
    return hold && post(path, this.guests[client]!.token, { show_id: hold.showId, seats: hold.seats });
  }

  /** Everybody holds, until the time is over or the house is full. @param load how, and where */
  run(load: Pick<Load, 'port' | 'seconds' | 'arrivalsPerSecond'>): Promise<LoadResult> {
    return runLoad({
      ...load,
      clients: this.guests.length,
      request: (client, k) => this.request(COMMANDS.hold.path, client, k),
    });
  }

  /** The same requests without effect, which may come again. @throws when any is refused */
  async runWithoutDatabase(load: Pick<Load, 'port' | 'seconds' | 'arrivalsPerSecond'>): Promise<LoadResult> {
    const request = (client: number, k: number) => this.request(HOLDS_WITHOUT_DATABASE, client, k % this.holdsEach);
    return expectOnly('200', await runLoad({ ...load, clients: this.guests.length, request }));
  }

  /** Compares the acknowledged seats with those that are held, then replays the ledger. @throws when they differ */
  async check(result: LoadResult): Promise<void> {
    const { answersOf } = expectOnly('200', result);
    const expected = new Map<string, string>();
    answersOf.forEach((count, client) => {
      for (let k = 0; k < count; k++) {
        const { showId, seats } = this.hold(client, k)!;
        for (const { row, number } of seats) expected.set(`${showId} ${row} ${number}`, this.guests[client]!.id);
      }
    });
    const held = await this.house.dataSource.query<{ seat: string; holder_id: string }[]>(
      `SELECT concat_ws(' ', show_id, "row", number) AS seat, holder_id FROM seat WHERE status = 'HELD'`,
    );
    const wrong = held.find(({ seat, holder_id }) => expected.get(seat) !== holder_id);
    if (wrong || held.length !== expected.size) {
      throw new Error(`${expected.size} seats were acknowledged, ${held.length} are held; ${JSON.stringify(wrong)}`);
    }
    await this.house.verify();
  }
}
