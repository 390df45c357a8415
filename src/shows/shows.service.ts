import { Inject, Injectable } from '@nestjs/common';
import { APP_CONFIG } from '../platform/config/app-config';
import type { AppConfig } from '../platform/config/app-config';
import { YEARS_SQL } from '../platform/database/check-sql';
import { ReadDataSource } from '../platform/database/pools';
import { SharedRead } from '../platform/database/shared-read';
import { dayBounds } from '../platform/http/calendar-day';
import { Rendered, weakTag } from '../platform/http/conditional';
import { Cursors, INSTANT_PART, INTEGER_PART } from '../platform/http/cursor';
import { readPage } from '../platform/http/page';
import { FIRST_INSTANT_MS, LAST_INSTANT_MS } from '../platform/instant';
import { Problem } from '../platform/problem/problem';
import { salesOpen } from './sales-window';
import { SeatCounts, ShowSeatCounts } from './seat-counts';
import type { ShowDto, ShowListDto, ShowListQueryDto } from './show.dto';

interface ShowRow {
  id: number;
  title: string;
  screen: string;
  starts_at: Date;
  ends_at: Date;
  sales_open_at: Date;
  sales_close_at: Date;
  price: string;
  currency: string;
  now_ms: number;
}

/** A row from before the checks that no answer can tell is left out: it must not take the other shows along. */
const SHOWS_SQL = `
  SELECT show.id, movie.title, screen.name AS screen, starts_at, ends_at, sales_open_at, sales_close_at, price, currency,
         floor(extract(epoch FROM statement_timestamp()) * 1000)::float8 AS now_ms
    FROM show
    JOIN movie ON movie.id = show.movie_id
    JOIN screen ON screen.id = show.screen_id
   WHERE ${YEARS_SQL('starts_at', 'ends_at')}`;
const SHOW_SQL = `${SHOWS_SQL} AND show.id = $1`;
const PAGE_SQL = `${SHOWS_SQL}
     AND starts_at >= $1::timestamptz AND starts_at < $2::timestamptz AND (NOT $3 OR ends_at > statement_timestamp())
     AND (starts_at, show.id) > ($4::timestamptz, $5::int)
   ORDER BY starts_at, show.id
   LIMIT $6`;

const NO_SEATS: ShowSeatCounts = { total: 0, available: 0, held: 0, booked: 0, blocked: 0 };
const CURSORS = new Cursors({ atMs: INSTANT_PART, id: INTEGER_PART });
const BEGINNING = { atMs: FIRST_INSTANT_MS, id: 0 };

/** Reads shows with the counts of their seats, in the JSON of the API. Callers that ask the same at once share an answer. */
@Injectable()
export class Shows {
  private readonly shows = new SharedRead((id: number) => this.readShow(id));
  private readonly pages: SharedRead<string, Rendered>;

  constructor(
    private readonly dataSource: ReadDataSource,
    private readonly seatCounts: SeatCounts,
    @Inject(APP_CONFIG) { shows }: Pick<AppConfig, 'shows'>,
  ) {
    const read = (wanted: string) => this.readPage(JSON.parse(wanted) as ShowListQueryDto);
    // The counts in it may be as old again.
    this.pages = new SharedRead(read, shows.listMaxAgeMs / 2);
  }

  /** @throws Problem SHOW_NOT_FOUND */
  find(id: number): Promise<Rendered> {
    return this.shows.read(id);
  }

  /**
   * Shows in order of their start: those that start on a day or within a time, or else those that have not ended.
   *
   * @throws Problem VALIDATION_FAILED for a day that does not exist or a cursor that is not ours
   */
  list(wanted: ShowListQueryDto): Promise<Rendered> {
    const { date, tz, from, to, after, limit } = wanted;
    return this.pages.read(JSON.stringify({ date, tz, from, to, after, limit }));
  }

  private async readShow(id: number): Promise<Rendered> {
    const [row] = await this.dataSource.query<ShowRow[]>(SHOW_SQL, [id]);
    if (!row) throw new Problem('SHOW_NOT_FOUND');
    return rendered(showDto(row, await this.seatCounts.now(id)));
  }

  private async readPage(wanted: ShowListQueryDto): Promise<Rendered> {
    const { fromMs, beforeMs, isOpenEnded } = periodOf(wanted);
    const { page, next } = await readPage(wanted, {
      cursors: CURSORS,
      read: (count, after) => {
        const { atMs, id } = after ?? BEGINNING;
        return this.dataSource.query<ShowRow[]>(PAGE_SQL, [
          text(fromMs),
          text(beforeMs),
          isOpenEnded,
          text(atMs),
          id,
          count,
        ]);
      },
      placeOf: ({ starts_at, id }: ShowRow) => ({ atMs: starts_at.getTime(), id }),
    });
    const counts = await this.seatCounts.recent(page.map(({ id }) => id));
    return rendered({ shows: page.map((row) => showDto(row, counts.get(row.id))), next });
  }
}

/** The time in which the wanted shows start; open-ended is what has not ended yet. */
function periodOf({ date, tz, from, to }: ShowListQueryDto): {
  fromMs: number;
  beforeMs: number;
  isOpenEnded: boolean;
} {
  if (date === undefined) {
    if (tz !== undefined) throw invalid('tz', 'tz is the zone of date, which is missing');
    const isOpenEnded = from === undefined && to === undefined;
    return { fromMs: from ?? FIRST_INSTANT_MS, beforeMs: to ?? LAST_INSTANT_MS, isOpenEnded };
  }
  const other = Object.entries({ from, to }).find(([, value]) => value !== undefined)?.[0];
  if (other !== undefined) throw invalid(other, `${other} and date exclude each other`);
  const day = dayBounds(date, tz);
  if (!day) throw invalid('date', 'date must be a day that exists');
  return { ...day, isOpenEnded: false };
}

function invalid(path: string, message: string): Problem {
  return new Problem('VALIDATION_FAILED', { errors: [{ path, message }] });
}

/** As PostgreSQL reads it: a day at either end of the years reaches beyond them in some zones. */
function text(ms: number): string {
  return new Date(Math.min(Math.max(ms, FIRST_INSTANT_MS), LAST_INSTANT_MS)).toISOString();
}

function showDto(row: ShowRow, stats: ShowSeatCounts = NO_SEATS): ShowDto {
  const window = { salesOpenAt: row.sales_open_at, salesCloseAt: row.sales_close_at, endsAt: row.ends_at };
  return {
    id: row.id,
    title: row.title,
    screen: row.screen,
    starts_at: row.starts_at.toISOString(),
    ends_at: row.ends_at.toISOString(),
    price: row.price,
    currency: row.currency,
    sales: salesOpen(window, row.now_ms) ? 'OPEN' : 'CLOSED',
    stats,
  };
}

function rendered(answer: ShowDto | ShowListDto): Rendered {
  const json = JSON.stringify(answer);
  return { json, etag: weakTag(json) };
}
