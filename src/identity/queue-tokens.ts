import { errors, jwtVerify } from 'jose';
import { Problem } from '../platform/problem/problem';
import { Admission } from './admission';
import { KEY_PAIR_ALGORITHMS } from './external-tokens';
import { ProviderKeys } from './provider-keys';
import { CLOCK_TOLERANCE_SECONDS } from './verified-tokens';

/** The shows are named in the guest's own token, which travels with every request. */
const SHOWS_MAX = 20;
const TOKEN_MAX_LENGTH = 8_192;

/** `aud` of a queue token, one for each show that its bearer is admitted to. */
const AUDIENCE = /^show:([1-9]\d{0,9})$/;

/** Admission by signed queue tokens: JWTs with `exp` and the audience `show:{id}`, verified with the keys at a URL. */
export class QueueTokens extends Admission {
  readonly isNeeded = true;
  private readonly keys: ProviderKeys;

  constructor(keysUrl: string) {
    super();
    this.keys = new ProviderKeys(keysUrl, 'waiting room');
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
      const { payload } = await jwtVerify(token, this.keys.find, {
        algorithms: KEY_PAIR_ALGORITHMS,
        requiredClaims: ['exp', 'aud'],
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
      });
      const showIds = [payload.aud!].flat().map((audience) => AUDIENCE.exec(audience)?.[1]);
      return showIds.flatMap((showId) => (showId === undefined ? [] : [Number(showId)]));
    } catch (error) {
      if (error instanceof errors.JOSEError) return [];
      throw error;
    }
  }
}
