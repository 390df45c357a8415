import { Injectable } from '@nestjs/common';
import { ReadDataSource } from '../platform/database/pools';
import { Cursors, INSTANT_PART, INTEGER_PART } from '../platform/http/cursor';
import { Page, readPage } from '../platform/http/page';
import { Problem } from '../platform/problem/problem';
import { salesOpen } from './sales-window';
import { SeatCounts, ShowSeatCounts } from './seat-counts';
import type { ShowDto, ShowListQueryDto } from './show.dto';
import { Show } from './show.entity';

const NO_SEATS: ShowSeatCounts = { total: 0, available: 0, held: 0, booked: 0, blocked: 0 };
const CURSORS = new Cursors({ atMs: INSTANT_PART, id: INTEGER_PART });
const DAY_MS = 24 * 60 * 60 * 1_000;

/** Reads shows with the counts of their seats. */
@Injectable()
export class Shows {
  constructor(
    private readonly dataSource: ReadDataSource,
    private readonly seatCounts: SeatCounts,
  ) {}

  /** @throws Problem SHOW_NOT_FOUND */
  async find(id: number): Promise<ShowDto> {
    const [show] = await this.seen(this.query().where('show.id = :id', { id }));
    if (!show) throw new Problem('SHOW_NOT_FOUND');
    return show;
  }

  /**
   * Shows in order of their start: those that start on a UTC day, or those that have not ended.
   *
   * @throws Problem VALIDATION_FAILED for a day that does not exist or a cursor that is not ours
   */
  list(wanted: ShowListQueryDto): Promise<Page<ShowDto>> {
    return readPage(wanted, {
      cursors: CURSORS,
      read: (count, after) => {
        const query = this.query();
        if (wanted.date === undefined) {
          query.where('show.endsAt > statement_timestamp()');
        } else {
          const from = dayStart(wanted.date);
          query.where('show.startsAt >= :from AND show.startsAt < :to', {
            from,
            to: new Date(from.getTime() + DAY_MS),
          });
        }
        if (after) {
          query.andWhere('(show.startsAt, show.id) > (:startsAt, :id)', {
            startsAt: new Date(after.atMs),
            id: after.id,
          });
        }
        return this.seen(query.orderBy({ 'show.startsAt': 'ASC', 'show.id': 'ASC' }).limit(count));
      },
      placeOf: ({ starts_at, id }) => ({ atMs: Date.parse(starts_at), id }),
    });
  }

  private query() {
    return this.dataSource
      .createQueryBuilder(Show, 'show')
      .innerJoinAndSelect('show.movie', 'movie')
      .innerJoinAndSelect('show.screen', 'screen')
      .addSelect('floor(extract(epoch FROM statement_timestamp()) * 1000)', 'now_ms');
  }

  private async seen(query: ReturnType<Shows['query']>): Promise<ShowDto[]> {
    const { entities, raw } = await query.getRawAndEntities<{ now_ms: string }>();
    const counts = await this.seatCounts.of(entities.map((show) => show.id));
    return entities.map((show, index) => ({
      id: show.id,
      title: show.movie.title,
      screen: show.screen.name,
      starts_at: show.startsAt.toISOString(),
      ends_at: show.endsAt.toISOString(),
      price: show.price,
      currency: show.currency,
      sales: salesOpen(show, Number(raw[index]!.now_ms)) ? 'OPEN' : 'CLOSED',
      stats: counts.get(show.id) ?? NO_SEATS,
    }));
  }
}

function dayStart(date: string): Date {
  const start = new Date(`${date}T00:00:00.000Z`);
  // `2026-02-30` is read as the 2nd of March by some engines and as no date by others.
  if (Number.isNaN(start.getTime()) || start.toISOString().slice(0, 10) !== date) {
    throw new Problem('VALIDATION_FAILED', { errors: [{ path: 'date', message: 'date must be a day that exists' }] });
  }
  return start;
}
