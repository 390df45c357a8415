import { Problem } from '../platform/problem/problem';
import type { Holder } from './holder';

/**
 * Port: admission to a show before a guest gets a token, for instance by a waiting room in front of a big on-sale. Open
 * unless something is plugged in; `queue-tokens.ts` is what ADMISSION_JWKS_URL plugs in.
 */
export abstract class Admission {
  /**
   * The shows whose seats a new guest may hold; undefined where every guest may hold seats of every show.
   *
   * @param token the request's `Admission-Token`
   * @throws Problem ADMISSION_REQUIRED; BUSY when it can't be known at the moment
   */
  abstract admit(token: string | undefined): Promise<readonly number[] | undefined>;

  /** Whether guests need it at all. */
  abstract readonly isNeeded: boolean;

  /** @throws Problem ADMISSION_REQUIRED when the holder is a guest who was not admitted to the show */
  check({ kind, shows = [] }: Pick<Holder, 'kind' | 'shows'>, showId: number): void {
    if (!this.isNeeded || kind !== 'guest' || shows.includes(showId)) return;
    throw new Problem('ADMISSION_REQUIRED', { detail: `This guest was not admitted to show ${showId}.` });
  }
}

/** Everybody is admitted. */
export class OpenAdmission extends Admission {
  readonly isNeeded = false;

  admit(): Promise<undefined> {
    return Promise.resolve(undefined);
  }
}
