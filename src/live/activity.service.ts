import { Injectable } from '@nestjs/common';
import { ReadDataSource } from '../platform/database/pools';
import { Cursors, INTEGER_PART, notOurs, TEXT_PART } from '../platform/http/cursor';
import { readPage } from '../platform/http/page';
import type { PageQueryDto } from '../platform/http/page.dto';
import { instant, LAST_INSTANT_MS } from '../platform/instant';
import { Problem } from '../platform/problem/problem';
import { LAPSE, SeatCommandName } from '../seats/commands/registry';
import type { SeatStatus } from '../seats/seat-transitions';
import type { ActivityDto } from './live.dto';

interface ActivityRow {
  row: string;
  number: number;
  version: number;
  command: SeatCommandName;
  from_status: SeatStatus;
  to_status: SeatStatus;
  holder_id: string | null;
  at: Date;
}

/** Dates a step of the ledger. The index `seat_transition_happened` has the same words. */
const HAPPENED = `CASE command WHEN '${LAPSE}' THEN hold_expires_at ELSE at END`;

const isOf = (version: string) => `show_id = $1 AND "row" = $2 AND number = $3 AND ${version} = $4`;

/** When the step at a place took place: a cursor names the step alone, and so tells nobody the instant. */
const PLACE_SQL = `
  SELECT ${HAPPENED} AS at FROM seat_transition WHERE ${isOf('version')}
  UNION ALL
  SELECT hold_expires_at FROM seat_now WHERE lapsed AND ${isOf('version')}`;

const isBehind = (at: string) => `
  ${at} <= $2::timestamptz AND (${at}, "row", number, version) < ($2::timestamptz, $3::text COLLATE "C", $4::int, $5::int)`;
const NEWEST_FIRST = 'ORDER BY at DESC, "row" DESC, number DESC, version DESC LIMIT $6';

/**
 * The ledger as a log. A lapse is listed from its deadline on and dated by it, whether a sweep or the next hold has
 * written the step already or not. So no answer depends on the sweep.
 *
 * Each half brings no more than a page: an index of the ledger has it in order, however long the ledger is.
 */
export const ACTIVITY_SQL = `
  SELECT * FROM (
    (SELECT "row", number, version, command, from_status, to_status, holder_id, ${HAPPENED} AS at
       FROM seat_transition WHERE show_id = $1 AND ${isBehind(HAPPENED)} ORDER BY ${HAPPENED} DESC, "row" DESC, number DESC, version DESC LIMIT $6)
    UNION ALL
    (SELECT "row", number, version, '${LAPSE}', 'HELD', 'AVAILABLE', holder_id, hold_expires_at AS at
       FROM seat_now WHERE show_id = $1 AND lapsed AND ${isBehind('hold_expires_at')} ${NEWEST_FIRST})
  ) AS entry
  ${NEWEST_FIRST}`;

const MINUTE_MS = 60_000;
const CURSORS = new Cursors({ row: TEXT_PART, number: INTEGER_PART, version: INTEGER_PART });
/** Behind it, everything is. */
export const BEGINNING = [instant(LAST_INSTANT_MS), '', 0, 0] as const;

@Injectable()
export class Activity {
  constructor(private readonly dataSource: ReadDataSource) {}

  /** @throws Problem SHOW_NOT_FOUND; VALIDATION_FAILED for a cursor that is not of this list */
  async list(showId: number, viewerId: string | null, wanted: PageQueryDto): Promise<ActivityDto> {
    const { page, next } = await readPage(wanted, {
      cursors: CURSORS,
      read: async (count, after) => {
        const place = after ? [await this.instantOf(showId, after), after.row, after.number, after.version] : BEGINNING;
        return this.dataSource.query<ActivityRow[]>(ACTIVITY_SQL, [showId, ...place, count]);
      },
      placeOf: ({ row, number, version }: ActivityRow) => ({ row, number, version }),
    });
    if (page.length === 0) await this.expectShow(showId);
    return {
      activity: page.map((entry) => {
        const isMine = viewerId !== null && entry.holder_id === viewerId;
        return {
          row: entry.row,
          number: entry.number,
          version: entry.version,
          command: entry.command,
          from: entry.from_status,
          to: entry.to_status,
          at: (isMine ? entry.at : toTheMinute(entry.at)).toISOString(),
          ...(isMine ? { by_me: true } : {}),
        };
      }),
      next,
    };
  }

  private async instantOf(
    showId: number,
    { row, number, version }: { row: string; number: number; version: number },
  ): Promise<string> {
    const [step] = await this.dataSource.query<{ at: Date }[]>(PLACE_SQL, [showId, row, number, version]);
    if (!step) throw notOurs();
    return step.at.toISOString();
  }

  private async expectShow(showId: number): Promise<void> {
    const found = await this.dataSource.query<unknown[]>('SELECT 1 FROM show WHERE id = $1', [showId]);
    if (found.length === 0) throw new Problem('SHOW_NOT_FOUND');
  }
}

/** From the exact time of a hold everybody could compute when it lapses, and be there first. */
const toTheMinute = (at: Date): Date => new Date(at.getTime() - (at.getTime() % MINUTE_MS));
