import { HttpException, NotFoundException, ServiceUnavailableException, UnauthorizedException } from '@nestjs/common';
import { ThrottlerException } from '@nestjs/throttler';
import { QueryFailedError } from 'typeorm';
import { PROBLEMS, ProblemCode } from '../../problem-catalogue';
import { Problem } from './problem';
import { problemAnswer } from './problem-answer';
import { problemOf } from './problem-of';

const withCode = (code: string, extra: object = {}) =>
  Object.assign(new Error('text of the database: SELECT secret'), { code, ...extra });
const queryFailed = (code: string) => new QueryFailedError('SELECT secret', [], withCode(code));
const fastifyError = (code: string, statusCode: number) => withCode(code, { name: 'FastifyError', statusCode });

const thrown: [string, unknown, ProblemCode][] = [
  ['a problem', new Problem('SEAT_UNAVAILABLE'), 'SEAT_UNAVAILABLE'],
  ['no such route', new NotFoundException(), 'NOT_FOUND'],
  ['Nest: 400', new HttpException('x', 400), 'VALIDATION_FAILED'],
  ['Nest: 401', new UnauthorizedException(), 'UNAUTHENTICATED'],
  ['Nest: 403', new HttpException('x', 403), 'FORBIDDEN'],
  ['Nest: 405', new HttpException('x', 405), 'METHOD_NOT_ALLOWED'],
  ['Nest: 408', new HttpException('x', 408), 'REQUEST_TIMEOUT'],
  ['Nest: 418', new HttpException('x', 418), 'VALIDATION_FAILED'],
  ['Nest: 429', new ThrottlerException(), 'RATE_LIMITED'],
  ['Nest: 500', new HttpException('x', 500), 'INTERNAL'],
  ['Nest: 503', new ServiceUnavailableException(), 'BUSY'],
  ['malformed JSON', fastifyError('FST_ERR_CTP_INVALID_JSON_BODY', 400), 'VALIDATION_FAILED'],
  [
    'malformed JSON, wrapped by Nest',
    new HttpException('x', 400, { cause: fastifyError('FST_ERR_CTP_INVALID_JSON_BODY', 400) }),
    'VALIDATION_FAILED',
  ],
  ['an empty body', fastifyError('FST_ERR_CTP_EMPTY_JSON_BODY', 400), 'VALIDATION_FAILED'],
  ['a malformed address', fastifyError('FST_ERR_BAD_URL', 400), 'VALIDATION_FAILED'],
  ['a large body', fastifyError('FST_ERR_CTP_BODY_TOO_LARGE', 413), 'PAYLOAD_TOO_LARGE'],
  ['a long parameter', fastifyError('FST_ERR_MAX_PARAM_LENGTH', 414), 'URI_TOO_LONG'],
  ['another media type', fastifyError('FST_ERR_CTP_INVALID_MEDIA_TYPE', 415), 'UNSUPPORTED_MEDIA_TYPE'],
  ['a failure of Fastify', fastifyError('FST_ERR_REP_INVALID_PAYLOAD_TYPE', 500), 'INTERNAL'],
  ['a client gone in the middle of its body', withCode('ECONNRESET', { statusCode: 400 }), 'VALIDATION_FAILED'],
  ['a lock timeout', queryFailed('55P03'), 'BUSY'],
  ['a statement timeout', queryFailed('57014'), 'BUSY'],
  ['too many connections', queryFailed('53300'), 'BUSY'],
  ['the database away', withCode('ECONNREFUSED'), 'BUSY'],
  ['a violated constraint nobody thought of', queryFailed('23505'), 'INTERNAL'],
  ['a syntax error in SQL', queryFailed('42601'), 'INTERNAL'],
  ['a bug', new TypeError('x is not a function'), 'INTERNAL'],
  ['a string', 'oops', 'INTERNAL'],
  ['undefined', undefined, 'INTERNAL'],
  ['null', null, 'INTERNAL'],
  ['an object that passes itself off as an error', { statusCode: 200, message: 'x' }, 'INTERNAL'],
  ['an error with an absurd status', withCode('x', { statusCode: 42 }), 'INTERNAL'],
];

describe('problemOf', () => {
  it.each(thrown)('%s', (_, error, code) => {
    const problem = problemOf(error);
    expect(problem.code).toBe(code);
    const { status, body } = problemAnswer(problem, 'request-1');
    expect(status).toBe(PROBLEMS[code].status);
    expect(body).not.toMatch(/SELECT|database:/);
  });

  it.each([
    ['FST_ERR_CTP_INVALID_JSON_BODY', 'The body is not valid JSON.'],
    ['FST_ERR_BAD_URL', 'The address is not validly encoded.'],
  ])('says what %s means', (code, detail) => {
    expect(problemOf(fastifyError(code, 400)).message).toBe(detail);
    expect(problemOf(new HttpException('x', 400, { cause: fastifyError(code, 400) })).message).toBe(detail);
  });
});

describe('problemAnswer', () => {
  it('is the catalogue entry and the request id, with the headers that belong to it', () => {
    const { status, headers, body } = problemAnswer(
      new Problem('RATE_LIMITED', { detail: 'Slow down.', retryAfterSeconds: 42 }),
      'request-1',
    );
    expect({ status, headers, body: JSON.parse(body) }).toEqual({
      status: 429,
      headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store', 'retry-after': '42' },
      body: {
        type: 'urn:rowlock:problem:rate-limited',
        title: PROBLEMS.RATE_LIMITED.title,
        status: 429,
        code: 'RATE_LIMITED',
        detail: 'Slow down.',
        instance: 'request-1',
        retryable: true,
      },
    });
  });

  it.each(Object.keys(PROBLEMS) as ProblemCode[])(
    '%s: has Retry-After and WWW-Authenticate exactly where they belong',
    (code) => {
      const { headers } = problemAnswer(new Problem(code), 'request-1');
      expect('retry-after' in headers).toBe(
        ['BUSY', 'RATE_LIMITED', 'HOLD_COOLDOWN', 'IDEMPOTENCY_IN_PROGRESS'].includes(code),
      );
      expect('www-authenticate' in headers).toBe(PROBLEMS[code].status === 401);
    },
  );
});
