import { z } from 'zod';

/**
 * Every environment variable Rowlock reads: once. Types, bounds, defaults and the explanation all live here; the start-up
 * check, `.env.example` and the README table follow from it (a test keeps them equal).
 */

const integer = (min: number, max: number, fallback: number) =>
  z
    .string()
    .regex(/^\d{1,10}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(min).max(max))
    .default(fallback);

const flag = (fallback: boolean) =>
  z
    .enum(['true', 'false'])
    .transform((value) => value === 'true')
    .default(fallback);

const list = () =>
  z
    .string()
    .transform((value) =>
      value
        .split(',')
        .map((item) => item.trim())
        .filter(Boolean),
    )
    .default([]);

const httpUrl = () => z.url({ protocol: /^https?$/, error: 'must be an http(s) URL' });

/** A secret shorter than 32 characters can be guessed offline from one token (RFC 7518 §3.2 asks for 256 bits with HS256). */
const SECRET_MIN_LENGTH = 32;
const secret = () => z.string().min(SECRET_MIN_LENGTH, `must have at least ${SECRET_MIN_LENGTH} characters`);

/** The `iss` of this server's own tokens. */
export const OWN_ISSUER = 'rowlock';

export const SETTINGS = {
  HOST: z.string().min(1).default('0.0.0.0').describe('Address to listen on.'),
  PORT: integer(0, 65_535, 3000).describe('Port to listen on; 0 takes a free one.'),
  TRUST_PROXY_HOPS: integer(0, 10, 0).describe(
    'How many reverse proxies stand in front and are to be believed about the client address (1 on Heroku, Render and Railway).',
  ),
  CORS_ORIGINS: list().describe('Origins, comma separated, whose pages may call the API; none by default.'),
  BODY_LIMIT_BYTES: integer(1_024, 10_485_760, 65_536).describe('Largest request body.'),
  SHUTDOWN_GRACE_SECONDS: integer(1, 300, 10).describe('How long a stopping server lets running requests finish.'),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'log', 'debug', 'verbose'])
    .default('log')
    .describe('Least important level that is logged.'),
  LOG_FORMAT: z.enum(['json', 'text']).default('json').describe('One JSON object a line, or text for people.'),
  DOCS_ENABLED: flag(true).describe('Serve the Swagger UI at /docs and the OpenAPI document at /docs-json.'),
  METRICS_TOKEN: z.string().min(16).optional().describe('When set, /metrics asks for it as a bearer token.'),

  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'must be a postgres:// URL')
    .optional()
    .describe('The PostgreSQL (14 or newer) to use. Required unless EMBEDDED_DATABASE is true.'),
  DATABASE_SSL: z
    .enum(['url', 'verify', 'no-verify'])
    .default('url')
    .describe(
      'TLS to the database: as the URL says, with the certificate verified, or without verification (Heroku Postgres).',
    ),
  DATABASE_POOL_MAX: integer(4, 500, 20).describe('Most connections this process opens, lanes included.'),
  DATABASE_CONNECT_TIMEOUT_MS: integer(100, 60_000, 3_000).describe('Longest wait for a database connection.'),
  EMBEDDED_DATABASE: flag(false).describe('Run the PostgreSQL that comes with the packages instead of DATABASE_URL.'),
  EMBEDDED_DATABASE_DIR: z
    .string()
    .min(1)
    .default('.rowlock/postgres')
    .describe('Where the embedded PostgreSQL keeps its data.'),
  MIGRATE_ON_START: flag(true).describe('Bring the schema up to date before serving (safe with several instances).'),
  LOCK_TIMEOUT_MS: integer(10, 60_000, 2_000).describe('Longest wait for a row lock; then BUSY.'),
  STATEMENT_TIMEOUT_MS: integer(100, 600_000, 5_000).describe('Longest run of one statement; then BUSY.'),
  IDLE_IN_TRANSACTION_TIMEOUT_MS: integer(100, 600_000, 4_000).describe(
    'PostgreSQL ends a transaction whose client has gone silent for this long, and frees its row locks.',
  ),

  HOLD_TTL_SECONDS: integer(1, 86_400, 600).describe('How long a hold lasts.'),
  MAX_SEATS_PER_COMMAND: integer(1, 100, 10).describe('Most seats one command may name.'),
  MAX_HELD_SEATS_PER_HOLDER: integer(1, 1_000, 10).describe('Most seats one holder may hold in one show at a time.'),

  COMBINE_MAX: integer(1, 1_000, 64).describe('Most commands in one transaction; 1 turns combining off.'),
  COMBINE_LANES: integer(1, 64, 2).describe('How many transactions run side by side, one connection each.'),
  COMBINE_ACROSS_SHOWS: flag(true).describe(
    'Whether one transaction may carry commands of several shows (false on databases distributed by show).',
  ),
  QUEUE_MAX: integer(1, 1_000_000, 10_000).describe('Most seat commands waiting; beyond it the answer is BUSY.'),
  QUEUE_TIMEOUT_MS: integer(10, 60_000, 5_000).describe('Longest a command waits for its transaction; then BUSY.'),

  SWEEP_ENABLED: flag(true).describe('Whether this process tidies up lapsed holds. No client can tell the difference.'),
  SWEEP_INTERVAL_SECONDS: integer(1, 3_600, 15).describe('Time between two sweeps.'),
  SWEEP_BATCH_SIZE: integer(1, 10_000, 500).describe('Most lapsed holds one round of a sweep takes on.'),
  IDEMPOTENCY_TTL_HOURS: integer(1, 720, 24).describe(
    'How long the answer to a keyed command is kept for its retries.',
  ),

  AUTH_JWT_SECRET: secret().describe(
    `Signs this server's tokens (HS256); at least ${SECRET_MIN_LENGTH} characters. Every instance needs the same.`,
  ),
  AUTH_JWT_PREVIOUS_SECRETS: list()
    .pipe(z.array(secret()))
    .describe('Former secrets, comma separated, whose tokens are still accepted: rotate without logging anybody out.'),
  AUTH_TOKEN_TTL_SECONDS: integer(60, 31_536_000, 86_400).describe('How long a token is good for.'),
  AUTH_JWKS_URL: httpUrl().optional().describe("The key set of an organisation's own identity provider."),
  AUTH_ISSUER: z.string().min(1).optional().describe("That provider's `iss`; required with AUTH_JWKS_URL."),
  AUTH_AUDIENCE: z.string().min(1).optional().describe('The `aud` its tokens must carry; required with AUTH_JWKS_URL.'),

  RATE_LIMIT_ENABLED: flag(true).describe('Whether requests are limited; switch off for load tests.'),
  RATE_LIMIT_LOGIN_PER_MINUTE: integer(1, 100_000, 10).describe(
    'Login attempts a minute for one user name from one address.',
  ),
  RATE_LIMIT_REGISTER_PER_MINUTE: integer(1, 100_000, 30).describe('Registrations a minute from one address.'),
  RATE_LIMIT_GUEST_PER_MINUTE: integer(1, 1_000_000, 1_200).describe('Guest tokens a minute for one address.'),
  RATE_LIMIT_COMMANDS_PER_MINUTE: integer(1, 1_000_000, 600).describe('Seat commands a minute for one holder.'),
} satisfies Record<string, z.ZodType>;

/** Conditions between settings, each reported with the name of the one to mend. What is wrong by itself is left out of `config`. */
export function crossCheck(config: Partial<AppConfig>): { name: keyof AppConfig; message: string }[] {
  const mistakes: { name: keyof AppConfig; message: string }[] = [];
  if (!config.DATABASE_URL && !config.EMBEDDED_DATABASE) {
    mistakes.push({ name: 'DATABASE_URL', message: 'is required (or set EMBEDDED_DATABASE=true)' });
  }
  if (config.AUTH_JWKS_URL) {
    for (const name of ['AUTH_ISSUER', 'AUTH_AUDIENCE'] as const) {
      if (!config[name]) mistakes.push({ name, message: 'is required with AUTH_JWKS_URL' });
    }
  }
  if (config.AUTH_ISSUER === OWN_ISSUER) {
    mistakes.push({ name: 'AUTH_ISSUER', message: `must not be ${OWN_ISSUER}, which this server uses itself` });
  }
  if (config.COMBINE_LANES! + 2 > config.DATABASE_POOL_MAX!) {
    mistakes.push({ name: 'DATABASE_POOL_MAX', message: 'must be at least COMBINE_LANES + 2' });
  }
  return mistakes;
}

export type AppConfig = z.output<z.ZodObject<typeof SETTINGS>>;
