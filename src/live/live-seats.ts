/**
 * PURE. The seats of one show as its watchers know them, and the changes that they have not been told yet. Reports come
 * from reads of the whole map, from commits of this or another instance, and from deadlines that pass. They may come
 * late, twice or out of order: of two reports about a seat the one with the higher version is newer.
 */
import { SeatMap, seatMapOf, SeatStats, SeenSeat, seenSeats, STAT_OF } from '../seats/reading/seat-map';
import type { SeatRef } from '../seats/seat-transitions';

/** A seat as a committed change left it. */
export type ChangedSeat = SeenSeat;

const keyOf = ({ row, number }: SeatRef): string => `${row}/${number}`;

export class LiveSeats {
  private readonly seats: Map<string, SeenSeat>;
  private readonly stats: SeatStats;
  private readonly pending = new Set<string>();
  /** The sum of all versions. It rises with every change, so it can name the state. */
  private versionSum = 0;

  constructor(private readonly map: SeatMap) {
    this.stats = { total: 0, available: 0, held: 0, booked: 0, blocked: 0 };
    this.seats = new Map(seenSeats(map).map((seat) => [keyOf(seat), seat]));
    for (const seat of this.seats.values()) this.count(seat, 1);
  }

  /** Takes over those reports that are newer than what is known. */
  merge(reports: Iterable<SeenSeat>): void {
    for (const report of reports) {
      const key = keyOf(report);
      const known = this.seats.get(key);
      // An unknown seat was added to the show meanwhile. It is shown once the feed is opened anew.
      if (!known || known.version >= report.version) continue;
      this.count(known, -1);
      this.count(report, 1);
      this.seats.set(key, report);
      this.pending.add(key);
    }
  }

  /** Makes lapsed holds AVAILABLE, with the version that their expiry will have, as in a read of the map. */
  lapse(nowMs: number): void {
    for (const seat of this.seats.values()) {
      if (seat.holdExpiresAtMs !== null && seat.holdExpiresAtMs <= nowMs) {
        this.merge([
          { ...seat, status: 'AVAILABLE', version: seat.version + 1, holderId: null, holdExpiresAtMs: null },
        ]);
      }
    }
  }

  /** When the next hold lapses; undefined when nothing is held. */
  get nextLapseMs(): number | undefined {
    let next: number | undefined;
    for (const { holdExpiresAtMs } of this.seats.values()) {
      if (holdExpiresAtMs !== null && (next === undefined || holdExpiresAtMs < next)) next = holdExpiresAtMs;
    }
    return next;
  }

  /** The changes since the last call. */
  takeChanges(): SeenSeat[] {
    const changes = [...this.pending].map((key) => this.seats.get(key)!);
    this.pending.clear();
    return changes;
  }

  get hasChanges(): boolean {
    return this.pending.size > 0;
  }

  snapshot(serverTimeMs: number): SeatMap {
    const { showId, screen } = this.map;
    return seatMapOf({ showId, screen, serverTimeMs, stats: { ...this.stats } }, [...this.seats.values()]);
  }

  get counts(): SeatStats {
    return { ...this.stats };
  }

  /** Names the state. Every instance gives it the same name, and every later state a higher number. */
  get stateId(): string {
    return String(this.versionSum);
  }

  private count(seat: SeenSeat, by: 1 | -1): void {
    this.stats.total += by;
    this.stats[STAT_OF[seat.status]] += by;
    this.versionSum += by * seat.version;
  }
}
