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
  ['BODY_LIMIT_BYTES', 'server.bodyLimitBytes', 1_024, 10_485_760],
  ['SHUTDOWN_GRACE_SECONDS', 'server.shutdownGraceMs', 1, 300, 1_000],
  ['DATABASE_POOL_MAX', 'database.poolMax', 4, 500],
  ['DATABASE_CONNECT_TIMEOUT_MS', 'database.connectTimeoutMs', 100, 60_000],
  ['LOCK_TIMEOUT_MS', 'database.lockTimeoutMs', 10, 60_000],
  ['STATEMENT_TIMEOUT_MS', 'database.statementTimeoutMs', 100, 600_000],
  ['IDLE_IN_TRANSACTION_TIMEOUT_MS', 'database.idleInTransactionTimeoutMs', 100, 600_000],
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
  ['AUTH_TOKEN_TTL_SECONDS', 'auth.tokenTtlSeconds', 60, 31_536_000],
  ['RATE_LIMIT_LOGIN_PER_MINUTE', 'rateLimits.loginPerMinute', 1, 100_000],
  ['RATE_LIMIT_REGISTER_PER_MINUTE', 'rateLimits.registerPerMinute', 1, 100_000],
  ['RATE_LIMIT_GUEST_PER_MINUTE', 'rateLimits.guestPerMinute', 1, 1_000_000],
  ['RATE_LIMIT_GUEST_BURST', 'rateLimits.guestBurst', 1, 1_000_000],
  ['RATE_LIMIT_COMMANDS_PER_MINUTE', 'rateLimits.commandsPerMinute', 1, 1_000_000],
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
    const config = parseEnvironment(LEAST);
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
