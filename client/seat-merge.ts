/**
 * PURE. Puts a show's seats together from reports that may come late, twice or in any order. Of two reports about a
 * seat the one with the higher version is newer, and reports of one version say the same. So the result depends on the
 * reports alone, and not on their order. A snapshot begins anew: it has all seats there are, and may have lower versions
 * than what was known, as after the restore of a database.
 */

export type SeatStatus = 'AVAILABLE' | 'HELD' | 'BOOKED' | 'BLOCKED';

/** A seat in the words of the API. */
export interface SeatReport {
  readonly row: string;
  readonly number: number;
  readonly status: SeatStatus;
  readonly version: number;
  /** On the caller's own holds only. */
  readonly held_by_me?: boolean;
  /** On the caller's own holds only. */
  readonly hold_expires_at?: string;
}

export interface SeatCounts {
  readonly total: number;
  readonly available: number;
  readonly held: number;
  readonly booked: number;
  readonly blocked: number;
}

const COUNT_OF = { AVAILABLE: 'available', HELD: 'held', BOOKED: 'booked', BLOCKED: 'blocked' } as const;

export const seatKey = ({ row, number }: Pick<SeatReport, 'row' | 'number'>): string => `${row}/${number}`;

/**
 * Whether a report adds something: it is newer, or of the same version but with the mark and the deadline of an own
 * hold.
 */
function saysMore(report: SeatReport, known: SeatReport | undefined): boolean {
  if (!known || report.version > known.version) return true;
  return report.version === known.version && detailOf(report) > detailOf(known);
}

const saysTheSame = (a: SeatReport, b: SeatReport): boolean => a.version === b.version && a.status === b.status;

const isEqual = (a: SeatReport, b: SeatReport): boolean =>
  saysTheSame(a, b) && detailOf(a) === detailOf(b) && a.hold_expires_at === b.hold_expires_at;

const detailOf = ({ held_by_me: isMine, hold_expires_at: expiresAt }: SeatReport): number =>
  (isMine ? 2 : 0) + (expiresAt === undefined ? 0 : 1);

/** A point in the order of reports. */
export type Mark = number;

export class SeatMerge {
  private readonly known = new Map<string, SeatReport>();
  /** The last report of each seat that a report told of since the last snapshot. */
  private readonly reportedAs = new Map<string, Mark>();
  private reports: Mark = 0;
  private readonly tally = { total: 0, available: 0, held: 0, booked: 0, blocked: 0 };

  /** The end of the reports so far. */
  get mark(): Mark {
    return this.reports;
  }

  /**
   * Takes over a snapshot: it replaces everything but newer reports that came behind the mark, which it may be too old to
   * know of. Returns the seats that are new or changed, and the keys of those that are gone.
   */
  replace(snapshot: readonly SeatReport[], mark: Mark = this.mark): { changed: SeatReport[]; gone: string[] } {
    const before = new Map(this.known);
    const isNewer = (key: string, version: number) =>
      (this.reportedAs.get(key) ?? 0) > mark && before.get(key)!.version > version;
    const seats = snapshot.map((seat) => {
      const known = before.get(seatKey(seat));
      if (!known) return seat;
      // What is known of a hold of one's own stays true as long as the seat has its version.
      const says = isNewer(seatKey(seat), seat.version) || (saysTheSame(known, seat) && saysMore(known, seat));
      return says || isEqual(known, seat) ? known : seat;
    });
    this.known.clear();
    this.reportedAs.clear();
    Object.assign(this.tally, { total: 0, available: 0, held: 0, booked: 0, blocked: 0 });
    for (const seat of seats) {
      this.known.set(seatKey(seat), seat);
      this.count(seat, 1);
    }
    return {
      changed: seats.filter((seat) => before.get(seatKey(seat)) !== seat),
      gone: [...before.keys()].filter((key) => !this.known.has(key)),
    };
  }

  /** Takes over the newer reports. Returns the changed seats. */
  merge(reports: Iterable<SeatReport>): SeatReport[] {
    const changed: SeatReport[] = [];
    for (const report of reports) {
      const key = seatKey(report);
      const known = this.known.get(key);
      if (!saysMore(report, known)) continue;
      if (known) this.count(known, -1);
      this.count(report, 1);
      this.known.set(key, report);
      this.reportedAs.set(key, ++this.reports);
      changed.push(report);
    }
    return changed;
  }

  /** Makes lapsed holds with a known deadline AVAILABLE, with the version that their expiry will have on the server. */
  lapse(nowMs: number): SeatReport[] {
    const lapsed: SeatReport[] = [];
    for (const { row, number, version, hold_expires_at: expiresAt } of this.known.values()) {
      if (expiresAt !== undefined && Date.parse(expiresAt) <= nowMs) {
        lapsed.push({ row, number, status: 'AVAILABLE', version: version + 1 });
      }
    }
    return this.merge(lapsed);
  }

  get(key: string): SeatReport | undefined {
    return this.known.get(key);
  }

  /** All seats, in the order of the last snapshot. */
  get seats(): IterableIterator<SeatReport> {
    return this.known.values();
  }

  get counts(): SeatCounts {
    return { ...this.tally };
  }

  private count({ status }: SeatReport, by: 1 | -1): void {
    this.tally.total += by;
    this.tally[COUNT_OF[status]] += by;
  }
}
