import { parseEnvironment } from './app-config';
import { doubts, misspelt } from './environment-hints';
import { VARIABLES } from './settings';

const LEAST = {
  AUTH_JWT_SECRET: 'a-secret-for-tests-of-32-characters-or-more',
  DATABASE_URL: 'postgres://localhost/rowlock',
};

describe('variables that are no setting', () => {
  const meant: [written: string, setting: string][] = [
    ['HOLD_TTL', 'HOLD_TTL_SECONDS'],
    ['HOLD_TTL_SECOND', 'HOLD_TTL_SECONDS'],
    ['hold_ttl_seconds', 'HOLD_TTL_SECONDS'],
    ['TRUST_PROXY_HOP', 'TRUST_PROXY_HOPS'],
    ['CORS_ORIGIN', 'CORS_ORIGINS'],
    ['ROWLOCK_PORT', 'PORT'],
    ['ROWLOCK_CORS_ORIGINS', 'CORS_ORIGINS'],
    ['DATBASE_URL', 'DATABASE_URL'],
    ['AUTH_JWT_SECERT', 'AUTH_JWT_SECRET'],
    ['METRICS-TOKEN', 'METRICS_TOKEN'],
    ['DATABASE_POOL', 'DATABASE_POOL_MAX'],
  ];

  it.each(meant)('%s is told, as %s may be meant', (written, setting) => {
    expect(misspelt({ [written]: 'x' })).toEqual([`${written} is no setting. Is ${setting} meant?`]);
  });

  it('and have nothing to do with Rowlock are not told, nor are settings and empty ones', () => {
    const others = [
      'PATH',
      'HOME',
      'USER',
      'HOSTNAME',
      'host',
      'port',
      'LANG',
      'TERM',
      'SHELL',
      'PWD',
      'NODE_ENV',
      'NODE_OPTIONS',
      'PGHOST',
      'PGPORT',
      'POSTGRES_PASSWORD',
      'PUBLISHED_PORT',
      'DYNO',
      'RENDER',
      'RAILWAY_ENVIRONMENT',
      'CI',
      'npm_config_cache',
      'npm_package_version',
      'INIT_CWD',
      'LC_ALL',
      'TZ',
      'DATABASE_PRIVATE_URL',
      'LOGNAME',
    ];
    const env = Object.fromEntries([...others, ...Object.keys(VARIABLES)].map((name) => [name, 'x']));
    expect(misspelt({ ...env, HOLD_TTL: '' })).toEqual([]);
  });
});

describe('settings that make others meaningless', () => {
  const PROVIDER = { AUTH_ISSUER: 'https://id.example', AUTH_AUDIENCE: 'rowlock' };
  const told: [NodeJS.ProcessEnv, RegExp | undefined][] = [
    [{}, undefined],
    [{ LOCK_TIMEOUT_MS: '6000' }, /^LOCK_TIMEOUT_MS .* STATEMENT_TIMEOUT_MS/],
    [{ LOCK_TIMEOUT_MS: '5000' }, undefined],
    [{ MAX_SEATS_PER_COMMAND: '11' }, /^MAX_SEATS_PER_COMMAND .* MAX_HELD_SEATS_PER_HOLDER/],
    [{ RATE_LIMIT_LOGIN_PER_MINUTE: '31' }, /^RATE_LIMIT_LOGIN_PER_MINUTE/],
    [{ ...PROVIDER, AUTH_JWKS_URL: 'https://id.example/keys' }, undefined],
    [{ ...PROVIDER, AUTH_JWKS_URL: 'http://127.0.0.1:4110/keys' }, undefined],
    [{ ...PROVIDER, AUTH_JWKS_URL: 'http://id.example/keys' }, /^AUTH_JWKS_URL is http/],
    [{ ...PROVIDER, AUTH_JWKS_URL: 'https://id.example/keys', AUTH_AUDIENCE: 'a,b' }, /^AUTH_AUDIENCE/],
  ];

  it.each(told)('%j', (env, text) => {
    expect(doubts(parseEnvironment({ ...LEAST, ...env }))).toEqual(text ? [expect.stringMatching(text)] : []);
  });
});
