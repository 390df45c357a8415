import type { DatabaseServer } from './house';
import type { Row } from './report';

/** What a measure works with. */
export interface Bench {
  readonly databases: DatabaseServer;
  readonly clients: number;
  /** Length of a round. */
  readonly seconds: number;
  readonly rounds: number;
  readonly log: (line: string) => void;
}

/** One or more rows of the table. */
export type Measure = (bench: Bench) => Promise<Row[]>;

/** The house of most measures. */
export const USUAL_HOUSE = { shows: 1_000, rows: 10, seatsPerRow: 20 } as const;

/** Programs beside the server of production. */
export const APP = './app';
export const BARE = './bare';
