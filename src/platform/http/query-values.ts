import type { TransformFnParams } from 'class-transformer';
import { isDay } from './calendar-day';

/** Largest value of a PostgreSQL `integer`: no id or number beyond it can exist. */
export const INT4_MAX = 2_147_483_647;

/**
 * Turns a query or path value into a number if it is written as plain digits; anything else is left for the validators to
 * refuse. `Number()` alone would take `0x1`, `1e3`, ` 1` and the empty string.
 */
export function toWholeNumber({ value }: Pick<TransformFnParams, 'value'>): unknown {
  return typeof value === 'string' && /^\d{1,10}$/.test(value) ? Number(value) : value;
}

/** RFC 3339. In an address a plus sign means a blank, and people forget to escape it. */
const INSTANT = /^(\d{4}-\d{2}-\d{2})T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+ -]\d{2}:\d{2})$/i;

/** Turns an instant into milliseconds since the epoch, and anything else into NaN for the validators to refuse. */
export function toInstantMs({ value }: Pick<TransformFnParams, 'value'>): unknown {
  if (value === undefined) return value;
  const [text, day] = (typeof value === 'string' && INSTANT.exec(value)) || [];
  return day !== undefined && isDay(day) ? Date.parse(text!.replace(' ', '+').toUpperCase()) : NaN;
}
