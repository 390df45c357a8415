import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { SharedRead } from '../platform/database/shared-read';
import type { SeatRef, SeatStatus } from './seat-transitions';

export interface SeatStats {
  total: number;
  available: number;
  held: number;
  booked: number;
}

/** A seat as a reader sees it: a lapsed hold is AVAILABLE, with the version that its expiry will have. */
export interface SeenSeat extends SeatRef {
  readonly status: SeatStatus;
  readonly version: number;
  /** Of a live hold; for the holder's own eyes. */
  readonly holderId: string | null;
  readonly holdExpiresAtMs: number | null;
}

/** The seats of a show at one instant, from one snapshot of the database. */
export interface SeatMap {
  readonly showId: number;
  readonly screen: string;
  readonly serverTimeMs: number;
  readonly stats: SeatStats;
  /** In row, number order. */
  readonly seats: readonly SeenSeat[];
}

type SeatTuple = [string, number, SeatStatus, number, string | null, number | null];

/**
 * One statement, so rows and time belong together: a statement has one snapshot, and `statement_timestamp()` is one instant
 * for all its rows (`clock_timestamp()` would move on from row to row). A hold is lapsed from its deadline on, as in
 * `isLapsed()`; its seat shows the version that its expiry will store, so that no answer depends on the sweep.
 */
const SEAT_MAP_SQL = `
  SELECT screen.name AS screen,
         floor(extract(epoch FROM statement_timestamp()) * 1000)::bigint AS now_ms,
         (SELECT coalesce(json_agg(json_build_array(
                   seat."row", seat.number,
                   CASE WHEN lapsed THEN 'AVAILABLE' ELSE seat.status END,
                   seat.version + lapsed::int,
                   CASE WHEN seat.status = 'HELD' AND NOT lapsed THEN seat.holder_id END,
                   CASE WHEN seat.status = 'HELD' AND NOT lapsed THEN floor(extract(epoch FROM seat.hold_expires_at) * 1000)::bigint END
                 ) ORDER BY seat."row", seat.number), '[]')
            FROM seat
           CROSS JOIN LATERAL (SELECT seat.status = 'HELD' AND seat.hold_expires_at <= statement_timestamp() AS lapsed) AS at
           WHERE seat.show_id = show.id) AS seats
    FROM show JOIN screen ON screen.id = show.screen_id
   WHERE show.id = $1`;

/** Reads seat maps; concurrent readers of one show share a query. */
@Injectable()
export class SeatMapReader {
  private readonly shared = new SharedRead((showId: number) => this.query(showId));

  constructor(private readonly dataSource: DataSource) {}

  /** The seats as they are at some instant after the call; undefined when the show does not exist. */
  read(showId: number): Promise<SeatMap | undefined> {
    return this.shared.read(showId);
  }

  private async query(showId: number): Promise<SeatMap | undefined> {
    const [found] = await this.dataSource.query<{ screen: string; now_ms: string; seats: SeatTuple[] }[]>(SEAT_MAP_SQL, [
      showId,
    ]);
    if (!found) return undefined;
    const stats: SeatStats = { total: 0, available: 0, held: 0, booked: 0 };
    const seats = found.seats.map(([row, number, status, version, holderId, holdExpiresAtMs]) => {
      stats.total++;
      stats[STAT_OF[status]]++;
      return { row, number, status, version, holderId, holdExpiresAtMs };
    });
    return { showId, screen: found.screen, serverTimeMs: Number(found.now_ms), stats, seats };
  }
}

export const STAT_OF = { AVAILABLE: 'available', HELD: 'held', BOOKED: 'booked' } as const satisfies Record<SeatStatus, keyof SeatStats>;

/** A seat map as one viewer may see it, ready to send. */
export interface RenderedSeatMap {
  readonly json: string;
  /** Weak, as `server_time` is not part of it. */
  readonly etag: string;
}

const anonymous = new WeakMap<SeatMap, RenderedSeatMap>();

/** Renders a map for a viewer. What nobody's own holds are part of is rendered once for all who share the read. */
export function renderSeatMap(map: SeatMap, viewerId: string | null): RenderedSeatMap {
  const ownsAny = viewerId !== null && map.seats.some((seat) => seat.holderId === viewerId);
  const shared = ownsAny ? undefined : anonymous.get(map);
  if (shared) return shared;

  const seats = map.seats.map((seat) => renderSeenSeat(seat, viewerId));
  const lasting = JSON.stringify({ show_id: map.showId, screen: map.screen, stats: map.stats, seats });
  const rendered = {
    json: `{"server_time":"${new Date(map.serverTimeMs).toISOString()}",${lasting.slice(1)}`,
    etag: `W/"${createHash('sha1').update(lasting).digest('base64url')}"`,
  };
  if (!ownsAny) anonymous.set(map, rendered);
  return rendered;
}

/** A seat in the words of the API. Only the holder sees whose hold it is. */
export function renderSeenSeat({ row, number, status, version, holderId, holdExpiresAtMs }: SeenSeat, viewerId: string | null) {
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
