import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsInt, IsOptional, IsString, IsUUID, Max, MaxLength, Min } from 'class-validator';
import { CursorField } from '../platform/http/api-fields';
import { toWholeNumber } from '../platform/http/query-values';
import { BookingDto } from '../seats/seat.dto';

export const BOOKINGS_PER_PAGE = 50;
export const BOOKINGS_PER_PAGE_MAX = 200;

export class BookingIdDto {
  /**
   * The booking.
   * @example "0d3b8a52-5f0e-4e6c-9d0a-0b6d3a1e7c11"
   */
  @IsUUID()
  id: string;
}

export class BookingListQueryDto {
  /** The `next` of an earlier answer. */
  @IsOptional()
  @IsString()
  @MaxLength(100)
  after?: string;

  /** Most bookings in one answer. */
  @IsOptional()
  @Transform(toWholeNumber)
  @IsInt()
  @Min(1)
  @Max(BOOKINGS_PER_PAGE_MAX)
  limit?: number = BOOKINGS_PER_PAGE;
}

export class BookingListDto {
  /** The caller's own, newest first. */
  @ApiProperty({ type: [BookingDto] })
  bookings: BookingDto[];

  /**
   * Send it as `after` to get the bookings that follow; null on the last page.
   */
  @CursorField()
  next: string | null;
}
