import { Transform } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import { toWholeNumber } from './query-values';

export const PER_PAGE = 50;
const PER_PAGE_MAX = 200;
/** Longer than any cursor that this server makes: the label of a row was not bounded in version 0.1. */
const CURSOR_MAX_LENGTH = 1_000;

/** Which page of a list is wanted. */
export class PageQueryDto {
  /** The `next` of an earlier answer. */
  @IsOptional() @IsString() @MaxLength(CURSOR_MAX_LENGTH) after?: string;

  /** Most entries in one answer. */
  @IsOptional()
  @Transform(toWholeNumber)
  @IsInt()
  @Min(1)
  @Max(PER_PAGE_MAX)
  limit?: number = PER_PAGE;
}
