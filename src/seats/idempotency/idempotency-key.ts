import { Problem } from '../../platform/problem/problem';

/** 1 to 255 visible ASCII characters; a header sent twice arrives with a space and a comma, and is refused. */
export const IDEMPOTENCY_KEY_PATTERN = /^[\x21-\x7e]{1,255}$/;

/** Reads an Idempotency-Key header. @throws Problem VALIDATION_FAILED */
export function idempotencyKeyOf(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (typeof header === 'string' && IDEMPOTENCY_KEY_PATTERN.test(header)) return header;
  throw new Problem('VALIDATION_FAILED', {
    errors: [{ path: 'Idempotency-Key', message: 'must be 1 to 255 visible characters' }],
  });
}
