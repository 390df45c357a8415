/** Seats of a show by status; a lapsed hold counts as available. */
export interface ShowSeatCounts {
  readonly total: number;
  readonly available: number;
  readonly held: number;
  readonly booked: number;
  readonly blocked: number;
}

/** What the shows ask of whoever keeps the seats; the seats module plugs into it. */
export abstract class SeatCounts {
  /** Counts of each show, from one snapshot; shows without seats are absent. */
  abstract of(showIds: readonly number[]): Promise<Map<number, ShowSeatCounts>>;
}
