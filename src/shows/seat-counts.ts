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
  /** The counts of a show from a snapshot taken after the call; undefined without seats. */
  abstract now(showId: number): Promise<ShowSeatCounts | undefined>;

  /** The counts of each show from a snapshot that is at most half as old as a list may be; shows without seats are absent. */
  abstract recent(showIds: readonly number[]): Promise<ReadonlyMap<number, ShowSeatCounts>>;
}
