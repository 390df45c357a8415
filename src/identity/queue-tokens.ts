import { createRemoteJWKSet, errors, jwtVerify } from 'jose';
import type { JWTVerifyGetKey } from 'jose';
import { Problem } from '../platform/problem/problem';
import { Admission } from './admission';
import { KEY_PAIR_ALGORITHMS } from './external-tokens';

const KEYS_TIMEOUT_MS = 3_000;
/** The shows are named in the guest's own token, which travels with every request. */
const SHOWS_MAX = 20;
const TOKEN_MAX_LENGTH = 8_192;

/** `aud` of a queue token, one for each show that its bearer is admitted to. */
const AUDIENCE = /^show:([1-9]\d{0,9})$/;

/** Admission by signed queue tokens: JWTs with `exp` and the audience `show:{id}`, verified with the keys at a URL. */
export class QueueTokens extends Admission {
  readonly isNeeded = true;
  private readonly keys: JWTVerifyGetKey;

  constructor(keysUrl: string) {
    super();
    this.keys = createRemoteJWKSet(new URL(keysUrl), { timeoutDuration: KEYS_TIMEOUT_MS });
  }

  async admit(token: string | undefined): Promise<readonly number[]> {
    if (token === undefined) {
      throw new Problem('ADMISSION_REQUIRED', { detail: 'Send the token of the queue as `Admission-Token`.' });
    }
    const shows = token.length > TOKEN_MAX_LENGTH ? [] : await this.showsOf(token);
    if (shows.length === 0 || shows.length > SHOWS_MAX) {
      throw new Problem('ADMISSION_REQUIRED', { detail: 'The token of the queue is not valid, or has expired.' });
    }
    return shows;
  }

  private async showsOf(token: string): Promise<number[]> {
    try {
      const { payload } = await jwtVerify(token, this.keys, {
        algorithms: KEY_PAIR_ALGORITHMS,
        requiredClaims: ['exp', 'aud'],
      });
      const showIds = [payload.aud!].flat().map((audience) => AUDIENCE.exec(audience)?.[1]);
      return showIds.flatMap((showId) => (showId === undefined ? [] : [Number(showId)]));
    } catch (error) {
      if (isAboutTheToken(error)) return [];
      throw new Problem('BUSY', { detail: "The queue's keys can't be had at the moment; nothing was changed." });
    }
  }
}

/** Otherwise the keys did not arrive, or not in a form that can be read. */
function isAboutTheToken(error: unknown): boolean {
  return error instanceof errors.JOSEError && !KEYS_MISSING.some((kind) => error instanceof kind) && !isPlain(error);
}

const KEYS_MISSING = [errors.JWKSTimeout, errors.JWKSInvalid, errors.JWKInvalid];

/** An answer of the keys' server that is no key set has no class of its own. */
function isPlain(error: errors.JOSEError): boolean {
  return error.constructor === errors.JOSEError;
}
