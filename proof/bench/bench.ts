import { createDatabase } from '../kit/database-server';
import { prepareHouse, HouseSize } from '../kit/house';
import { HttpClient } from '../kit/http-client';
import { ServerProcess, startServer } from '../kit/server-process';
import type { Stage } from '../kit/stage';
import { guests, Holder } from '../people/target';
import { BenchHouse } from './bench-house';
import type { Row } from './report';

/** One or more rows of the table. */
export type Measure = (bench: Bench) => Promise<Row[]>;

/** The house of most measures. */
export const USUAL_HOUSE: HouseSize = { shows: 1_000, rows: 10, seatsPerRow: 20 };

/** Programs beside the server of production. */
export const APP = require.resolve('./app');
export const BARE = require.resolve('./bare');

export interface BenchOptions {
  readonly clients: number;
  /** Length of a round. */
  readonly seconds: number;
  readonly rounds: number;
}

/** The tools of a measure. */
export class Bench implements BenchOptions {
  readonly clients: number;
  readonly seconds: number;
  readonly rounds: number;

  /** @param stage of this one measure */
  constructor(
    private readonly stage: Stage,
    private readonly databaseUrl: string,
    { clients, seconds, rounds }: BenchOptions,
    readonly log: (line: string) => void,
  ) {
    this.clients = clients;
    this.seconds = seconds;
    this.rounds = rounds;
  }

  /** Makes a database with shows on sale. Nothing that was on the server before is touched. */
  async open(size: HouseSize): Promise<BenchHouse> {
    const house = await prepareHouse(await createDatabase(this.stage, this.databaseUrl), [size]);
    return BenchHouse.open(this.stage, house, size);
  }

  serve(house: BenchHouse, settings: Record<string, string> = {}, program?: string): Promise<ServerProcess> {
    return startServer(this.stage, { DATABASE_URL: house.url, ...settings }, program === undefined ? {} : { program });
  }

  /** People who can ask for seats on every server of this program. */
  async guests(server: ServerProcess, count: number): Promise<Holder[]> {
    const client = new HttpClient(server.url);
    return guests(client, count).finally(() => client.close());
  }
}
