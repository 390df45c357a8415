import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsInt, IsOptional, IsTimeZone, Matches, Max, Min } from 'class-validator';
import { CurrencyField, CursorField, InstantField, MoneyField } from '../platform/http/api-fields';
import { PageQueryDto } from '../platform/http/page.dto';
import { INT4_MAX, toInstantMs, toWholeNumber } from '../platform/http/query-values';

const INSTANT_MESSAGE = '$property must be an instant, as 2026-05-01T04:00:00Z or 2026-05-01T00:00:00-04:00';

export const SALES = ['OPEN', 'CLOSED'] as const;

export class ShowIdDto {
  /** The show. @example 1 */
  @Transform(toWholeNumber)
  @IsInt({ message: 'id must be a whole number' })
  @Min(1)
  @Max(INT4_MAX)
  id: number;
}

export class ShowListQueryDto extends PageQueryDto {
  /**
   * The day on which the shows start, in the zone of `tz`. Not together with `from` and `to`.
   * @example "2026-05-01"
   */
  @IsOptional()
  @Matches(/^\d{4}-\d{2}-\d{2}$/, { message: 'date must be a day as YYYY-MM-DD' })
  date?: string;

  /** The time zone of `date`; UTC without it. @example "America/New_York" */
  @IsOptional()
  @IsTimeZone({ message: 'tz must be the name of a time zone, as Europe/Berlin' })
  tz?: string;

  /** The shows that start at this instant or later. @example "2026-05-01T04:00:00Z" */
  @IsOptional()
  @Transform(toInstantMs)
  @IsInt({ message: INSTANT_MESSAGE })
  @ApiProperty({ type: 'string', format: 'date-time' })
  from?: number;

  /** The shows that start before this instant. @example "2026-05-02T04:00:00Z" */
  @IsOptional()
  @Transform(toInstantMs)
  @IsInt({ message: INSTANT_MESSAGE })
  @ApiProperty({ type: 'string', format: 'date-time' })
  to?: number;
}

/** Seats of a show by status; a lapsed hold counts as available. */
export class SeatStatsDto {
  /** All seats of the show. @example 50 */
  @IsInt() @Min(0) total: number;

  /** Seats that can be held now. @example 47 */
  @IsInt() @Min(0) available: number;

  /** Seats under a live hold. @example 2 */
  @IsInt() @Min(0) held: number;

  /** Sold seats. @example 1 */
  @IsInt() @Min(0) booked: number;

  /** Seats that are off sale. @example 0 */
  @IsInt() @Min(0) blocked: number;
}

export class ShowDto {
  /** Identifies the show. @example 1 */
  @IsInt() @Min(1) id: number;

  /** The movie. @example "Inception" */
  title: string;

  /** Where. @example "Screen 1 (Main Hall)" */
  screen: string;

  /** When it starts. @example "2026-05-01T19:00:00.000Z" */
  @InstantField() starts_at: string;

  /** When it ends. @example "2026-05-01T21:28:00.000Z" */
  @InstantField() ends_at: string;

  /** The price of a seat; a decimal string. @example "100.00" */
  @MoneyField() price: string;

  /** ISO 4217. @example "USD" */
  @CurrencyField() currency: string;

  /** Whether seats can be held and booked now. @example "OPEN" */
  @ApiProperty({ enum: SALES, enumName: 'Sales' })
  sales: (typeof SALES)[number];

  /** Its seats by status, lapsed holds counted as available. */
  stats: SeatStatsDto;
}

export class ShowListDto {
  /** By start, earliest first. */
  @ApiProperty({ type: [ShowDto] }) shows: ShowDto[];

  /** Send it as `after` to get the shows that follow; null on the last page. */
  @CursorField() next: string | null;
}
