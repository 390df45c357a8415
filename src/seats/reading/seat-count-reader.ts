import { Inject, Injectable } from '@nestjs/common';
import { APP_CONFIG } from '../../platform/config/app-config';
import type { AppConfig } from '../../platform/config/app-config';
import { ReadDataSource } from '../../platform/database/pools';
import { queryPrepared } from '../../platform/database/prepared';
import { RecentRead } from '../../platform/database/recent-read';
import { SharedRead } from '../../platform/database/shared-read';
import { SEAT_STATUSES } from '../seat-transitions';
import { STAT_OF } from './seat-map';
import { SeatCounts, ShowSeatCounts } from '../../shows/seat-counts';

/** As many as a page of the list has. */
const SHOWS_PER_QUERY = 200;

const COUNTS_SQL = `
  SELECT show_id, count(*)::int AS total,
         ${SEAT_STATUSES.map((status) => `(count(*) FILTER (WHERE status = '${status}'))::int AS ${STAT_OF[status]}`).join(', ')}
    FROM seat_now WHERE show_id = ANY($1::int[]) GROUP BY show_id`;

/** Counts seats as the seat map shows them. */
@Injectable()
export class SeatCountReader extends SeatCounts {
  private readonly shared = new SharedRead(async (showId: number) => (await this.query([showId])).get(showId));
  /** To count seats is to read them all, so a list of shows is as heavy as all their seat maps. */
  private readonly recentReads: RecentRead<number, ShowSeatCounts>;

  constructor(
    private readonly dataSource: ReadDataSource,
    @Inject(APP_CONFIG) { shows }: Pick<AppConfig, 'shows'>,
  ) {
    super();
    // The list keeps them as long again.
    const bounds = { maxAgeMs: shows.listMaxAgeMs / 2, keysPerQuery: SHOWS_PER_QUERY };
    this.recentReads = new RecentRead((showIds: readonly number[]) => this.query(showIds), bounds);
  }

  now(showId: number): Promise<ShowSeatCounts | undefined> {
    return this.shared.read(showId);
  }

  recent(showIds: readonly number[]): Promise<ReadonlyMap<number, ShowSeatCounts>> {
    return this.recentReads.read(showIds);
  }

  private async query(showIds: readonly number[]): Promise<Map<number, ShowSeatCounts>> {
    const rows = await queryPrepared<ShowSeatCounts & { show_id: number }>(this.dataSource, COUNTS_SQL, [showIds]);
    return new Map(rows.map(({ show_id, ...counts }) => [show_id, counts]));
  }
}
