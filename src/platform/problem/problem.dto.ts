import { ApiProperty } from '@nestjs/swagger';
import { LabelField } from '../http/api-fields';
import { PROBLEMS, SEAT_REFUSALS } from '../../problem-catalogue';
import type { ProblemCode, SeatRefusal } from '../../problem-catalogue';

export class FieldError {
  /** Where the field is: names and indices joined by dots; empty for the body as a whole. @example "seats.1.number" */
  path: string;

  /** The mistake, in words for people. @example "number must be an integer number" */
  message: string;
}

export class RefusedSeat {
  /** Row label. @example "A" */
  @LabelField() row: string;

  /** Seat number within the row. @example 1 */
  @ApiProperty({ type: 'integer', minimum: 1 }) number: number;

  /** Why this seat was refused. @example "SEAT_HELD" */
  @ApiProperty({ enum: SEAT_REFUSALS, enumName: 'SeatRefusal' }) code: SeatRefusal;
}

/** The body of every failure (RFC 9457). */
export class ProblemDetails {
  /** Identifies the kind of problem; follows from `code`. @example "urn:rowlock:problem:seat-unavailable" */
  @ApiProperty({ format: 'uri' }) type: string;

  /** The kind of problem in words; the same for every occurrence. @example "One or more seats are not available" */
  title: string;

  /** HTTP status of the answer. @example 409 */
  @ApiProperty({ type: 'integer', minimum: 400, maximum: 599 }) status: number;

  /** The kind of problem, for programs: stable. @example "SEAT_UNAVAILABLE" */
  @ApiProperty({ enum: Object.keys(PROBLEMS), enumName: 'ProblemCode' }) code: ProblemCode;

  /**
   * The mistake of this request, for people.
   * @example "Hold refused; each seat in `seats` says `SEAT_HELD` or `SEAT_BOOKED`."
   */
  detail: string;

  /**
   * The request id, as in `X-Request-Id`: quote it when asking for help.
   * @example "3f2b8f0e-6c0b-4c57-8d3a-0d5a0f6a7f11"
   */
  instance: string;

  /** Whether the very same request may succeed later, and is safe to send again. @example false */
  retryable: boolean;

  /** Every offending field, with VALIDATION_FAILED. */
  errors?: FieldError[];

  /** Every offending seat, when a seat command is refused because of its seats. */
  seats?: RefusedSeat[];
}
