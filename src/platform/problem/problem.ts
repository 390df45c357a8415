import { PROBLEMS, ProblemCode, SeatRefusal } from '../../problem-catalogue';

/** The particulars of one occurrence of a problem, beyond its catalogue entry. */
export interface ProblemExtras {
  /** The mistake of this occurrence, in words for people. Never database text. */
  detail?: string;
  /** Each offending field of a request, e.g. `seats.1.number`. */
  errors?: { path: string; message: string }[];
  /** Each offending seat of a command. */
  seats?: { row: string; number: number; code: SeatRefusal }[];
  /** Whole seconds after which a retry makes sense; sent as `Retry-After`. */
  retryAfterSeconds?: number;
}

/** What the log and the metrics may say of an occurrence, and no client is told. */
export interface ProblemNote {
  /** One of few words that the code knows: a label of a metric. */
  reason: string;
  /** A mark of what the request was about, from which it can't be read. */
  subject?: string;
}

/** Thrown to answer a request with a problem of the catalogue. */
export class Problem extends Error {
  constructor(
    readonly code: ProblemCode,
    readonly extras: ProblemExtras = {},
    readonly note?: ProblemNote,
  ) {
    super(extras.detail ?? PROBLEMS[code].title);
    this.name = 'Problem';
  }
}

/** Body of an `application/problem+json` answer (RFC 9457). */
export interface ProblemBody extends Omit<ProblemExtras, 'retryAfterSeconds'> {
  type: string;
  title: string;
  status: number;
  code: ProblemCode;
  detail: string;
  instance: string;
  retryable: boolean;
}

/** Identifies the kind of problem; a URN, as it names rather than locates. */
export function problemType(code: ProblemCode): string {
  return `urn:rowlock:problem:${code.toLowerCase().replaceAll('_', '-')}`;
}

export function problemBody(problem: Problem, requestId: string): ProblemBody {
  const { status, title, when, retryable } = PROBLEMS[problem.code];
  const { retryAfterSeconds: _, detail, ...extras } = problem.extras;
  return {
    type: problemType(problem.code),
    title,
    status,
    code: problem.code,
    detail: detail ?? when,
    instance: requestId,
    retryable,
    ...extras,
  };
}
