import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { APP_CONFIG } from '../platform/config/app-config';
import type { AppConfig } from '../platform/config/app-config';
import { derivedKeys } from '../platform/config/derived-keys';
import { LABEL } from '../platform/http/api-fields';
import { readPage } from '../platform/http/page';
import type { PageQueryDto } from '../platform/http/page.dto';
import { Problem } from '../platform/problem/problem';
import { LAPSE, SeatCommandName } from '../seats/commands/registry';
import type { SeatStatus } from '../seats/seat-transitions';
import { CursorSeal } from './cursor-seal';
import type { ActivityDto } from './live.dto';

interface ActivityRow {
  row: string;
  number: number;
  version: number;
  command: SeatCommandName;
  from_status: SeatStatus;
  to_status: SeatStatus;
  holder_id: string | null;
  at_ms: string;
}

/**
 * The ledger as a log. A lapse is listed from its deadline on and dated by it, whether a sweep or the next hold has
 * written the step already or not. So no answer depends on the sweep.
 */
const ACTIVITY_SQL = `
  SELECT * FROM (
    SELECT "row", number, version, command, from_status, to_status, holder_id,
           floor(extract(epoch FROM CASE command WHEN '${LAPSE}' THEN hold_expires_at ELSE at END) * 1000)::bigint AS at_ms
      FROM seat_transition WHERE show_id = $1
    UNION ALL
    SELECT "row", number, version, '${LAPSE}', 'HELD', 'AVAILABLE', holder_id,
           floor(extract(epoch FROM hold_expires_at) * 1000)::bigint
      FROM seat_now WHERE show_id = $1 AND lapsed
  ) AS entry
  WHERE $2::bigint IS NULL OR (at_ms, "row", number, version) < ($2::bigint, $3::text COLLATE "C", $4::bigint, $5::bigint)
  ORDER BY at_ms DESC, "row" DESC, number DESC, version DESC
  LIMIT $6`;

const MINUTE_MS = 60_000;

/** Row, number and version of a seat. */
const PLACE_PATTERN = new RegExp(`^${LABEL}/\\d{1,10}/\\d{1,9}$`, 'u');

@Injectable()
export class Activity {
  private readonly seal: CursorSeal;

  constructor(
    private readonly dataSource: DataSource,
    @Inject(APP_CONFIG) { auth }: Pick<AppConfig, 'auth'>,
  ) {
    this.seal = new CursorSeal(derivedKeys(auth, 'activity cursors'));
  }

  /** @throws Problem SHOW_NOT_FOUND; VALIDATION_FAILED for a cursor that is not of this list */
  async list(showId: number, viewerId: string | null, wanted: PageQueryDto): Promise<ActivityDto> {
    const { page, next } = await readPage(this.opened(wanted), {
      idPattern: PLACE_PATTERN,
      read: (count, after) =>
        this.dataSource.query<ActivityRow[]>(ACTIVITY_SQL, [
          showId,
          after?.atMs,
          ...(after?.id.split('/') ?? [null, null, null]),
          count,
        ]),
      cursorOf: ({ at_ms, row, number, version }) => ({ atMs: Number(at_ms), id: `${row}/${number}/${version}` }),
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
          at: new Date(isMine ? Number(entry.at_ms) : toTheMinute(Number(entry.at_ms))).toISOString(),
          ...(isMine ? { by_me: true } : {}),
        };
      }),
      next: next === null ? null : this.seal.seal(next),
    };
  }

  /** A cursor that is not ours stays one that the list refuses. */
  private opened({ after, ...wanted }: PageQueryDto): PageQueryDto {
    return after === undefined ? wanted : { ...wanted, after: this.seal.open(after) ?? '' };
  }

  private async expectShow(showId: number): Promise<void> {
    const found = await this.dataSource.query<unknown[]>('SELECT 1 FROM show WHERE id = $1', [showId]);
    if (found.length === 0) throw new Problem('SHOW_NOT_FOUND');
  }
}

/** From the exact time of a hold everybody could compute when it lapses, and be there first. */
const toTheMinute = (ms: number): number => ms - (ms % MINUTE_MS);
