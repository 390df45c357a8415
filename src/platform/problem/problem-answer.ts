import type { FastifyReply } from 'fastify';
import { PROBLEMS, ProblemCode } from '../../problem-catalogue';
import { Problem, problemBody } from './problem';

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

/** Problems that pass by themselves: without a better estimate, the wait before a retry. */
const DEFAULT_RETRY_AFTER_SECONDS: Partial<Record<ProblemCode, number>> = {
  HOLD_COOLDOWN: 1,
  IDEMPOTENCY_IN_PROGRESS: 1,
  RATE_LIMITED: 1,
  BUSY: 1,
};

export interface ProblemAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON. */
  readonly body: string;
}

/** A problem as it goes over the wire. */
export function problemAnswer(problem: Problem, requestId: string): ProblemAnswer {
  const { status } = PROBLEMS[problem.code];
  const retryAfterSeconds = problem.extras.retryAfterSeconds ?? DEFAULT_RETRY_AFTER_SECONDS[problem.code];
  return {
    status,
    headers: {
      'content-type': PROBLEM_MEDIA_TYPE,
      // A 404 may be remembered by caches unless told otherwise.
      'cache-control': 'no-store',
      ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
      ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
    },
    body: JSON.stringify(problemBody(problem, requestId)),
  };
}

/** Sends it; headers that the reply has already are kept. */
export function sendProblem(reply: FastifyReply, problem: Problem): void {
  const { status, headers, body } = problemAnswer(problem, reply.request.id);
  // As bytes: to a string Fastify would add a charset, which this media type does not have (RFC 9457 §6.1).
  reply.code(status).headers(headers).send(Buffer.from(body));
}
