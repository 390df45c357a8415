import { InvalidEnvironmentError, parseDatabaseEnvironment, parseEnvironment } from './app-config';
import { AppConfig, SETTINGS } from './settings';

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

/** Name, least and most. */
const INTEGERS: [keyof AppConfig, number, number][] = [
  ['PORT', 0, 65_535],
  ['TRUST_PROXY_HOPS', 0, 10],
  ['BODY_LIMIT_BYTES', 1_024, 10_485_760],
  ['SHUTDOWN_GRACE_SECONDS', 1, 300],
  ['DATABASE_POOL_MAX', 4, 500],
  ['DATABASE_CONNECT_TIMEOUT_MS', 100, 60_000],
  ['LOCK_TIMEOUT_MS', 10, 60_000],
  ['STATEMENT_TIMEOUT_MS', 100, 600_000],
  ['IDLE_IN_TRANSACTION_TIMEOUT_MS', 100, 600_000],
  ['HOLD_TTL_SECONDS', 1, 86_400],
  ['MAX_SEATS_PER_COMMAND', 1, 100],
  ['MAX_HELD_SEATS_PER_HOLDER', 1, 1_000],
  ['COMBINE_MAX', 1, 1_000],
  ['COMBINE_LANES', 1, 64],
  ['QUEUE_MAX', 1, 1_000_000],
  ['QUEUE_TIMEOUT_MS', 10, 60_000],
  ['SWEEP_INTERVAL_SECONDS', 1, 3_600],
  ['SWEEP_BATCH_SIZE', 1, 10_000],
  ['IDEMPOTENCY_TTL_HOURS', 1, 720],
  ['AUTH_TOKEN_TTL_SECONDS', 60, 31_536_000],
  ['RATE_LIMIT_LOGIN_PER_MINUTE', 1, 100_000],
  ['RATE_LIMIT_REGISTER_PER_MINUTE', 1, 100_000],
  ['RATE_LIMIT_GUEST_PER_MINUTE', 1, 1_000_000],
  ['RATE_LIMIT_COMMANDS_PER_MINUTE', 1, 1_000_000],
];
/** Room enough for any number of lanes. */
const ROOMY = { ...LEAST, DATABASE_POOL_MAX: '500', COMBINE_LANES: '1' };

describe('the settings', () => {
  it('start with a database and a secret alone', () => {
    expect(parseEnvironment(LEAST)).toMatchObject({
      ...LEAST,
      HOST: '0.0.0.0',
      PORT: 3_000,
      SWEEP_ENABLED: true,
      CORS_ORIGINS: [],
      EMBEDDED_DATABASE: false,
    });
  });

  it('are what the contract says where nothing else is set', () => {
    expect(parseEnvironment(LEAST)).toMatchObject({
      HOLD_TTL_SECONDS: 600,
      MAX_SEATS_PER_COMMAND: 10,
      MAX_HELD_SEATS_PER_HOLDER: 10,
      IDEMPOTENCY_TTL_HOURS: 24,
    });
  });

  it('ignore what is none of them', () => {
    const config = parseEnvironment({ ...LEAST, PATH: '/bin', HOLD_TTL: '1', port: '1' });
    expect(Object.keys(config).filter((name) => !(name in SETTINGS))).toEqual([]);
    expect(config.PORT).toBe(3_000);
  });

  it('take an empty variable for one that is not set', () => {
    const unset = parseEnvironment(LEAST);
    for (const name of Object.keys(SETTINGS)) {
      if (!(name in LEAST)) expect(parseEnvironment({ ...LEAST, [name]: '' })).toEqual(unset);
    }
    expect(names({ ...LEAST, AUTH_JWT_SECRET: '' })).toEqual(['AUTH_JWT_SECRET']);
    expect(names({ ...LEAST, DATABASE_URL: '' })).toEqual(['DATABASE_URL']);
  });
});

describe('numbers', () => {
  it('are all in the table below', () => {
    const config = parseEnvironment(LEAST);
    const numbers = Object.entries(config).filter(([, value]) => typeof value === 'number');
    expect(numbers.map(([name]) => name).sort()).toEqual(INTEGERS.map(([name]) => name).sort());
  });

  it.each(INTEGERS)('%s: from %d to %d', (name, min, max) => {
    expect(parseEnvironment({ ...ROOMY, [name]: String(min) })[name]).toBe(min);
    expect(parseEnvironment({ ...ROOMY, [name]: String(max) })[name]).toBe(max);
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
    expect(parseEnvironment({ ...LEAST, SWEEP_ENABLED: 'false' }).SWEEP_ENABLED).toBe(false);
    expect(parseEnvironment({ ...LEAST, SWEEP_ENABLED: 'true' }).SWEEP_ENABLED).toBe(true);
    for (const value of ['1', '0', 'yes', 'no', 'TRUE', 'False', 'on'])
      expect(names({ ...LEAST, SWEEP_ENABLED: value })).toEqual(['SWEEP_ENABLED']);
  });

  it('are separated by commas, with or without spaces', () => {
    const origins = (value: string) => parseEnvironment({ ...LEAST, CORS_ORIGINS: value }).CORS_ORIGINS;
    expect(origins('https://a.example')).toEqual(['https://a.example']);
    expect(origins(' https://a.example , https://b.example,')).toEqual(['https://a.example', 'https://b.example']);
  });

  it('are one of few', () => {
    expect(parseEnvironment({ ...LEAST, LOG_LEVEL: 'debug' }).LOG_LEVEL).toBe('debug');
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
    expect(parseEnvironment({ ...LEAST, AUTH_JWT_SECRET: 'x'.repeat(32) }).AUTH_JWT_SECRET).toBe('x'.repeat(32));
    expect(names({ ...LEAST, AUTH_JWT_PREVIOUS_SECRETS: `${SECRET},short` })).toEqual(['AUTH_JWT_PREVIOUS_SECRETS']);
    expect(
      parseEnvironment({ ...LEAST, AUTH_JWT_PREVIOUS_SECRETS: `${SECRET}, ${SECRET}2` }).AUTH_JWT_PREVIOUS_SECRETS,
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
    expect(parseEnvironment({ AUTH_JWT_SECRET: SECRET, EMBEDDED_DATABASE: 'true' }).DATABASE_URL).toBeUndefined();
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
      DATABASE_URL: LEAST.DATABASE_URL,
      LOCK_TIMEOUT_MS: 2_000,
    });
    expect(mistakes({}, parseDatabaseEnvironment)).toEqual([expect.stringMatching(/^DATABASE_URL /)]);
  });
});
