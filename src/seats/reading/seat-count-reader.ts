import { Injectable } from '@nestjs/common';
import { ReadDataSource } from '../../platform/database/pools';
import { SEAT_STATUSES } from '../seat-transitions';
import { STAT_OF } from './seat-map';
import { SeatCounts, ShowSeatCounts } from '../../shows/seat-counts';

/** Counts seats as the seat map shows them. */
@Injectable()
export class SeatCountReader extends SeatCounts {
  constructor(private readonly dataSource: ReadDataSource) {
    super();
  }

  async of(showIds: readonly number[]): Promise<Map<number, ShowSeatCounts>> {
    if (showIds.length === 0) return new Map();
    const rows = await this.dataSource.query<(ShowSeatCounts & { show_id: number })[]>(
      `SELECT show_id, count(*)::int AS total,
              ${SEAT_STATUSES.map((status) => `count(*) FILTER (WHERE status = '${status}')::int AS ${STAT_OF[status]}`).join(', ')}
         FROM seat_now WHERE show_id = ANY($1::int[]) GROUP BY show_id`,
      [showIds],
    );
    return new Map(rows.map(({ show_id, ...counts }) => [show_id, counts]));
  }
}
