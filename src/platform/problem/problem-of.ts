import { HttpException } from '@nestjs/common';
import { failureKind } from '../database/pg-errors';
import { ProblemCode } from '../../problem-catalogue';
import { Problem } from './problem';

/** The problem for a status that Nest or Fastify decided on. Any other 4xx is VALIDATION_FAILED, any other 5xx INTERNAL. */
const CODES_BY_STATUS: Partial<Record<number, ProblemCode>> = {
  401: 'UNAUTHENTICATED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  408: 'REQUEST_TIMEOUT',
  413: 'PAYLOAD_TOO_LARGE',
  414: 'URI_TOO_LONG',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  431: 'HEADERS_TOO_LARGE',
  429: 'RATE_LIMITED',
  503: 'BUSY',
};

/** Fastify's own words quote the request or its code; these name the mistake. */
const DETAILS_BY_FASTIFY_CODE: Partial<Record<string, string>> = {
  FST_ERR_BAD_URL: 'The address is not validly encoded.',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'The body is empty; the Content-Type promises JSON.',
  FST_ERR_CTP_INVALID_JSON_BODY: 'The body is not valid JSON.',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'The body is not as long as Content-Length says.',
};

/** The problem that a client is told of when this was thrown. Every value has one. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const status = statusOf(error);
  // Before the database is suspected: a client that goes away in the middle of its body is an ECONNRESET, too.
  if (status !== undefined) {
    const code = CODES_BY_STATUS[status] ?? (status < 500 ? 'VALIDATION_FAILED' : 'INTERNAL');
    return new Problem(code, { detail: detailOf(error) });
  }
  if (failureKind(error) === 'busy') return new Problem('BUSY');
  return new Problem('INTERNAL', { detail: 'It is logged with the request id; quote that when asking about it.' });
}

/** The HTTP error status that a Nest exception or an error of Fastify and its plugins carries. */
function statusOf(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  if (!(error instanceof Error)) return undefined;
  const { statusCode } = error as { statusCode?: unknown };
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 600 ? statusCode : undefined;
}

function detailOf(error: unknown): string | undefined {
  // Nest wraps the errors of Fastify.
  const { code } = ((error as { cause?: unknown }).cause ?? error) as { code?: unknown };
  return typeof code === 'string' ? DETAILS_BY_FASTIFY_CODE[code] : undefined;
}
