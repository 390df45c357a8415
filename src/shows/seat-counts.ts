/** Seats of a show by status; a lapsed hold counts as available. */
export interface ShowSeatCounts {
  readonly total: number;
  readonly available: number;
  readonly held: number;
  readonly booked: number;
  readonly blocked: number;
}

/** The shows ask for counts of their seats here; the seats module answers. */
export abstract class SeatCounts {
  /** Counts of each show, from one snapshot; shows without seats are absent. */
  abstract of(showIds: readonly number[]): Promise<Map<number, ShowSeatCounts>>;
}
