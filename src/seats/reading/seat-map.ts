import { Injectable } from '@nestjs/common';
import { ReadDataSource } from '../../platform/database/pools';
import { queryPrepared } from '../../platform/database/prepared';
import { SharedRead } from '../../platform/database/shared-read';
import { Rendered, weakTag } from '../../platform/http/conditional';
import { compareLabels, seatKey, SeatRef, seatRef, SeatStatus } from '../seat-transitions';

export interface SeatStats {
  total: number;
  available: number;
  held: number;
  booked: number;
  blocked: number;
}

/** A seat as a reader sees it: a lapsed hold is AVAILABLE, with the version that its expiry will have. */
export interface SeenSeat extends SeatRef {
  readonly status: SeatStatus;
  readonly version: number;
  /** Of a live hold; for the holder's own eyes. */
  readonly holderId: string | null;
  readonly holdExpiresAtMs: number | null;
}

/** A live hold, for the holder's own eyes. */
export interface LiveHold extends SeatRef {
  readonly holderId: string;
  readonly holdExpiresAtMs: number;
}

/** The seats of a show at one instant, from one snapshot of the database. */
export interface SeatMap {
  readonly showId: number;
  readonly screen: string;
  readonly serverTimeMs: number;
  readonly stats: SeatStats;
  /** The seats in row, number order as everybody may see them, in the JSON of the API. */
  readonly seatsJson: string;
  /** In the same order. */
  readonly holds: readonly LiveHold[];
}

/** A row of seats, with what is known of its show. */
interface SeatMapRow {
  screen: string;
  now_ms: number;
  /** Null where the show has no seats, and so are all that follow. */
  row: string | null;
  seats: string;
  held: number;
  booked: number;
  blocked: number;
  total: number;
  holds: [number: number, holderId: string, holdExpiresAtMs: number][] | null;
}

/**
 * One statement, so rows and time belong together: a statement has one snapshot, and `statement_timestamp()` is one instant
 * for all its rows (`clock_timestamp()` would move on from row to row). A lapsed hold is shown with
 * the version that its expiry will store (the view `seat_now`), so that no answer depends on the sweep.
 *
 * PostgreSQL writes the JSON of the API itself, a row of seats at a time, so that what most readers get passes through here
 * untouched: taking 200 seats apart and putting them together again would be most of the work of a read. The order of the
 * rows is that of `compareSeats`, which SQL can't say.
 */
const SEAT_MAP_SQL = `
  SELECT screen.name AS screen, floor(extract(epoch FROM statement_timestamp()) * 1000)::float8 AS now_ms, map.*
    FROM show
    JOIN screen ON screen.id = show.screen_id
    LEFT JOIN LATERAL (
     SELECT seat."row",
            string_agg(concat('{"row":', to_json(seat."row"), ',"number":', seat.number,
                              ',"status":"', seat.status, '","version":', seat.version, '}'), ',') AS seats,
            count(*)::int AS total,
            (count(*) FILTER (WHERE seat.status = 'HELD'))::int AS held,
            (count(*) FILTER (WHERE seat.status = 'BOOKED'))::int AS booked,
            (count(*) FILTER (WHERE seat.status = 'BLOCKED'))::int AS blocked,
            json_agg(json_build_array(seat.number, seat.holder_id,
                                      floor(extract(epoch FROM seat.hold_expires_at) * 1000)::bigint))
              FILTER (WHERE seat.status = 'HELD') AS holds
       FROM (SELECT * FROM seat_now WHERE seat_now.show_id = show.id ORDER BY seat_now."row", seat_now.number) AS seat
      GROUP BY seat."row") AS map ON true
   WHERE show.id = $1`;

/** Reads seat maps; concurrent readers of one show share a query. */
@Injectable()
export class SeatMapReader {
  private readonly shared = new SharedRead((showId: number) => this.query(showId));

  constructor(private readonly dataSource: ReadDataSource) {}

  /** The seats as they are at some instant after the call; undefined when the show does not exist. */
  read(showId: number): Promise<SeatMap | undefined> {
    return this.shared.read(showId);
  }

  private async query(showId: number): Promise<SeatMap | undefined> {
    const found = await queryPrepared<SeatMapRow>(this.dataSource, SEAT_MAP_SQL, [showId]);
    const [first] = found;
    if (!first) return undefined;
    const rows = found
      .filter((one): one is SeatMapRow & { row: string } => one.row !== null)
      .sort((a, b) => compareLabels(a.row, b.row));
    const sum = (count: (row: SeatMapRow) => number) => rows.reduce((total, row) => total + count(row), 0);
    const [total, held, booked, blocked] = [
      sum((row) => row.total),
      sum((row) => row.held),
      sum((row) => row.booked),
      sum((row) => row.blocked),
    ];
    return {
      showId,
      screen: first.screen,
      serverTimeMs: first.now_ms,
      stats: { total, available: total - held - booked - blocked, held, booked, blocked },
      seatsJson: `[${rows.map(({ seats }) => seats).join(',')}]`,
      holds: rows.flatMap(({ row, holds }) =>
        (holds ?? []).map(([number, holderId, holdExpiresAtMs]) => ({ row, number, holderId, holdExpiresAtMs })),
      ),
    };
  }
}

/** The seats of a map, each with all that is known of it. */
export function seenSeats({ showId, seatsJson, holds }: SeatMap): SeenSeat[] {
  const live = new Map(holds.map((hold) => [seatKey(showId, hold), hold]));
  return (JSON.parse(seatsJson) as PublicSeat[]).map((seat) => {
    const { holderId = null, holdExpiresAtMs = null } = live.get(seatKey(showId, seat)) ?? {};
    return { ...seat, holderId, holdExpiresAtMs };
  });
}

/** The map that has these seats, in row, number order. */
export function seatMapOf(about: Omit<SeatMap, 'seatsJson' | 'holds'>, seats: readonly SeenSeat[]): SeatMap {
  const holds = seats.filter((seat): seat is SeenSeat & LiveHold => seat.status === 'HELD');
  return { ...about, seatsJson: JSON.stringify(seats.map((seat) => renderSeenSeat(seat, null))), holds };
}

export const STAT_OF = {
  AVAILABLE: 'available',
  HELD: 'held',
  BOOKED: 'booked',
  BLOCKED: 'blocked',
} as const satisfies Record<SeatStatus, keyof SeatStats>;

/** What everybody may see of a map, for as long as the map is in use. Most viewers get just this. */
const shared = new WeakMap<SeatMap, RenderedSeatMap>();

/**
 * Renders a map for a viewer. The viewer's own holds are marked in the text that all share: taking a house of 10,000 seats
 * apart for each of its holders would cost eight times as much as everything else.
 */
export function renderSeatMap(map: SeatMap, viewerId: string | null): Rendered {
  let forAll = shared.get(map);
  if (!forAll) shared.set(map, (forAll = new RenderedSeatMap(map)));
  const own = viewerId === null ? [] : map.holds.filter((hold) => hold.holderId === viewerId);
  return own.length === 0 ? forAll : new RenderedSeatMap(map, own, forAll);
}

class RenderedSeatMap implements Rendered {
  /** It covers all but `server_time`. */
  readonly etag: string;
  private text: string | undefined;

  constructor(
    private readonly map: SeatMap,
    private readonly own: readonly LiveHold[] = [],
    /** The same for everybody. Without it, this is that. */
    forAll?: RenderedSeatMap,
  ) {
    this.etag = weakTag(forAll ? `${forAll.etag} ${JSON.stringify(own)}` : `${this.about} ${map.seatsJson}`);
  }

  /** Made at its first use: a client that has it already is not sent it. */
  get json(): string {
    return (this.text ??= this.write());
  }

  private write(): string {
    const serverTime = new Date(this.map.serverTimeMs).toISOString();
    const seats = markOwn(this.map.seatsJson, this.own);
    return `{"server_time":"${serverTime}",${this.about.slice(1, -1)},"seats":${seats}}`;
  }

  private get about(): string {
    const { showId, screen, stats } = this.map;
    return JSON.stringify({ show_id: showId, screen, stats });
  }
}

/** @param own in the order of the seats */
function markOwn(seatsJson: string, own: readonly LiveHold[]): string {
  let marked = '';
  let done = 0;
  for (const hold of own) {
    const name = JSON.stringify(seatRef(hold)).slice(0, -1);
    const start = seatsJson.indexOf(`${name},`, done);
    if (start < 0) throw new Error(`The map has a hold of a seat that it has not: ${name}`);
    const end = seatsJson.indexOf('}', start + name.length);
    marked += `${seatsJson.slice(done, end)},${JSON.stringify(ownFields(hold)).slice(1, -1)}`;
    done = end;
  }
  return marked + seatsJson.slice(done);
}

type PublicSeat = Pick<SeenSeat, 'row' | 'number' | 'status' | 'version'>;

/** A seat in the words of the API. Only the holder sees whose hold it is. */
export function renderSeenSeat(
  { row, number, status, version, holderId, holdExpiresAtMs }: SeenSeat,
  viewerId: string | null,
) {
  const own = viewerId !== null && holderId === viewerId && status === 'HELD';
  return { row, number, status, version, ...(own ? ownFields({ holdExpiresAtMs: holdExpiresAtMs! }) : {}) };
}

function ownFields({ holdExpiresAtMs }: Pick<LiveHold, 'holdExpiresAtMs'>) {
  return { held_by_me: true, hold_expires_at: new Date(holdExpiresAtMs).toISOString() };
}
