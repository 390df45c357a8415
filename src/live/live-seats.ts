/**
 * The seats of one show as its watchers know them, and the changes that they have not been told yet. No clock, no
 * database.
 *
 * A *report* tells of one seat, and comes from a commit of this or another instance or from a deadline that passes. It
 * may come late, twice or out of order: of two reports about a seat the one with the higher version is newer. A *read*
 * of the whole map replaces what is known, higher versions included: a report can be wrong, seats come and go, a hall
 * gets another name, and a database that was restored from a backup begins again with lower versions.
 */
import { hash } from 'node:crypto';
import { SeatMap, SeatStats, SeenSeat, seenSeats, STAT_OF } from '../seats/reading/seat-map';
import type { SeatRef } from '../seats/seat-transitions';

/** A point in the order of reports. Those before it were known when it was taken. */
export type Mark = number;

interface KnownSeat {
  readonly seat: SeenSeat;
  /** The report that brought it; 0 for a read. */
  readonly report: Mark;
}

const keyOf = ({ row, number }: SeatRef): string => `${row}/${number}`;

export class LiveSeats {
  private readonly known = new Map<string, KnownSeat>();
  /** The seats that are HELD. */
  private readonly holds = new Map<string, SeenSeat>();
  private readonly stats: SeatStats = { total: 0, available: 0, held: 0, booked: 0, blocked: 0 };
  private readonly pending = new Set<string>();
  private readonly digest = new Digest();
  private reports: Mark = 0;
  private hall = '';

  constructor(map: SeatMap) {
    this.adopt(map, 0);
    this.pending.clear();
  }

  /** Takes over those reports that are newer than what is known. Returns whether all of them were about known seats. */
  merge(reports: Iterable<SeenSeat>): boolean {
    let allKnown = true;
    for (const report of reports) {
      const key = keyOf(report);
      const known = this.known.get(key);
      if (!known) allKnown = false;
      else if (known.seat.version < report.version) {
        this.put(key, report, ++this.reports);
        this.pending.add(key);
      }
    }
    return allKnown;
  }

  /** The end of the reports so far, for a read that begins now. */
  get mark(): Mark {
    return this.reports;
  }

  /**
   * Replaces what is known by a read that began at the mark. A read may be older than a commit that was told while it was
   * under way, so it does not undo a newer report that came behind the mark. An earlier report was committed before the
   * read began; if the read does not have it, it is not true.
   *
   * @returns whether the change can be told seat by seat. If not, watchers need the whole map: seats are gone or new, or
   *   versions fell, which a watcher would take for old news.
   */
  adopt(map: SeatMap, mark: Mark): boolean {
    let inSteps = this.hall === map.screen;
    if (!inSteps) {
      this.digest.replace(this.hall, map.screen);
      this.hall = map.screen;
    }
    const gone = new Map(this.known);
    const reads = seenSeats(map);
    for (const read of reads) {
      const key = keyOf(read);
      gone.delete(key);
      const known = this.known.get(key);
      if (known && known.report > mark && known.seat.version > read.version) continue;
      if (known && isSame(known.seat, read)) continue;
      if (!known || known.seat.version >= read.version) inSteps = false;
      this.put(key, read, 0);
      this.pending.add(key);
    }
    for (const [key, { seat }] of gone) {
      inSteps = false;
      this.count(key, seat, -1);
      this.known.delete(key);
      this.pending.delete(key);
    }
    if (!inSteps) this.sortAs(reads);
    return inSteps;
  }

  /** Makes lapsed holds AVAILABLE, with the version that their expiry will have, as in a read of the map. */
  lapse(nowMs: number): void {
    for (const seat of this.holds.values()) {
      if (seat.holdExpiresAtMs! <= nowMs)
        this.merge([{ ...bare(seat), status: 'AVAILABLE', version: seat.version + 1 }]);
    }
  }

  /** When the next hold lapses; undefined when nothing is held. */
  get nextLapseMs(): number | undefined {
    let next: number | undefined;
    for (const { holdExpiresAtMs } of this.holds.values()) {
      if (next === undefined || holdExpiresAtMs! < next) next = holdExpiresAtMs!;
    }
    return next;
  }

  /** The changes since the last call. */
  takeChanges(): SeenSeat[] {
    const changes = [...this.pending].map((key) => this.known.get(key)!.seat);
    this.pending.clear();
    return changes;
  }

  get hasChanges(): boolean {
    return this.pending.size > 0;
  }

  get screen(): string {
    return this.hall;
  }

  get seats(): SeenSeat[] {
    return Array.from(this.known.values(), ({ seat }) => seat);
  }

  get counts(): SeatStats {
    return { ...this.stats };
  }

  /**
   * Names the state by what is in it. Every instance gives a state the same name. The sum of the versions would not do:
   * it comes again after a database was restored.
   */
  get stateId(): string {
    return this.digest.text;
  }

  private sortAs(seats: readonly SeatRef[]): void {
    for (const key of seats.map(keyOf)) {
      const known = this.known.get(key)!;
      this.known.delete(key);
      this.known.set(key, known);
    }
  }

  private put(key: string, report: SeenSeat, mark: Mark): void {
    const seat = report.status === 'HELD' ? report : bare(report);
    const before = this.known.get(key)?.seat;
    if (before) this.count(key, before, -1);
    this.count(key, seat, 1);
    this.known.set(key, { seat, report: mark });
  }

  private count(key: string, seat: SeenSeat, by: 1 | -1): void {
    this.stats.total += by;
    this.stats[STAT_OF[seat.status]] += by;
    this.digest.add(textOf(seat), by);
    if (seat.status !== 'HELD') return;
    if (by > 0) this.holds.set(key, seat);
    else this.holds.delete(key);
  }
}

/** Only of a hold it matters whose it is. A read says nothing of the others' holder, and a commit does. */
const bare = ({ row, number, status, version }: SeenSeat): SeenSeat => {
  return { row, number, status, version, holderId: null, holdExpiresAtMs: null };
};

const textOf = ({ row, number, status, version, holderId, holdExpiresAtMs }: SeenSeat): string =>
  `${row}/${number}/${status}/${version}/${holdExpiresAtMs}/${holderId}`;

const isSame = (a: SeenSeat, b: SeenSeat): boolean =>
  a.version === b.version &&
  a.status === b.status &&
  a.holderId === b.holderId &&
  a.holdExpiresAtMs === b.holdExpiresAtMs;

const DIGEST_BYTES = 6;
const DIGEST_MODULUS = 2 ** (8 * DIGEST_BYTES);

/** A digest of a set of texts, whatever their order; texts can be added and taken away. */
class Digest {
  private sum = 0;

  add(text: string, by: 1 | -1): void {
    const value = hash('sha1', text, 'buffer').readUIntBE(0, DIGEST_BYTES);
    this.sum = (this.sum + by * value + DIGEST_MODULUS) % DIGEST_MODULUS;
  }

  replace(before: string, after: string): void {
    this.add(before, -1);
    this.add(after, 1);
  }

  get text(): string {
    return this.sum.toString(36);
  }
}
