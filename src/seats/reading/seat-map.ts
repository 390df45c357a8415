import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { ReadDataSource } from '../../platform/database/pools';
import { queryPrepared } from '../../platform/database/prepared';
import { SharedRead } from '../../platform/database/shared-read';
import { seatKey, SeatRef, SeatStatus } from '../seat-transitions';

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
  readonly holds: readonly LiveHold[];
}

interface SeatMapRow {
  screen: string;
  now_ms: string;
  seats: string;
  total: number;
  held: number;
  booked: number;
  blocked: number;
  holds: [row: string, number: number, holderId: string, holdExpiresAtMs: number][] | null;
}

/**
 * One statement, so rows and time belong together: a statement has one snapshot, and `statement_timestamp()` is one instant
 * for all its rows (`clock_timestamp()` would move on from row to row). A lapsed hold is shown with
 * the version that its expiry will store (the view `seat_now`), so that no answer depends on the sweep.
 *
 * PostgreSQL writes the JSON of the API itself, so that what most readers get passes through here untouched: taking 200
 * seats apart and putting them together again would be most of the work of a read.
 */
const SEAT_MAP_SQL = `
  SELECT screen.name AS screen, floor(extract(epoch FROM statement_timestamp()) * 1000)::bigint AS now_ms, map.*
    FROM show
    JOIN screen ON screen.id = show.screen_id
   CROSS JOIN LATERAL (
     SELECT coalesce(string_agg(concat('{"row":', to_json(seat."row"), ',"number":', seat.number,
                                       ',"status":"', seat.status, '","version":', seat.version, '}'), ','), '') AS seats,
            count(*)::int AS total,
            (count(*) FILTER (WHERE seat.status = 'HELD'))::int AS held,
            (count(*) FILTER (WHERE seat.status = 'BOOKED'))::int AS booked,
            (count(*) FILTER (WHERE seat.status = 'BLOCKED'))::int AS blocked,
            json_agg(json_build_array(seat."row", seat.number, seat.holder_id,
                                      floor(extract(epoch FROM seat.hold_expires_at) * 1000)::bigint))
              FILTER (WHERE seat.status = 'HELD') AS holds
       FROM (SELECT * FROM seat_now WHERE seat_now.show_id = show.id ORDER BY seat_now."row", seat_now.number) AS seat) AS map
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
    const [found] = await queryPrepared<SeatMapRow>(this.dataSource, SEAT_MAP_SQL, [showId]);
    if (!found) return undefined;
    const { total, held, booked, blocked } = found;
    return {
      showId,
      screen: found.screen,
      serverTimeMs: Number(found.now_ms),
      stats: { total, available: total - held - booked - blocked, held, booked, blocked },
      seatsJson: `[${found.seats}]`,
      holds: (found.holds ?? []).map(([row, number, holderId, holdExpiresAtMs]) => ({
        row,
        number,
        holderId,
        holdExpiresAtMs,
      })),
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

/** A seat map as one viewer may see it, ready to send. */
export interface RenderedSeatMap {
  readonly json: string;
  /** Weak, as `server_time` is not part of it. */
  readonly etag: string;
}

const anonymous = new WeakMap<SeatMap, RenderedSeatMap>();

/** Renders a map for a viewer. Viewers without holds of their own share one rendering. */
export function renderSeatMap(map: SeatMap, viewerId: string | null): RenderedSeatMap {
  const ownsAny = viewerId !== null && map.holds.some((hold) => hold.holderId === viewerId);
  const shared = ownsAny ? undefined : anonymous.get(map);
  if (shared) return shared;

  const seats = ownsAny ? JSON.stringify(seenSeats(map).map((seat) => renderSeenSeat(seat, viewerId))) : map.seatsJson;
  const about = JSON.stringify({ show_id: map.showId, screen: map.screen, stats: map.stats });
  const lasting = `${about.slice(0, -1)},"seats":${seats}}`;
  const rendered = {
    json: `{"server_time":"${new Date(map.serverTimeMs).toISOString()}",${lasting.slice(1)}`,
    etag: `W/"${createHash('sha1').update(lasting).digest('base64url')}"`,
  };
  if (!ownsAny) anonymous.set(map, rendered);
  return rendered;
}

type PublicSeat = Pick<SeenSeat, 'row' | 'number' | 'status' | 'version'>;

/** A seat in the words of the API. Only the holder sees whose hold it is. */
export function renderSeenSeat(
  { row, number, status, version, holderId, holdExpiresAtMs }: SeenSeat,
  viewerId: string | null,
) {
  const own = viewerId !== null && holderId === viewerId && status === 'HELD';
  return {
    row,
    number,
    status,
    version,
    ...(own ? { held_by_me: true, hold_expires_at: new Date(holdExpiresAtMs!).toISOString() } : {}),
  };
}

/** Whether an If-None-Match header names the tag (RFC 9110 §13.1.2, weak comparison). */
export function matchesEtag(ifNoneMatch: string | undefined, etag: string): boolean {
  if (!ifNoneMatch) return false;
  const opaque = etag.replace(/^W\//, '');
  return ifNoneMatch.split(',').some((tag) => {
    const trimmed = tag.trim();
    return trimmed === '*' || trimmed.replace(/^W\//, '') === opaque;
  });
}
