import { InvalidEnvironmentError, parseDatabaseEnvironment, parseEnvironment } from './app-config';
import { SETTING_LIST, VARIABLES } from './settings';

const SECRET = 'a-secret-for-tests-of-32-characters-or-more';
/** The least one has to set. */
const LEAST = { AUTH_JWT_SECRET: SECRET, DATABASE_URL: 'postgres://localhost/rowlock' };

function mistakes(env: NodeJS.ProcessEnv, parse: (env: NodeJS.ProcessEnv) => unknown = parseEnvironment): string[] {
  try {
    parse(env);
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidEnvironmentError);
    return (error as InvalidEnvironmentError).mistakes;
  }
}

const names = (env: NodeJS.ProcessEnv) => mistakes(env).map((mistake) => mistake.split(' ')[0]);

/** Variable, place, least, most, and by how much the code's unit is finer where it is another. */
const INTEGERS: [variable: string, place: string, min: number, max: number, factor?: number][] = [
  ['PORT', 'server.port', 0, 65_535],
  ['TRUST_PROXY_HOPS', 'server.trustProxyHops', 0, 10],
  ['BODY_LIMIT_BYTES', 'server.bodyLimitBytes', 1_024, 262_144],
  ['MAX_REQUESTS_PER_CONNECTION', 'connections.maxRequests', 1, 1_000],
  ['MAX_REQUESTS_PER_ADDRESS', 'connections.maxRequestsPerAddress', 1, 1_000_000],
  ['SLOW_READER_TIMEOUT_SECONDS', 'connections.slowReaderTimeoutMs', 1, 3_600, 1_000],
  ['STREAMS_MAX', 'streams.max', 1, 1_000_000],
  ['STREAMS_PER_ADDRESS_MAX', 'streams.perAddressMax', 1, 1_000_000],
  ['STREAMS_WATCHED_SEATS_MAX', 'streams.watchedSeatsMax', 1, 100_000_000],
  ['STREAMS_UNREAD_MAX_BYTES', 'streams.unreadMaxBytes', 65_536, 2_147_483_647],
  ['STREAMS_TAKE_TIMEOUT_SECONDS', 'streams.takeTimeoutMs', 1, 3_600, 1_000],
  ['EVENT_LOOP_DELAY_MAX_MS', 'overload.eventLoopDelayMaxMs', 10, 60_000],
  ['MAX_CONNECTIONS', 'connections.maxConnections', 10, 1_000_000],
  ['MAX_CONNECTIONS_PER_ADDRESS', 'connections.maxPerAddress', 1, 1_000_000],
  ['SHUTDOWN_GRACE_SECONDS', 'server.shutdownGraceMs', 1, 300, 1_000],
  ['DATABASE_POOL_MAX', 'database.poolMax', 4, 500],
  ['DATABASE_READ_POOL_MAX', 'database.readPoolMax', 1, 400],
  ['DATABASE_READ_QUEUE_MAX', 'database.readQueueMax', 0, 100_000],
  ['DATABASE_READ_TIMEOUT_MS', 'database.readTimeoutMs', 50, 60_000],
  ['DATABASE_CONNECT_TIMEOUT_MS', 'database.connectTimeoutMs', 100, 60_000],
  ['LOCK_TIMEOUT_MS', 'database.lockTimeoutMs', 10, 60_000],
  ['STATEMENT_TIMEOUT_MS', 'database.statementTimeoutMs', 100, 600_000],
  ['IDLE_IN_TRANSACTION_TIMEOUT_MS', 'database.idleInTransactionTimeoutMs', 100, 600_000],
  ['LOG_SECURITY_EVENTS_PER_MINUTE', 'log.securityEventsPerMinute', 0, 10_000],
  ['MIGRATION_LOCK_TIMEOUT_SECONDS', 'database.migrationLockTimeoutMs', 1, 86_400, 1_000],
  ['SHOW_LIST_MAX_AGE_MS', 'shows.listMaxAgeMs', 0, 60_000],
  ['COMBINE_MAX_PER_HOLDER', 'combining.maxPerHolder', 1, 1_000],
  ['IDEMPOTENCY_MAX_KEYS_PER_HOLDER', 'idempotency.maxKeysPerHolder', 1, 1_000_000],
  ['HOLD_TTL_SECONDS', 'holds.ttlMs', 1, 86_400, 1_000],
  ['MAX_SEATS_PER_COMMAND', 'commands.maxSeats', 1, 100],
  ['MAX_HELD_SEATS_PER_HOLDER', 'holds.maxPerHolder', 1, 1_000],
  ['MAX_SEATS_PER_HOLDER', 'holds.maxSeatsPerHolder', 1, 10_000],
  ['MAX_HELD_SEATS_PER_ADDRESS', 'holds.maxPerAddress', 1, 100_000],
  ['REHOLD_COOLDOWN_SECONDS', 'holds.reholdCooldownMs', 0, 3_600, 1_000],
  ['COMBINE_MAX', 'combining.maxCommands', 1, 1_000],
  ['COMBINE_LANES', 'combining.lanes', 1, 64],
  ['QUEUE_MAX', 'queue.maxCommands', 1, 1_000_000],
  ['QUEUE_TIMEOUT_MS', 'queue.timeoutMs', 10, 60_000],
  ['SWEEP_INTERVAL_SECONDS', 'sweep.intervalMs', 1, 3_600, 1_000],
  ['SWEEP_BATCH_SIZE', 'sweep.batchSize', 1, 10_000],
  ['IDEMPOTENCY_TTL_HOURS', 'idempotency.ttlHours', 1, 720],
  ['LEDGER_HEAD_INTERVAL_SECONDS', 'ledger.headIntervalMs', 1, 3_600, 1_000],
  ['LEDGER_UPGRADE_HOURS', 'ledger.upgradeHours', 0, 720],
  ['AUTH_TOKEN_TTL_SECONDS', 'auth.tokenTtlSeconds', 60, 31_536_000],
  ['AUTH_REFRESH_TTL_DAYS', 'auth.refreshTtlDays', 0, 365],
  ['AUTH_GUEST_REFRESH_TTL_DAYS', 'auth.guestRefreshTtlDays', 0, 365],
  ['AUTH_MAX_SESSIONS_PER_USER', 'auth.maxSessionsPerUser', 1, 1_000],
  ['RATE_LIMIT_REFRESH_PER_MINUTE', 'rateLimits.refreshPerMinute', 1, 1_000_000],
  ['RATE_LIMIT_PASSWORD_PER_MINUTE', 'rateLimits.passwordPerMinute', 1, 100_000],
  ['RATE_LIMIT_LOGIN_PER_MINUTE', 'rateLimits.loginPerMinute', 1, 100_000],
  ['RATE_LIMIT_LOGIN_ADDRESS_PER_MINUTE', 'rateLimits.loginAddressPerMinute', 1, 100_000],
  ['LOGIN_DELAY_MAX_SECONDS', 'rateLimits.loginDelayMaxMs', 0, 30, 1_000],
  ['RATE_LIMIT_REGISTER_PER_MINUTE', 'rateLimits.registerPerMinute', 1, 100_000],
  ['RATE_LIMIT_GUEST_PER_MINUTE', 'rateLimits.guestPerMinute', 1, 1_000_000],
  ['RATE_LIMIT_GUEST_BURST', 'rateLimits.guestBurst', 1, 1_000_000],
  ['RATE_LIMIT_COMMANDS_PER_MINUTE', 'rateLimits.commandsPerMinute', 1, 1_000_000],
  ['RATE_LIMIT_READS_PER_MINUTE', 'rateLimits.readsPerMinute', 1, 10_000_000],
  ['RATE_LIMIT_HEAVY_READS_PER_MINUTE', 'rateLimits.heavyReadsPerMinute', 1, 10_000_000],
];
/** Room enough for any number of lanes. */
const ROOMY = { ...LEAST, DATABASE_POOL_MAX: '500', COMBINE_LANES: '1' };

describe('the settings', () => {
  it('start with a database and a secret alone', () => {
    expect(parseEnvironment(LEAST)).toMatchObject({
      server: { host: '0.0.0.0', port: 3_000, corsOrigins: [] },
      database: { url: LEAST.DATABASE_URL, embedded: false },
      sweep: { enabled: true },
      auth: { jwtSecret: SECRET },
    });
  });

  it('are what the contract says where nothing else is set', () => {
    expect(parseEnvironment(LEAST)).toMatchObject({
      holds: { ttlMs: 600_000, maxPerHolder: 10, maxSeatsPerHolder: 20, maxPerAddress: 100, reholdCooldownMs: 0 },
      commands: { maxSeats: 10 },
      idempotency: { ttlHours: 24 },
    });
  });

  it('ignore what is none of them', () => {
    const config = parseEnvironment({
      ...LEAST,
      PATH: '/bin',
      HOLD_TTL: '1',
      port: '1',
      server: '1',
      'server.port': '1',
    });
    expect(config).toEqual(parseEnvironment(LEAST));
  });

  it('take an empty variable for one that is not set', () => {
    const unset = parseEnvironment(LEAST);
    for (const name of Object.keys(VARIABLES)) {
      if (!(name in LEAST)) expect(parseEnvironment({ ...LEAST, [name]: '' })).toEqual(unset);
    }
    expect(names({ ...LEAST, AUTH_JWT_SECRET: '' })).toEqual(['AUTH_JWT_SECRET']);
    expect(names({ ...LEAST, DATABASE_URL: '' })).toEqual(['DATABASE_URL']);
  });
});

describe('the places', () => {
  it('are groups of names, one for each variable', () => {
    const places = SETTING_LIST.map(({ group, name }) => `${group}.${name}`);
    expect(places.filter((place) => !/^[a-z]+([A-Z][a-z]+)*\.[a-z]+([A-Z][a-z]+)*$/.test(place))).toEqual([]);
    expect(Object.keys(VARIABLES)).toHaveLength(places.length);
    expect(Object.keys(VARIABLES).filter((variable) => !/^[A-Z]+(_[A-Z]+)*$/.test(variable))).toEqual([]);
  });

  it('name the same unit as the variable, unless seconds are read as milliseconds', () => {
    for (const { name, variable, factor } of SETTING_LIST) {
      const read = variable.endsWith('_SECONDS') && name.endsWith('Ms');
      expect([variable, factor]).toEqual([variable, read ? 1_000 : undefined]);
      const [unit] = /(SECONDS|MS|BYTES|HOURS)$/.exec(variable) ?? [];
      if (unit && !read) expect(name.toUpperCase()).toMatch(new RegExp(`${unit}$`));
    }
  });
});

/** What stands at a place. */
const at = (config: object, place: string) =>
  place.split('.').reduce((value, name) => (value as Record<string, object>)[name]!, config);

describe('numbers', () => {
  it('are all in the table below', () => {
    // Those two are derived from the machine where nothing is said.
    const config = parseEnvironment({ ...LEAST, MAX_CONNECTIONS: '10', MAX_CONNECTIONS_PER_ADDRESS: '10' });
    const numbers = SETTING_LIST.filter(({ group, name }) => typeof at(config, `${group}.${name}`) === 'number');
    expect(numbers.map(({ variable, group, name }) => [variable, `${group}.${name}`]).sort()).toEqual(
      INTEGERS.map(([variable, place]) => [variable, place]).sort(),
    );
  });

  it.each(INTEGERS)('%s is %s, from %d to %d', (name, place, min, max, factor = 1) => {
    expect(at(parseEnvironment({ ...ROOMY, [name]: String(min) }), place)).toBe(min * factor);
    expect(at(parseEnvironment({ ...ROOMY, [name]: String(max) }), place)).toBe(max * factor);
    expect(names({ ...ROOMY, [name]: String(max + 1) })).toEqual([name]);
    expect(names({ ...ROOMY, [name]: String(min - 1) })).toEqual([name]);
  });

  it.each(['abc', '1.5', '1e3', '0x10', '-1', ' 1', '1 ', '１', 'true', '99999999999'])('%j is none', (value) => {
    expect(names({ ...LEAST, BODY_LIMIT_BYTES: value })).toEqual(['BODY_LIMIT_BYTES']);
    expect(names({ ...LEAST, TRUST_PROXY_HOPS: value })).toEqual(['TRUST_PROXY_HOPS']);
  });
});

describe('flags, lists and choices', () => {
  it('are true or false, and nothing like it', () => {
    expect(parseEnvironment({ ...LEAST, SWEEP_ENABLED: 'false' }).sweep.enabled).toBe(false);
    expect(parseEnvironment({ ...LEAST, SWEEP_ENABLED: 'true' }).sweep.enabled).toBe(true);
    for (const value of ['1', '0', 'yes', 'no', 'TRUE', 'False', 'on'])
      expect(names({ ...LEAST, SWEEP_ENABLED: value })).toEqual(['SWEEP_ENABLED']);
  });

  it('are separated by commas, with or without spaces', () => {
    const origins = (value: string) => parseEnvironment({ ...LEAST, CORS_ORIGINS: value }).server.corsOrigins;
    expect(origins('https://a.example')).toEqual(['https://a.example']);
    expect(origins(' https://a.example , https://b.example,')).toEqual(['https://a.example', 'https://b.example']);
  });

  it('are one of few', () => {
    expect(parseEnvironment({ ...LEAST, LOG_LEVEL: 'debug' }).log.level).toBe('debug');
    expect(names({ ...LEAST, LOG_LEVEL: 'loud', LOG_FORMAT: 'xml', DATABASE_SSL: 'maybe' }).sort()).toEqual([
      'DATABASE_SSL',
      'LOG_FORMAT',
      'LOG_LEVEL',
    ]);
  });
});

describe('secrets', () => {
  it('have at least 32 characters, former ones as well', () => {
    expect(names({ ...LEAST, AUTH_JWT_SECRET: 'x'.repeat(31) })).toEqual(['AUTH_JWT_SECRET']);
    expect(parseEnvironment({ ...LEAST, AUTH_JWT_SECRET: 'x'.repeat(32) }).auth.jwtSecret).toBe('x'.repeat(32));
    expect(names({ ...LEAST, AUTH_JWT_PREVIOUS_SECRETS: `${SECRET},short` })).toEqual(['AUTH_JWT_PREVIOUS_SECRETS']);
    expect(
      parseEnvironment({ ...LEAST, AUTH_JWT_PREVIOUS_SECRETS: `${SECRET}, ${SECRET}2` }).auth.jwtPreviousSecrets,
    ).toEqual([SECRET, `${SECRET}2`]);
  });

  it('are never told in the report of mistakes, nor is any other value', () => {
    const report = mistakes({
      AUTH_JWT_SECRET: 'hunter2',
      AUTH_JWT_PREVIOUS_SECRETS: 'hunter2',
      METRICS_TOKEN: 'hunter2',
      DATABASE_URL: 'mysql://hunter2@localhost/rowlock',
      AUTH_JWKS_URL: 'hunter2',
      PORT: 'hunter2',
      LOG_LEVEL: 'hunter2',
      SWEEP_ENABLED: 'hunter2',
    });
    expect(report).toHaveLength(8);
    expect(report.join()).not.toContain('hunter2');
  });
});

describe('settings that depend on one another', () => {
  it('a database is needed, or the embedded one', () => {
    expect(names({ AUTH_JWT_SECRET: SECRET })).toEqual(['DATABASE_URL']);
    expect(parseEnvironment({ AUTH_JWT_SECRET: SECRET, EMBEDDED_DATABASE: 'true' }).database.url).toBeUndefined();
    expect(names({ AUTH_JWT_SECRET: SECRET, EMBEDDED_DATABASE: 'false' })).toEqual(['DATABASE_URL']);
  });

  it('an identity provider comes with its issuer and audience', () => {
    const provider = { ...LEAST, AUTH_JWKS_URL: 'https://id.example/keys' };
    expect(names(provider)).toEqual(['AUTH_ISSUER', 'AUTH_AUDIENCE']);
    expect(names({ ...provider, AUTH_ISSUER: 'https://id.example' })).toEqual(['AUTH_AUDIENCE']);
    expect(names({ ...provider, AUTH_ISSUER: 'https://id.example', AUTH_AUDIENCE: 'rowlock' })).toEqual([]);
    expect(names({ ...LEAST, AUTH_JWKS_URL: 'ftp://id.example/keys' })).toEqual(['AUTH_JWKS_URL']);
  });

  it('there are connections for the lanes and two more', () => {
    expect(names({ ...LEAST, COMBINE_LANES: '8', DATABASE_POOL_MAX: '9' })).toEqual(['DATABASE_POOL_MAX']);
    expect(names({ ...LEAST, COMBINE_LANES: '8', DATABASE_POOL_MAX: '10' })).toEqual([]);
  });
});

/** Texts that would start, if they were taken as they are, and mean something else. */
describe('texts that are easily written wrongly', () => {
  const refused: [variable: string, value: string, said: RegExp][] = [
    ['AUTH_JWT_SECRET', `${SECRET}\n`, /white space/],
    ['AUTH_JWT_SECRET', ` ${SECRET}`, /white space/],
    ['AUTH_JWT_SECRET', `"${SECRET}"`, /in quotes/],
    ['AUTH_JWT_SECRET', `'${SECRET}'`, /in quotes/],
    ['AUTH_JWT_SECRET', `${SECRET},${SECRET}`, /no comma.*AUTH_JWT_PREVIOUS_SECRETS.*JSON/],
    ['LEDGER_SECRET', `${SECRET},${SECRET}`, /no comma.*LEDGER_PREVIOUS_SECRETS.*JSON/],
    ['AUTH_JWT_PREVIOUS_SECRETS', `["${SECRET}"`, /JSON list/],
    ['AUTH_JWT_PREVIOUS_SECRETS', `["${SECRET}", 1]`, /JSON list/],
    ['AUTH_JWT_PREVIOUS_SECRETS', '["short"]', /at least 32/],
    ['AUTH_JWT_PREVIOUS_SECRETS', `"${SECRET},${SECRET}"`, /in quotes/],
    ['HOST', '0.0.0.0 ', /white space/],
    ['HOST', '"0.0.0.0"', /in quotes/],
    ['HOST', 'http://localhost', /without a scheme/],
    ['HOST', '0.0.0.0:3000', /without a scheme, a port/],
    ['HOST', '[::]', /brackets/],
    ['HOST', '*', /IP address/],
    ['HOST', '3000', /IP address/],
    ['CORS_ORIGINS', 'https://shop.example/tickets', /with a path/],
    ['CORS_ORIGINS', 'https://shop.example?x', /with a path/],
    ['CORS_ORIGINS', 'https://shop.example#x', /with a path/],
    ['CORS_ORIGINS', 'tickets.example', /without a scheme/],
    ['CORS_ORIGINS', 'localhost:5173', /without a scheme/],
    ['CORS_ORIGINS', '//tickets.example', /without a scheme/],
    ['CORS_ORIGINS', 'https://a.example shop.example', /is none/],
    ['CORS_ORIGINS', 'https://:80', /is none/],
    ['CORS_ORIGINS', 'https://ada@shop.example', /is none/],
    ['CORS_ORIGINS', 'https://*.shop.example', /\* alone/],
    ['CORS_ORIGINS', 'https://a.example,null', /must not have null/],
    ['CORS_ORIGINS', '"https://shop.example"', /in quotes/],
    ['METRICS_TOKEN', 'short', /at least 16/],
    ['METRICS_TOKEN', 'two words of a token', /letters, digits/],
    ['METRICS_TOKEN', 'schlüssel-zu-den-zahlen', /letters, digits/],
    ['METRICS_TOKEN', 'aaaaaaaaaaaaaaaaaaaaaaaa', /too simple/],
    ['METRICS_TOKEN', '0123456789abcdef\n', /white space/],
    ['DATABASE_URL', 'postgres://localhost/rowlock\n', /white space/],
    ['DATABASE_URL', '"postgres://localhost/rowlock"', /in quotes/],
    ['DATABASE_URL', 'postgres://ada:pass#word@localhost/rowlock', /%23/],
    ['DATABASE_URL', 'postgres://ada:pass/word@localhost/rowlock', /%2F/],
    ['DATABASE_URL', 'postgres://ada:100%@localhost/rowlock', /%25/],
    ['DATABASE_MIGRATION_URL', 'postgres://ada:pass#word@localhost/rowlock', /%23/],
    ['EMBEDDED_DATABASE_DIR', '~/rowlock', /only a shell/],
    ['EMBEDDED_DATABASE_DIR', '"/var/lib/rowlock"', /in quotes/],
    ['AUTH_ISSUER', 'https://id.example ', /white space/],
    ['AUTH_JWKS_URL', 'id.example/keys', /http\(s\) URL/],
    ['PORT', '3000 ', /white space/],
    ['PORT', '"3000"', /in quotes/],
    ['LOG_LEVEL', 'debug\r', /white space/],
    ['SWEEP_ENABLED', "'false'", /in quotes/],
  ];

  it.each(refused)('%s=%j is refused', (variable, value, said) => {
    const told = mistakes({ ...LEAST, [variable]: value });
    expect(told[0]).toMatch(new RegExp(`^${variable} .*${said.source}`));
    expect(told.join()).not.toContain(value);
  });

  it('no text setting takes a stray blank, line feed or pair of quotes', () => {
    for (const variable of Object.keys(VARIABLES)) {
      for (const value of [
        '"x"',
        ...(SETTING_LIST.find((each) => each.variable === variable)!.isList ? [] : ['x ', '\tx']),
      ]) {
        expect(names({ ...LEAST, [variable]: value })).toContain(variable);
      }
    }
  });

  const origins: [written: string, read: string[]][] = [
    ['https://shop.example/', ['https://shop.example']],
    ['https://Shop.Example:443', ['https://shop.example']],
    ['http://localhost:5173', ['http://localhost:5173']],
    ['https://münchen.example', ['https://xn--mnchen-3ya.example']],
    ['http://[::1]:3000', ['http://[::1]:3000']],
    ['capacitor://localhost', ['capacitor://localhost']],
    ['*', ['*']],
    ['https://a.example/,https://b.example', ['https://a.example', 'https://b.example']],
  ];

  it.each(origins)('CORS_ORIGINS=%s is read as browsers write it', (written, read) => {
    expect(parseEnvironment({ ...LEAST, CORS_ORIGINS: written }).server.corsOrigins).toEqual(read);
  });

  it('a former secret with a comma can be kept', () => {
    const former = `${SECRET},${SECRET}`;
    const { auth } = parseEnvironment({ ...LEAST, AUTH_JWT_PREVIOUS_SECRETS: JSON.stringify([former, SECRET]) });
    expect(auth.jwtPreviousSecrets).toEqual([former, SECRET]);
  });

  it.each([
    'postgres://ada:p%23ss@db.example:5432/rowlock?sslmode=verify-full',
    'postgresql://ada@/rowlock?host=/var/run/postgresql',
    'postgres://%2Fvar%2Frun%2Fpostgresql/rowlock',
    'postgres:///rowlock',
  ])('DATABASE_URL=%s is fine', (url) => {
    expect(names({ ...LEAST, DATABASE_URL: url })).toEqual([]);
  });

  it.each(['127.0.0.1', '::', '::1', 'localhost', 'rowlock.internal', '0.0.0.0'])('HOST=%s is fine', (host) => {
    expect(parseEnvironment({ ...LEAST, HOST: host }).server.host).toBe(host);
  });
});

describe('settings that contradict one another', () => {
  const contradictions: [string, NodeJS.ProcessEnv, string[]][] = [
    ['two databases', { EMBEDDED_DATABASE: 'true' }, ['DATABASE_URL']],
    ['an issuer without keys', { AUTH_ISSUER: 'https://id.example' }, ['AUTH_JWKS_URL']],
    ['an audience without keys', { AUTH_AUDIENCE: 'rowlock' }, ['AUTH_JWKS_URL']],
    ['roles without keys', { AUTH_ROLES_CLAIM: 'roles' }, ['AUTH_JWKS_URL']],
    ...(
      [
        ['verify', 'sslmode=disable', true],
        ['verify', 'sslmode=no-verify', true],
        ['verify', 'sslmode=verify-full', false],
        ['verify', 'ssl=true', true],
        ['no-verify', 'sslmode=require', true],
        ['no-verify', 'sslmode=no-verify', false],
        ['no-verify', 'sslmode=require&uselibpqcompat=true', false],
        ['url', 'sslmode=disable', false],
      ] as const
    ).map(([ssl, query, isWrong]): [string, NodeJS.ProcessEnv, string[]] => [
      `DATABASE_SSL=${ssl} and ${query}`,
      { DATABASE_SSL: ssl, DATABASE_URL: `postgres://db.example/rowlock?${query}` },
      isWrong ? ['DATABASE_URL'] : [],
    ]),
  ];

  it.each(contradictions)('%s', (_, env, wrong) => {
    expect(names({ ...LEAST, ...env })).toEqual(wrong);
  });
});

describe('mistakes', () => {
  it('are all told at once, each with the name of its variable', () => {
    const env = {
      AUTH_JWT_SECRET: 'short',
      DATABASE_URL: 'localhost',
      PORT: 'http',
      SWEEP_ENABLED: 'yes',
      LOG_LEVEL: 'loud',
      HOLD_TTL_SECONDS: '0',
    };
    expect(names(env).sort()).toEqual(Object.keys(env).sort());
    expect(() => parseEnvironment(env)).toThrow(/^The environment has 6 mistake\(s\):(\n {2}- [A-Z_]+ .+){6}$/);
  });

  it('of an empty environment are the two things that are needed', () => {
    expect(names({}).sort()).toEqual(['AUTH_JWT_SECRET', 'DATABASE_URL']);
  });

  it('of several settings together are told with those of single ones', () => {
    expect(
      names({
        ...LEAST,
        PORT: 'http',
        COMBINE_LANES: '8',
        DATABASE_POOL_MAX: '9',
        AUTH_JWKS_URL: 'https://id.example/keys',
      }).sort(),
    ).toEqual(['AUTH_AUDIENCE', 'AUTH_ISSUER', 'DATABASE_POOL_MAX', 'PORT']);
  });
});

describe('commands that need the database alone', () => {
  it('need no secret of the server', () => {
    const { AUTH_JWT_SECRET: _, ...database } = LEAST;
    expect(parseDatabaseEnvironment(database)).toMatchObject({
      database: { url: LEAST.DATABASE_URL, lockTimeoutMs: 2_000 },
    });
    expect(mistakes({}, parseDatabaseEnvironment)).toEqual([expect.stringMatching(/^DATABASE_URL /)]);
  });
});
