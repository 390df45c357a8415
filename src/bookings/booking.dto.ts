import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsOptional, IsString, IsUUID, Matches, MaxLength } from 'class-validator';
import { CurrencyField, CursorField, InstantField, MoneyField } from '../platform/http/api-fields';
import { PageQueryDto } from '../platform/http/page.dto';
import { OfShowDto, SeatRefDto } from '../seats/seat.dto';

export class BookingIdDto {
  /** The booking. @example "0d3b8a52-5f0e-4e6c-9d0a-0b6d3a1e7c11" */
  @IsUUID() id: string;
}

/** Longer than any key. */
const KEY_MAX_LENGTH = 64;
const REFERENCE_PATTERN = /^[2-9A-HJKMNP-TV-Z]{4}-[2-9A-HJKMNP-TV-Z]{4}$/;

export class BookingQueryDto {
  /** The `key` of the booking, for a link. In a program the header `Booking-Key` is better: addresses are logged. */
  @IsOptional() @IsString() @MaxLength(KEY_MAX_LENGTH) key?: string;
}

export class BookingsQueryDto extends PageQueryDto {
  /** Only bookings of this reference, in upper or lower case. @example "K7QM-3XVD" */
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.toUpperCase() : value))
  @Matches(REFERENCE_PATTERN, { message: 'reference must look like K7QM-3XVD' })
  reference?: string;
}

export class BookingDto extends OfShowDto {
  /** Identifies the booking. @example "0d3b8a52-5f0e-4e6c-9d0a-0b6d3a1e7c11" */
  @ApiProperty({ format: 'uuid' }) id: string;

  /** What a person reads out at the counter: no characters that are mistaken for one another. @example "K7QM-3XVD" */
  @ApiProperty({ pattern: REFERENCE_PATTERN.source }) reference: string;

  /** The booked seats, in row, number order. */
  @ApiProperty({ type: [SeatRefDto] }) seats: SeatRefDto[];

  /** What was paid; a decimal string. @example "200.00" */
  @MoneyField() total_paid: string;

  /** ISO 4217. @example "USD" */
  @CurrencyField() currency: string;

  /** When the seats became BOOKED. @example "2026-05-01T18:05:00.000Z" */
  @InstantField() booked_at: string;

  /**
   * Its bearer can read this booking, at `/api/bookings/{id}/?key=…` or with the header `Booking-Key`; keep it as secret
   * as a ticket. @example "pTZr0r0vGtyP1rC0kB0VqQ"
   */
  @ApiProperty({ pattern: '^[A-Za-z0-9_-]{22}$' }) key: string;
}

export class BookAnswerDto {
  /** For people. @example "2 seats booked." */
  message: string;

  /** What was paid; a decimal string. @example "200.00" */
  @MoneyField() total_paid: string;

  /** ISO 4217. @example "USD" */
  @CurrencyField() currency: string;

  /** The booking; a repeated book gets the same one. */
  booking: BookingDto;
}

export class BookingListDto {
  /** The caller's own, newest first. */
  @ApiProperty({ type: [BookingDto] }) bookings: BookingDto[];

  /** Send it as `after` to get the bookings that follow; null on the last page. */
  @CursorField() next: string | null;
}
