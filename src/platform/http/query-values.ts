import type { TransformFnParams } from 'class-transformer';

/** Largest value of a PostgreSQL `integer`: no id or number beyond it can exist. */
export const INT4_MAX = 2_147_483_647;

/**
 * Turns a query or path value into a number if it is written as plain digits; anything else is left for the validators to
 * refuse. `Number()` alone would take `0x1`, `1e3`, ` 1` and the empty string.
 */
export function toWholeNumber({ value }: Pick<TransformFnParams, 'value'>): unknown {
  return typeof value === 'string' && /^\d{1,10}$/.test(value) ? Number(value) : value;
}
