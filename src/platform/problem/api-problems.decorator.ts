import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import { ProblemCode, PROBLEMS } from '../../problem-catalogue';
import { Problem, problemBody } from './problem';
import { PROBLEM_MEDIA_TYPE, problemAnswer } from './problem-answer';
import { ProblemDetails } from './problem.dto';

/** A defect; overload, a database that is away or a shutdown; more requests at a time than one client may have. */
const OF_ANY_ROUTE = ['INTERNAL', 'BUSY', 'RATE_LIMITED'] as const;

const EXAMPLE_REQUEST_ID = '3f2b8f0e-6c0b-4c57-8d3a-0d5a0f6a7f11';

/**
 * Documents the problems of a route: those given, TOKEN_EXPIRED beside UNAUTHENTICATED, and three that any route can answer
 * with. There is one response a status, in
 * which `code` is one of exactly these. To be used once a route, as a second one would replace the first.
 */
export function ApiProblems(...codes: ProblemCode[]): MethodDecorator & ClassDecorator {
  const codesByStatus = new Map<number, ProblemCode[]>();
  // A route that looks at a token can find that its time is over.
  const ofTokens = codes.includes('UNAUTHENTICATED') ? (['TOKEN_EXPIRED'] as const) : [];
  for (const code of new Set([...codes, ...ofTokens, ...OF_ANY_ROUTE])) {
    const { status } = PROBLEMS[code];
    codesByStatus.set(status, [...(codesByStatus.get(status) ?? []), code]);
  }
  return applyDecorators(
    ApiExtraModels(ProblemDetails),
    ...[...codesByStatus].map(([status, codesOfStatus]) => problemResponse(status, codesOfStatus)),
  );
}

function problemResponse(status: number, codes: ProblemCode[]): MethodDecorator & ClassDecorator {
  return ApiResponse({
    status,
    description: codes.map((code) => `\`${code}\`: ${PROBLEMS[code].when}`).join('\n\n'),
    headers: {
      'X-Request-Id': { description: 'The request id; `instance` of the problem.', schema: { type: 'string' } },
      ...(codes.some(hasRetryAfter)
        ? { 'Retry-After': { description: 'Seconds to wait before a retry.', schema: { type: 'integer', minimum: 0 } } }
        : {}),
    },
    content: {
      [PROBLEM_MEDIA_TYPE]: {
        schema: {
          allOf: [
            { $ref: getSchemaPath(ProblemDetails) },
            { type: 'object', required: ['code'], properties: { code: { type: 'string', enum: codes } } },
          ],
        },
        examples: Object.fromEntries(
          codes.map((code) => [code, { value: problemBody(new Problem(code), EXAMPLE_REQUEST_ID) }]),
        ),
      },
    },
  });
}

function hasRetryAfter(code: ProblemCode): boolean {
  return 'retry-after' in problemAnswer(new Problem(code), EXAMPLE_REQUEST_ID).headers;
}
