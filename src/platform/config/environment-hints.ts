import type { AppConfig } from './app-config';
import { VARIABLES } from './settings';

/** Pure: doubts about an environment that is fit to start with. They are told at the start, and stop nothing. */

/** A variable may differ by as many letters from a setting and still be meant for it. */
const DISTANCE_MAX = 2;
/** Shorter names are near to others by chance. */
const NEAR_LENGTH_MIN = 8;

/** All doubts about the environment that the settings were read from. */
export function hints(env: NodeJS.ProcessEnv, config: AppConfig): string[] {
  return [...misspelt(env), ...doubts(config)];
}

/** Variables that are none of the settings and look as if they were meant to be one. */
export function misspelt(env: NodeJS.ProcessEnv, known: readonly string[] = Object.keys(VARIABLES)): string[] {
  return Object.keys(env)
    .filter((name) => env[name] !== '' && !known.includes(name))
    .flatMap((name) => {
      const meant = known.find((each) => isMeantFor(name, each));
      return meant === undefined ? [] : [`${name} is no setting. Is ${meant} meant?`];
    });
}

function isMeantFor(name: string, setting: string): boolean {
  const [a, b] = [name, setting].map((each) =>
    each
      .toUpperCase()
      .replace(/^ROWLOCK_/, '')
      .replaceAll(/[-.]/g, '_'),
  );
  if (a === b) return setting.includes('_') || name.startsWith('ROWLOCK_');
  if (a!.includes('_') && b!.startsWith(`${a}_`)) return true;
  return b!.length >= NEAR_LENGTH_MIN && distance(a!, b!) <= DISTANCE_MAX;
}

/** The letters to add, drop or replace to make one text of the other (Levenshtein). */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > DISTANCE_MAX) return Infinity;
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(replaced, previous[j]! + 1, current[j - 1]! + 1));
    }
    previous = current;
  }
  return previous[b.length]!;
}

/** Settings of which one makes another one meaningless. */
export function doubts({ database, holds, commands, rateLimits, auth }: AppConfig): string[] {
  const found: string[] = [];
  const doubt = (isDoubtful: boolean, text: string) => {
    if (isDoubtful) found.push(text);
  };
  doubt(
    database.lockTimeoutMs > database.statementTimeoutMs,
    'LOCK_TIMEOUT_MS is longer than STATEMENT_TIMEOUT_MS, which ends each wait for a lock before it.',
  );
  doubt(
    commands.maxSeats > holds.maxPerHolder,
    'MAX_SEATS_PER_COMMAND is more than MAX_HELD_SEATS_PER_HOLDER: no hold of so many seats can succeed.',
  );
  doubt(
    rateLimits.loginPerMinute > rateLimits.loginAddressPerMinute,
    'RATE_LIMIT_LOGIN_PER_MINUTE is more than RATE_LIMIT_LOGIN_ADDRESS_PER_MINUTE, which is reached before it.',
  );
  doubt(auth.audience?.includes(',') === true, 'AUTH_AUDIENCE has a comma: it is one audience, not a list.');
  doubt(
    auth.jwksUrl !== undefined && isOpenHttp(auth.jwksUrl),
    'AUTH_JWKS_URL is http: a machine on the way could put keys of its own in place of the provider’s.',
  );
  return found;
}

function isOpenHttp(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && !/^(localhost|127\..*|\[::1\])$/.test(hostname);
}
