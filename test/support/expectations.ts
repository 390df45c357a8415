import { PROBLEMS, ProblemCode } from '../../src/problem-catalogue';
import { Answer, seat } from './client';

/** RFC 3339, UTC, milliseconds. */
export const TIMESTAMP = expect.stringMatching(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/);
export const UUID = expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
export const TEXT = expect.stringMatching(/\S/);

/** The whole answer is this problem: status, media type, request id, and no key more or less than these. */
export function expectProblem(answer: Answer, code: ProblemCode, extras: object = {}): void {
  const { status, title, retryable } = PROBLEMS[code];
  expect(answer.body).toEqual({
    type: expect.stringMatching(/^urn:rowlock:problem:[a-z-]+$/),
    title,
    status,
    code,
    detail: TEXT,
    instance: answer.headers.get('x-request-id'),
    retryable,
    ...extras,
  });
  expect([answer.status, answer.headers.get('content-type')]).toEqual([status, 'application/problem+json']);
}

/** The answer is a 200, and is returned. */
export async function ok(answer: Promise<Answer>): Promise<Answer> {
  const got = await answer;
  expect([got.status, got.body.code]).toEqual([200, undefined]);
  return got;
}

/** The whole answer is about these fields and no others. It may say several things about one field. */
export function expectInvalid(answer: Answer, ...paths: string[]): void {
  expect([answer.status, answer.body.code]).toEqual([400, 'VALIDATION_FAILED']);
  const told = answer.body.errors.map(({ path }: { path: string }) => path);
  expect(new Set(told)).toEqual(new Set(paths));
  expectProblem(answer, 'VALIDATION_FAILED', fields(...told));
}

/** Offending seats, e.g. `{ A1: 'SEAT_HELD' }`. */
export function seatsOf(codes: Record<string, string>): { seats: object[] } {
  return { seats: Object.entries(codes).map(([name, code]) => ({ ...seat(name), code })) };
}

/** Offending fields, each with some message. */
export function fields(...paths: string[]): { errors: object[] } {
  return { errors: paths.map((path) => ({ path, message: TEXT })) };
}
