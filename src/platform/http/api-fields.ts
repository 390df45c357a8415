import { ApiProperty } from '@nestjs/swagger';

/** Fields of answers that look the same everywhere. */

/** Money: a decimal string with two decimals. */
export const MoneyField = () => ApiProperty({ pattern: '^\\d+\\.\\d{2}$' });

/** ISO 4217. */
export const CurrencyField = () => ApiProperty({ pattern: '^[A-Z]{3}$' });

const LABEL_PART = '[\\p{L}\\p{N}]{1,8}';
/** A label is made of letters and digits, or of two such parts and a hyphen, so that it needs no escaping and hides no characters. */
export const LABEL = `${LABEL_PART}(?:-${LABEL_PART})?`;
export const LabelField = () => ApiProperty({ pattern: `^${LABEL}$` });

/** RFC 3339, UTC, milliseconds. */
export const InstantField = () => ApiProperty({ format: 'date-time' });

/** The `next` of a page. */
export const CursorField = () => ApiProperty({ type: 'string', nullable: true, example: 'MTc3NzY2MjAwMDAwMC4x' });
