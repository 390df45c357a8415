import { Transform, Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsInt,
  IsObject,
  Matches,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import { ApiProperty } from '@nestjs/swagger';
import { DistinctBy } from '../platform/http/distinct-by';
import { CurrencyField, InstantField, LABEL, LabelField, MoneyField } from '../platform/http/api-fields';
import { INT4_MAX, toWholeNumber } from '../platform/http/query-values';
import { SeatStatsDto } from '../shows/show.dto';
import { SEAT_STATUSES } from './seat-transitions';
import type { SeatStatus } from './seat-transitions';

export const ROW_PATTERN = new RegExp(`^${LABEL}$`, 'u');
export const RowField = LabelField;
/** No deployment can raise MAX_SEATS_PER_COMMAND beyond this. */
export const SEATS_CEILING = 100;

/** A request or an answer about one show. */
export class OfShowDto {
  /** The show. @example 1 */
  @IsInt() @Min(1) @Max(INT4_MAX) show_id: number;
}

export class SeatRefDto {
  /** Row label. @example "A" */
  @RowField()
  @Matches(ROW_PATTERN, {
    message: 'row must be 1 to 8 letters or digits, or two such parts with a hyphen between them',
  })
  row: string;

  /** Seat number within the row. @example 1 */
  @IsInt() @Min(1) @Max(INT4_MAX) number: number;
}

export class SeatCommandDto extends OfShowDto {
  /** The seats, no seat twice. All of them or none: a refused command changes nothing. */
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(SEATS_CEILING)
  @DistinctBy((seat: SeatRefDto | null) => (seat ? `${seat.row}/${seat.number}` : seat), {
    message: 'seats must not name a seat twice',
  })
  @IsObject({ each: true, message: 'each seat must be an object with row and number' })
  @ValidateNested({ each: true })
  @Type(() => SeatRefDto)
  seats: SeatRefDto[];
}

export class SeatMapQueryDto {
  /** The show. @example 1 */
  @Transform(toWholeNumber)
  @IsInt({ message: 'show_id must be a whole number' })
  @Min(1)
  @Max(INT4_MAX)
  show_id: number;
}

export class SeatDto extends SeatRefDto {
  /** A lapsed hold is AVAILABLE. @example "HELD" */
  @ApiProperty({ enum: SEAT_STATUSES, enumName: 'SeatStatus' }) status: SeatStatus;

  /**
   * Rises with every change of the seat; of two reports about a seat the one with the higher version is newer.
   * @example 3
   */
  @IsInt() @Min(0) version: number;

  /** Present, and true, on the caller's own live holds only. @example true */
  held_by_me?: boolean;

  /** When the caller's own hold lapses; present on those only. @example "2026-05-01T18:10:00.000Z" */
  @InstantField() hold_expires_at?: string;
}

export class SeatMapDto extends OfShowDto {
  /** Where the show takes place. @example "Screen 1 (Main Hall)" */
  screen: string;

  /** The database's clock at this answer; correct a local clock by it. @example "2026-05-01T18:00:00.000Z" */
  @InstantField() server_time: string;

  /** Counts of the same snapshot as the seats. */
  stats: SeatStatsDto;

  /** In row, number order. */
  @ApiProperty({ type: [SeatDto] }) seats: SeatDto[];
}

export class HeldSeatDto extends SeatRefDto {
  /** Always HELD. @example "HELD" */
  @ApiProperty({ enum: ['HELD'] }) status: 'HELD';

  /** The seat's version. @example 3 */
  @IsInt() @Min(1) version: number;

  /** When this hold lapses. @example "2026-05-01T18:10:00.000Z" */
  @InstantField() hold_expires_at: string;
}

export class HoldAnswerDto extends OfShowDto {
  /** For people. @example "2 seats held." */
  message: string;

  /** The earliest deadline among the seats: book before it. @example "2026-05-01T18:10:00.000Z" */
  @InstantField() expires_at: string;

  /** The database's clock at this answer. @example "2026-05-01T18:00:00.000Z" */
  @InstantField() server_time: string;

  /** What booking these seats costs; a decimal string. @example "200.00" */
  @MoneyField() total_price: string;

  /** ISO 4217. @example "USD" */
  @CurrencyField() currency: string;

  /** The seats of the command, in row, number order. */
  @ApiProperty({ type: [HeldSeatDto] }) seats: HeldSeatDto[];
}

export class ReleaseAnswerDto extends OfShowDto {
  /** For people. @example "2 seats released." */
  message: string;

  /** The seats this call changed; those that were free already are not among them. */
  @ApiProperty({ type: [SeatRefDto] }) released: SeatRefDto[];
}
