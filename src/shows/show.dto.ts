import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsInt, IsOptional, Matches, Max, Min } from 'class-validator';
import { CurrencyField, CursorField, InstantField, MoneyField } from '../platform/http/api-fields';
import { PageQueryDto } from '../platform/http/page.dto';
import { INT4_MAX, toWholeNumber } from '../platform/http/query-values';

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
  /** The UTC day on which the shows start. Without it: all that have not ended. @example "2026-05-01" */
  @IsOptional()
  @Matches(/^\d{4}-\d{2}-\d{2}$/, { message: 'date must be a day as YYYY-MM-DD' })
  date?: string;
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
