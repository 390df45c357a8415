import { z } from 'zod';
import { bearerToken, contradictsTls, directory, host, list, listOrJson, origin, postgresUrl } from './setting-texts';

/**
 * The one list of the settings. A setting stands at its place in {@link AppConfig} and names its environment variable,
 * type, bounds, default and explanation. The check at start-up, `.env.example` and the table of settings are made of it.
 */

const integer = (min: number, max: number, fallback: number) =>
  z
    .string()
    .regex(/^\d{1,10}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(min).max(max))
    .default(fallback);

/** A whole number whose default is made of other things than a constant. */
const derivedInteger = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,10}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(min).max(max))
    .optional();

const flag = (fallback: boolean) =>
  z
    .enum(['true', 'false'])
    .transform((value) => value === 'true')
    .default(fallback);

const httpUrl = () => z.url({ protocol: /^https?$/, error: 'must be an http(s) URL' });

/** A secret shorter than 32 characters can be guessed offline from one token (RFC 7518 §3.2 asks for 256 bits with HS256). */
const SECRET_MIN_LENGTH = 32;
const secret = () => z.string().min(SECRET_MIN_LENGTH, `must have at least ${SECRET_MIN_LENGTH} characters`);
/** A comma would make two secrets of it in the list of former ones, and log everybody out without a word. */
const currentSecret = (formerOnes: string) =>
  secret().regex(
    /^[^,]*$/,
    `must have no comma. Take a new one, and keep this one in ${formerOnes}, written as a JSON list: ["…"]`,
  );

/** The `iss` of this server's own tokens. */
export const OWN_ISSUER = 'rowlock';

/** The metadata of a setting's schema, beside its description. */
interface About {
  readonly variable: string;
  /** People write seconds, the code counts milliseconds. */
  readonly factor?: number;
  /** Whether it is a list, in which white space around each item is no part of it. */
  readonly isList?: boolean;
}

const env = <Schema extends z.ZodType>(variable: string, schema: Schema) => schema.meta({ variable });
const envList = <Schema extends z.ZodType>(variable: string, schema: Schema) => schema.meta({ variable, isList: true });
const inMs = (variable: `${string}_SECONDS`, schema: z.ZodType<number>) => schema.meta({ variable, factor: 1_000 });

export const SETTINGS = {
  server: {
    host: env('HOST', host().default('0.0.0.0')).describe('Address to listen on.'),
    port: env('PORT', integer(0, 65_535, 3000)).describe('Port to listen on; 0 takes a free one.'),
    trustProxyHops: env('TRUST_PROXY_HOPS', integer(0, 10, 0)).describe(
      'How many reverse proxies stand in front and are believed about the client address (1 on Heroku, Render and Railway).',
    ),
    corsOrigins: envList('CORS_ORIGINS', list().pipe(z.array(origin()))).describe(
      'Origins, comma separated, whose pages may call the API, such as `https://shop.example`; `*` for all.',
    ),
    bodyLimitBytes: env('BODY_LIMIT_BYTES', integer(1_024, 262_144, 65_536)).describe('Largest request body.'),
    shutdownGraceMs: inMs('SHUTDOWN_GRACE_SECONDS', integer(1, 300, 10)).describe(
      'How long a stopping server lets running requests finish.',
    ),
    docsEnabled: env('DOCS_ENABLED', flag(true)).describe('Serve Swagger UI at /docs, OpenAPI at /docs-json.'),
    metricsToken: env('METRICS_TOKEN', bearerToken().optional()).describe('Bearer token that /metrics asks for.'),
  },
  connections: {
    maxConnections: env('MAX_CONNECTIONS', derivedInteger(10, 1_000_000)).describe(
      'Most connections of this process at a time. By default 70 % of the files that it may open, and at most 20000. Beyond it health checks are still answered, and other requests BUSY.',
    ),
    maxPerAddress: env('MAX_CONNECTIONS_PER_ADDRESS', derivedInteger(1, 1_000_000)).describe(
      'Most connections of one address at a time, by default a quarter of all. Not applied behind a proxy (TRUST_PROXY_HOPS), as all connections are the proxy’s.',
    ),
    maxRequests: env('MAX_REQUESTS_PER_CONNECTION', integer(1, 1_000, 16)).describe(
      'Most unanswered requests of one connection; then RATE_LIMITED, and the connection ends. Few clients send a request before the last is answered.',
    ),
    maxRequestsPerAddress: env('MAX_REQUESTS_PER_ADDRESS', integer(1, 1_000_000, 500)).describe(
      'Most unanswered requests of one address, event streams not counted; then RATE_LIMITED. This machine itself is exempt.',
    ),
    slowReaderTimeoutMs: inMs('SLOW_READER_TIMEOUT_SECONDS', integer(1, 3_600, 30)).describe(
      'A client that takes nothing for this long while bytes wait for it is disconnected.',
    ),
  },
  overload: {
    eventLoopDelayMaxMs: env('EVENT_LOOP_DELAY_MAX_MS', integer(10, 60_000, 500)).describe(
      'When the process is further behind with its work, seat commands are BUSY before they are read.',
    ),
  },
  log: {
    level: env('LOG_LEVEL', z.enum(['fatal', 'error', 'warn', 'log', 'debug', 'verbose']).default('log')).describe(
      'Least important level that is logged.',
    ),
    format: env('LOG_FORMAT', z.enum(['json', 'text']).default('json')).describe('JSON, one object a line, or text.'),
    securityEventsPerMinute: env('LOG_SECURITY_EVENTS_PER_MINUTE', integer(0, 10_000, 10)).describe(
      'How many failed logins, refused tokens and requests beyond a limit are logged a minute, of each kind; the others are counted.',
    ),
  },
  database: {
    url: env('DATABASE_URL', postgresUrl().optional()).describe(
      'The PostgreSQL (14 or newer) to use. Required unless EMBEDDED_DATABASE is true.',
    ),
    migrationUrl: env('DATABASE_MIGRATION_URL', postgresUrl().optional()).describe(
      'The same database as the role that owns it: migrates, and gives the role in DATABASE_URL the few rights it needs. Without it one role does both.',
    ),
    migrationLockTimeoutMs: inMs('MIGRATION_LOCK_TIMEOUT_SECONDS', integer(1, 86_400, 60)).describe(
      'Longest wait for another instance that migrates; then the start fails and says which session it is.',
    ),
    ssl: env('DATABASE_SSL', z.enum(['url', 'verify', 'no-verify']).default('url')).describe(
      'TLS to the database: as the URL says, with the certificate verified, or without verification (Heroku Postgres).',
    ),
    poolMax: env('DATABASE_POOL_MAX', integer(4, 500, 20)).describe(
      'Most connections of this process: those of the lanes, which seat commands have for themselves, those of reads, and the rest for logins, sweeps and messages.',
    ),
    readPoolMax: env('DATABASE_READ_POOL_MAX', integer(1, 400, 6)).describe(
      'Most of these connections that reads may have; fewer where DATABASE_POOL_MAX leaves fewer.',
    ),
    readQueueMax: env('DATABASE_READ_QUEUE_MAX', integer(0, 100_000, 1_000)).describe(
      'Most reads that wait for a connection; more are BUSY.',
    ),
    readTimeoutMs: env('DATABASE_READ_TIMEOUT_MS', integer(50, 60_000, 1_000)).describe(
      'Longest run of one read; then BUSY.',
    ),
    connectTimeoutMs: env('DATABASE_CONNECT_TIMEOUT_MS', integer(100, 60_000, 3_000)).describe(
      'Longest wait for a database connection.',
    ),
    lockTimeoutMs: env('LOCK_TIMEOUT_MS', integer(10, 60_000, 2_000)).describe('Longest wait for a lock; then BUSY.'),
    statementTimeoutMs: env('STATEMENT_TIMEOUT_MS', integer(100, 600_000, 5_000)).describe(
      'Longest run of any other statement; then BUSY.',
    ),
    idleInTransactionTimeoutMs: env('IDLE_IN_TRANSACTION_TIMEOUT_MS', integer(100, 600_000, 4_000)).describe(
      'PostgreSQL ends a transaction whose client has gone silent for this long, and frees its row locks.',
    ),
    embedded: env('EMBEDDED_DATABASE', flag(false)).describe(
      'Run the PostgreSQL that comes with the packages instead of DATABASE_URL.',
    ),
    embeddedDir: env('EMBEDDED_DATABASE_DIR', directory().default('.rowlock/postgres')).describe(
      'Where the embedded PostgreSQL keeps its data.',
    ),
    migrateOnStart: env('MIGRATE_ON_START', flag(true)).describe(
      'Bring the schema up to date before serving (safe with several instances).',
    ),
  },
  shows: {
    listMaxAgeMs: env('SHOW_LIST_MAX_AGE_MS', integer(0, 60_000, 1_000)).describe(
      'How old a list of shows and the counts in it may be; 0: read anew for every request.',
    ),
  },
  holds: {
    ttlMs: inMs('HOLD_TTL_SECONDS', integer(1, 86_400, 600)).describe('How long a hold lasts.'),
    maxPerHolder: env('MAX_HELD_SEATS_PER_HOLDER', integer(1, 1_000, 10)).describe(
      'Most seats one holder may hold in one show at a time.',
    ),
    maxSeatsPerHolder: env('MAX_SEATS_PER_HOLDER', integer(1, 10_000, 20)).describe(
      'Most seats one holder may have in one show, held and booked together.',
    ),
    maxPerAddress: env('MAX_HELD_SEATS_PER_ADDRESS', integer(1, 100_000, 100)).describe(
      'Most seats that guests of one address (IPv4, or IPv6 /64) may hold in one show at a time; ten times as many for an IPv6 /48.',
    ),
    reholdCooldownMs: inMs('REHOLD_COOLDOWN_SECONDS', integer(0, 3_600, 0)).describe(
      "How long a seat can't be held again by the holder that gave it up, by release or lapse, nor by guests of the same address; 0: at once.",
    ),
  },
  commands: {
    maxSeats: env('MAX_SEATS_PER_COMMAND', integer(1, 100, 10)).describe('Most seats one command may name.'),
  },
  combining: {
    maxCommands: env('COMBINE_MAX', integer(1, 1_000, 64)).describe('Most commands in a transaction; 1: no combining.'),
    maxPerHolder: env('COMBINE_MAX_PER_HOLDER', integer(1, 1_000, 4)).describe(
      'Most commands of one holder in a transaction while other holders wait.',
    ),
    lanes: env('COMBINE_LANES', integer(1, 64, 2)).describe('Transactions that run side by side, one connection each.'),
    acrossShows: env('COMBINE_ACROSS_SHOWS', flag(true)).describe(
      'Whether one transaction may carry commands of several shows (false on databases distributed by show).',
    ),
  },
  queue: {
    maxCommands: env('QUEUE_MAX', integer(1, 1_000_000, 10_000)).describe('Most commands that wait; more are BUSY.'),
    timeoutMs: env('QUEUE_TIMEOUT_MS', integer(10, 60_000, 5_000)).describe('Longest wait of a command; then BUSY.'),
  },
  streams: {
    max: env('STREAMS_MAX', integer(1, 1_000_000, 10_000)).describe(
      'Most event streams of one instance; further ones are BUSY.',
    ),
    perAddressMax: env('STREAMS_PER_ADDRESS_MAX', integer(1, 1_000_000, 20)).describe(
      'Most event streams from one address (IPv6: one /64; ten times as many from a /48); further ones are RATE_LIMITED.',
    ),
    watchedSeatsMax: env('STREAMS_WATCHED_SEATS_MAX', integer(1, 100_000_000, 500_000)).describe(
      'Seats that one instance follows for watchers, some 250 bytes each; streams of yet another show are then BUSY.',
    ),
    unreadMaxBytes: env('STREAMS_UNREAD_MAX_BYTES', integer(65_536, 2_147_483_647, 67_108_864)).describe(
      'Bytes in memory that watchers have not taken yet; beyond it slow watchers get nothing more, and new ones are BUSY.',
    ),
    takeTimeoutMs: inMs('STREAMS_TAKE_TIMEOUT_SECONDS', integer(1, 3_600, 15)).describe(
      'A watcher that has not taken an event for so long is cut off.',
    ),
  },
  sweep: {
    enabled: env('SWEEP_ENABLED', flag(true)).describe(
      'Whether this process tidies up lapsed holds. No client can tell the difference.',
    ),
    intervalMs: inMs('SWEEP_INTERVAL_SECONDS', integer(1, 3_600, 15)).describe('Time between two sweeps.'),
    batchSize: env('SWEEP_BATCH_SIZE', integer(1, 10_000, 500)).describe('Most lapsed holds that one round takes on.'),
  },
  idempotency: {
    ttlHours: env('IDEMPOTENCY_TTL_HOURS', integer(1, 720, 24)).describe(
      'How long the answer to a keyed command is kept for its retries.',
    ),
    maxKeysPerHolder: env('IDEMPOTENCY_MAX_KEYS_PER_HOLDER', integer(1, 1_000_000, 200)).describe(
      'Most keys of one holder under which this process keeps answers within that time, unless RATE_LIMIT_ENABLED is false; more are RATE_LIMITED.',
    ),
  },
  ledger: {
    secret: env('LEDGER_SECRET', currentSecret('LEDGER_PREVIOUS_SECRETS').optional()).describe(
      `Seals the rows of the ledger, so that npm run verify can tell them from forged ones; at least ${SECRET_MIN_LENGTH} characters, the same for every instance. Without it AUTH_JWT_SECRET does, and its rotation is one of the ledger as well.`,
    ),
    previousSecrets: envList('LEDGER_PREVIOUS_SECRETS', listOrJson().pipe(z.array(secret()))).describe(
      'Former secrets of the ledger, comma separated or as a JSON list. What they sealed can be verified for as long as they are kept here.',
    ),
    headIntervalMs: inMs('LEDGER_HEAD_INTERVAL_SECONDS', integer(1, 3_600, 60)).describe(
      'Time between two signings of the heads of shows that changed. What was done since can be undone unnoticed.',
    ),
    upgradeHours: env('LEDGER_UPGRADE_HOURS', integer(0, 720, 24)).describe(
      'How long after the upgrade instances of a version that seals nothing may go on selling.',
    ),
  },
  auth: {
    jwtSecret: env('AUTH_JWT_SECRET', currentSecret('AUTH_JWT_PREVIOUS_SECRETS')).describe(
      `Signs this server's tokens (HS256); at least ${SECRET_MIN_LENGTH} characters, none of them a comma. Every instance needs the same.`,
    ),
    jwtPreviousSecrets: envList('AUTH_JWT_PREVIOUS_SECRETS', listOrJson().pipe(z.array(secret()))).describe(
      'Former secrets, comma separated or as a JSON list, whose tokens are still accepted: rotate without logging anybody out.',
    ),
    tokenTtlSeconds: env('AUTH_TOKEN_TTL_SECONDS', integer(60, 31_536_000, 900)).describe(
      'Lifetime of an access token; a client gets the next one for its refresh token.',
    ),
    refreshTtlDays: env('AUTH_REFRESH_TTL_DAYS', integer(0, 365, 30)).describe(
      'How long a user stays logged in without a request; 0: users get no refresh tokens.',
    ),
    guestRefreshTtlDays: env('AUTH_GUEST_REFRESH_TTL_DAYS', integer(0, 365, 90)).describe(
      'How long a guest is known without a request; 0: guests get no refresh tokens.',
    ),
    maxSessionsPerUser: env('AUTH_MAX_SESSIONS_PER_USER', integer(1, 1_000, 20)).describe(
      'Most sessions of a user; a login beyond them ends the one that was unused for longest.',
    ),
    jwksUrl: env('AUTH_JWKS_URL', httpUrl().optional()).describe("The key set of an organisation's identity provider."),
    issuer: env('AUTH_ISSUER', z.string().min(1).optional()).describe('Its `iss`; required with AUTH_JWKS_URL.'),
    audience: env('AUTH_AUDIENCE', z.string().min(1).optional()).describe(
      'The `aud` its tokens must carry; required with AUTH_JWKS_URL.',
    ),
    admissionJwksUrl: env('ADMISSION_JWKS_URL', httpUrl().optional()).describe(
      'The key set of a waiting room: guests then need its token, with the audience `show:{id}`, to hold seats of that show.',
    ),
    rolesClaim: env('AUTH_ROLES_CLAIM', z.string().min(1).optional()).describe(
      'The claim of its tokens, or the path of one (`realm_access.roles`), that makes a holder with `admin` in it an administrator. Without it none is.',
    ),
    bareHolderIds: env('AUTH_BARE_HOLDER_IDS', flag(false)).describe(
      'Whether its holders are `external:<sub>`, as in version 0.1, without a part for the issuer: true keeps their bookings theirs.',
    ),
  },
  rateLimits: {
    enabled: env('RATE_LIMIT_ENABLED', flag(true)).describe('Whether requests are limited; switch off for load tests.'),
    loginPerMinute: env('RATE_LIMIT_LOGIN_PER_MINUTE', integer(1, 100_000, 10)).describe(
      'Login attempts a minute for one user name from one address.',
    ),
    loginAddressPerMinute: env('RATE_LIMIT_LOGIN_ADDRESS_PER_MINUTE', integer(1, 100_000, 30)).describe(
      'Login attempts a minute from one address, whatever the user names; ten times as many from the /48 of an IPv6 address.',
    ),
    loginDelayMaxMs: inMs('LOGIN_DELAY_MAX_SECONDS', integer(0, 30, 4)).describe(
      'Longest time for which a login attempt is held back after many failures at its user name; 0: none.',
    ),
    registerPerMinute: env('RATE_LIMIT_REGISTER_PER_MINUTE', integer(1, 100_000, 30)).describe(
      'Registrations a minute from one address.',
    ),
    guestPerMinute: env('RATE_LIMIT_GUEST_PER_MINUTE', integer(1, 1_000_000, 60)).describe(
      'Guest tokens a minute for one address (IPv4, or IPv6 /64), after the burst; ten times as many for an IPv6 /48.',
    ),
    guestBurst: env('RATE_LIMIT_GUEST_BURST', integer(1, 1_000_000, 200)).describe(
      'Guest tokens at once for one address that has asked for few; ten times as many for an IPv6 /48.',
    ),
    refreshPerMinute: env('RATE_LIMIT_REFRESH_PER_MINUTE', integer(1, 1_000_000, 1_200)).describe(
      'Refreshed tokens a minute for one address.',
    ),
    passwordPerMinute: env('RATE_LIMIT_PASSWORD_PER_MINUTE', integer(1, 100_000, 5)).describe(
      'Changes of a password, and deletions of an account, that one user may try a minute.',
    ),
    commandsPerMinute: env('RATE_LIMIT_COMMANDS_PER_MINUTE', integer(1, 1_000_000, 600)).describe(
      'Seat commands a minute for one holder.',
    ),
    readsPerMinute: env('RATE_LIMIT_READS_PER_MINUTE', integer(1, 10_000_000, 30_000)).describe(
      'Reads of bookings and activity a minute for one address, which may be a whole foyer; this machine itself is not limited.',
    ),
    heavyReadsPerMinute: env('RATE_LIMIT_HEAVY_READS_PER_MINUTE', integer(1, 10_000_000, 6_000)).describe(
      'Reads of seat maps and shows a minute for one address, which may be a whole foyer; this machine itself is not limited.',
    ),
  },
};

/** The settings as the code reads them, for example `config.holds.ttlMs`. */
export type AppConfig = {
  readonly [Group in keyof typeof SETTINGS]: Readonly<z.output<z.ZodObject<(typeof SETTINGS)[Group]>>>;
};

/** All settings in order, each with its place and its variable. */
export const SETTING_LIST = Object.entries(SETTINGS).flatMap(([group, settings]) =>
  Object.entries<z.ZodType>(settings).map(([name, schema]) => ({
    group: group as keyof AppConfig,
    name,
    schema,
    ...(schema.meta() as unknown as About),
  })),
);

/** The environment variables in order, each with the schema of its text. */
export const VARIABLES: Readonly<Record<string, z.ZodType>> = Object.fromEntries(
  SETTING_LIST.map(({ variable, schema }) => [variable, schema]),
);

/** The settings that are right by themselves. */
export type ReadSettings = { [Group in keyof AppConfig]: Partial<AppConfig[Group]> };

/** Conditions between settings. Each that is not met is told as the variable to mend and its mistake. */
export function crossCheck({ database, auth, combining }: ReadSettings): [variable: string, message: string][] {
  const mistakes: [string, string][] = [];
  if (!database.url && !database.embedded) {
    mistakes.push(['DATABASE_URL', 'is required (or set EMBEDDED_DATABASE=true)']);
  }
  if (database.url && database.embedded) {
    mistakes.push(['DATABASE_URL', 'contradicts EMBEDDED_DATABASE=true: leave one of them out']);
  }
  for (const [variable, url] of [
    ['DATABASE_URL', database.url],
    ['DATABASE_MIGRATION_URL', database.migrationUrl],
  ] as const) {
    if (url && contradictsTls(url, database.ssl!)) {
      mistakes.push([variable, 'asks for another kind of TLS than DATABASE_SSL, and would win: leave one of them out']);
    }
  }
  for (const [variable, value] of [
    ['AUTH_ISSUER', auth.issuer],
    ['AUTH_AUDIENCE', auth.audience],
    ['AUTH_ROLES_CLAIM', auth.rolesClaim],
  ] as const) {
    if (value && !auth.jwksUrl) mistakes.push(['AUTH_JWKS_URL', `is required with ${variable}`]);
  }
  if (auth.jwksUrl && !auth.issuer) mistakes.push(['AUTH_ISSUER', 'is required with AUTH_JWKS_URL']);
  if (auth.jwksUrl && !auth.audience) mistakes.push(['AUTH_AUDIENCE', 'is required with AUTH_JWKS_URL']);
  if (auth.issuer === OWN_ISSUER) {
    mistakes.push(['AUTH_ISSUER', `must not be ${OWN_ISSUER}, which this server uses itself`]);
  }
  if (combining.lanes! + 2 > database.poolMax!) {
    mistakes.push(['DATABASE_POOL_MAX', 'must be at least COMBINE_LANES + 2']);
  }
  return mistakes;
}
