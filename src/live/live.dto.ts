import { ApiProperty } from '@nestjs/swagger';
import { IsInt, Min } from 'class-validator';
import { CursorField, InstantField } from '../platform/http/api-fields';
import { SEAT_COMMANDS } from '../seats/commands/registry';
import type { SeatCommandName } from '../seats/commands/registry';
import { SEAT_STATUSES } from '../seats/seat-transitions';
import type { SeatStatus } from '../seats/seat-transitions';
import { OfShowDto, SeatDto, SeatRefDto } from '../seats/seat.dto';
import { SeatStatsDto } from '../shows/show.dto';

export class SeatsEventDto extends OfShowDto {
  /** The database's clock when the event was made. @example "2026-05-01T18:00:00.000Z" */
  @InstantField() server_time: string;

  /** Counts of all seats of the show. */
  stats: SeatStatsDto;

  /** The seats that changed, whole: each replaces what was known of it, unless that has a higher version. */
  @ApiProperty({ type: [SeatDto] }) seats: SeatDto[];
}

export class ActivityEntryDto extends SeatRefDto {
  /** The seat's version after the step. @example 3 */
  @IsInt() @Min(1) version: number;

  /** What was done; `expire` is the lapse of a hold. @example "hold" */
  @ApiProperty({ enum: SEAT_COMMANDS, enumName: 'SeatCommand' }) command: SeatCommandName;

  /** Status before. @example "AVAILABLE" */
  @ApiProperty({ enum: SEAT_STATUSES, enumName: 'SeatStatus' }) from: SeatStatus;

  /** Status after. @example "HELD" */
  @ApiProperty({ enum: SEAT_STATUSES, enumName: 'SeatStatus' }) to: SeatStatus;

  /**
   * When, by the database's clock; of a lapse, its deadline. Exact with `by_me`, and else the minute that it fell into: so
   * nobody can compute when somebody else's hold ends.
   * @example "2026-05-01T18:00:00.000Z"
   */
  @InstantField() at: string;

  /** Present, and true, on what happened to the caller's own holds and bookings only. @example true */
  by_me?: boolean;
}

export class ActivityDto {
  /** Newest first. */
  @ApiProperty({ type: [ActivityEntryDto] }) activity: ActivityEntryDto[];

  /** Send it as `after` to get the entries before these; null on the last page. */
  @CursorField() next: string | null;
}
