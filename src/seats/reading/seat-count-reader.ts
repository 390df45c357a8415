import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { SeatCounts, ShowSeatCounts } from '../../shows/seat-counts';

/** Counts seats as the seat map shows them. */
@Injectable()
export class SeatCountReader extends SeatCounts {
  constructor(private readonly dataSource: DataSource) {
    super();
  }

  async of(showIds: readonly number[]): Promise<Map<number, ShowSeatCounts>> {
    if (showIds.length === 0) return new Map();
    const rows = await this.dataSource.query<(ShowSeatCounts & { show_id: number })[]>(
      `SELECT show_id,
              count(*)::int AS total,
              count(*) FILTER (WHERE status = 'AVAILABLE' OR lapsed)::int AS available,
              count(*) FILTER (WHERE status = 'HELD' AND NOT lapsed)::int AS held,
              count(*) FILTER (WHERE status = 'BOOKED')::int AS booked
         FROM seat
        CROSS JOIN LATERAL (SELECT status = 'HELD' AND hold_expires_at <= statement_timestamp() AS lapsed) AS at
        WHERE show_id = ANY($1::int[])
        GROUP BY show_id`,
      [showIds],
    );
    return new Map(rows.map(({ show_id, ...counts }) => [show_id, counts]));
  }
}
