/**
 * Every problem a client can be told of: once. The exception, the filter, the OpenAPI responses and the documentation
 * follow from this catalogue. Codes are stable: clients branch on them.
 */

export interface ProblemDefinition {
  /** HTTP status. */
  readonly status: number;
  /** Short, human, the same for every occurrence (RFC 9457 §3.1.3). */
  readonly title: string;
  /** When it is told. */
  readonly when: string;
  /** Whether the very same request may succeed later, and is safe to send again. */
  readonly retryable: boolean;
}

export const PROBLEMS = {
  VALIDATION_FAILED: {
    status: 400,
    title: 'The request is not valid',
    when: 'Malformed JSON, wrong types, values out of bounds, repeated seats, unknown fields.',
    retryable: false,
  },
  UNAUTHENTICATED: {
    status: 401,
    title: 'A valid access token is needed',
    when: 'No token, or one that is malformed, withdrawn or not signed by a known key.',
    retryable: false,
  },
  TOKEN_EXPIRED: {
    status: 401,
    title: 'The access token has expired',
    when: 'The access token was good until its time was over: refresh it, and send the request again.',
    retryable: false,
  },
  SESSION_ENDED: {
    status: 401,
    title: 'The session has ended',
    when: 'The refresh token is not valid, too old or used before, or its session was ended: log in, or begin as a new guest.',
    retryable: false,
  },
  INVALID_CREDENTIALS: {
    status: 401,
    title: 'User name or password is wrong',
    when: 'Login refused; the answer is the same for an unknown user.',
    retryable: false,
  },
  FORBIDDEN: {
    status: 403,
    title: 'The token does not allow this',
    when: 'The route asks for a role the token does not carry.',
    retryable: false,
  },
  ADMISSION_REQUIRED: {
    status: 403,
    title: 'Guests need admission to this show',
    when: 'A guest token without a valid `Admission-Token`, or a hold in a show that the guest was not admitted to, where ADMISSION_JWKS_URL is set.',
    retryable: false,
  },
  NOT_FOUND: { status: 404, title: 'There is nothing at this address', when: 'No such route.', retryable: false },
  SHOW_NOT_FOUND: { status: 404, title: 'There is no such show', when: 'The show does not exist.', retryable: false },
  SEAT_NOT_FOUND: {
    status: 404,
    title: 'There is no such seat in this show',
    when: 'One or more of the seats do not exist in the show; `seats` lists them.',
    retryable: false,
  },
  BOOKING_NOT_FOUND: {
    status: 404,
    title: 'There is no such booking',
    when: "The booking does not exist, or is somebody else's.",
    retryable: false,
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    title: 'There is no such method at this address',
    when: 'The address exists with other methods; `Allow` lists them.',
    retryable: false,
  },
  REQUEST_TIMEOUT: {
    status: 408,
    title: 'The request took too long to arrive',
    when: 'Headers and body did not arrive completely within ten seconds; nothing was changed.',
    retryable: true,
  },
  SEAT_UNAVAILABLE: {
    status: 409,
    title: 'One or more seats are not available',
    when: 'Hold refused; each seat in `seats` says `SEAT_HELD`, `SEAT_BOOKED` or `SEAT_BLOCKED`.',
    retryable: false,
  },
  NOT_YOUR_HOLD: {
    status: 409,
    title: 'One or more seats are not held by you',
    when: 'Book or release refused; each seat in `seats` says `HOLD_GONE`, `SEAT_HELD`, `SEAT_BOOKED` or `SEAT_BLOCKED`.',
    retryable: false,
  },
  HOLD_LIMIT_EXCEEDED: {
    status: 409,
    title: 'Too many seats held in this show',
    when: 'The hold would leave the holder with more live held seats in one show than MAX_HELD_SEATS_PER_HOLDER.',
    retryable: false,
  },
  SEAT_LIMIT_EXCEEDED: {
    status: 409,
    title: 'Too many seats of this show',
    when: 'The hold would leave the holder with more held and booked seats of one show than MAX_SEATS_PER_HOLDER, or guests of one address with more held seats than MAX_HELD_SEATS_PER_ADDRESS; `detail` says which.',
    retryable: false,
  },
  HOLD_COOLDOWN: {
    status: 409,
    title: 'One or more seats were given up a moment ago',
    when: 'Hold of seats that the holder, or a guest of the same address, gave up less than REHOLD_COOLDOWN_SECONDS ago; `seats` lists them, `Retry-After` says when they can be held.',
    retryable: false,
  },
  SALES_CLOSED: {
    status: 409,
    title: 'Sales for this show are closed',
    when: "Hold or book outside the show's sales window.",
    retryable: false,
  },
  USERNAME_TAKEN: {
    status: 409,
    title: 'The user name is taken',
    when: 'Registration with a name that exists.',
    retryable: false,
  },
  IDEMPOTENCY_IN_PROGRESS: {
    status: 409,
    title: 'The first request with this key is still running',
    when: 'Reserved for a retry that comes before the first request with the same Idempotency-Key is decided; today it waits for it.',
    retryable: true,
  },
  PAYLOAD_TOO_LARGE: {
    status: 413,
    title: 'The request body is too large',
    when: 'The body exceeds BODY_LIMIT_BYTES.',
    retryable: false,
  },
  URI_TOO_LONG: {
    status: 414,
    title: 'The address is too long',
    when: 'The path or a part of it is longer than the server reads.',
    retryable: false,
  },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    title: 'The body must be JSON',
    when: 'The Content-Type is not application/json, or the body is compressed (Content-Encoding).',
    retryable: false,
  },
  IDEMPOTENCY_KEY_REUSED: {
    status: 422,
    title: 'The idempotency key was used for another request',
    when: 'The same Idempotency-Key came with a different command or body.',
    retryable: false,
  },
  RATE_LIMITED: {
    status: 429,
    title: 'Too many requests',
    when: 'A limit of requests, or of idempotency keys, is reached; `detail` says which, `Retry-After` when to try again.',
    retryable: true,
  },
  HEADERS_TOO_LARGE: {
    status: 431,
    title: 'The headers are too long',
    when: 'The address and the headers together are longer than 16 KiB.',
    retryable: false,
  },
  INTERNAL: {
    status: 500,
    title: 'Something went wrong on our side',
    when: 'Everything else; logged once with the request id.',
    retryable: true,
  },
  BUSY: {
    status: 503,
    title: 'The server is busy',
    when: 'A lock or queue time limit is reached, or the database is away: safe to retry; `Retry-After` says when.',
    retryable: true,
  },
} as const satisfies Record<string, ProblemDefinition>;

export type ProblemCode = keyof typeof PROBLEMS;

/** Why one seat of a refused command was refused. */
export const SEAT_REFUSALS = [
  'SEAT_HELD',
  'SEAT_BOOKED',
  'SEAT_BLOCKED',
  'HOLD_GONE',
  'HOLD_COOLDOWN',
  'SEAT_NOT_FOUND',
] as const;
export type SeatRefusal = (typeof SEAT_REFUSALS)[number];
