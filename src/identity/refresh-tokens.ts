import { errors, SignJWT } from 'jose';
import { OWN_ISSUER } from '../platform/config/app-config';
import type { OwnHolder } from './holder';
import type { OwnKeys } from './own-keys';
import { subjectOf } from './own-tokens';

/** Not the issuer of access tokens: no route takes the one for the other. */
const ISSUER = `${OWN_ISSUER}/refresh`;
const SESSION = /^[0-9a-f-]{36}$/;

/** What a refresh token says. */
export interface RefreshClaims {
  readonly holder: Pick<OwnHolder, 'id' | 'kind' | 'tokenVersion' | 'shows'>;
  readonly sessionId: string;
  /** How many refreshes the session has had when the token was issued. */
  readonly rotation: number;
  readonly issuedAtMs: number;
}

/**
 * Refresh tokens: signed, and numbered within their session. The database has the number that is good now and never a
 * token, so nothing in it could be presented. The same claims give the same text: a retry gets the very token it missed.
 */
export class RefreshTokens {
  constructor(private readonly keys: OwnKeys) {}

  issue({ holder, sessionId: sid, rotation, issuedAtMs }: RefreshClaims, ttlSeconds: number): Promise<string> {
    const issuedAtSeconds = Math.floor(issuedAtMs / 1_000);
    return this.keys.sign(
      new SignJWT({ kind: holder.kind, sid, rotation, ver: holder.tokenVersion, shows: holder.shows })
        .setIssuer(ISSUER)
        .setSubject(holder.id)
        .setIssuedAt(issuedAtSeconds)
        .setExpirationTime(issuedAtSeconds + ttlSeconds),
    );
  }

  /** @throws JOSEError when this server did not sign the token, or its time is over */
  async verify(token: string): Promise<RefreshClaims> {
    const { payload } = await this.keys.verify(token, ISSUER);
    const { sid, rotation, ver, shows } = payload;
    if (typeof sid !== 'string' || !SESSION.test(sid) || typeof rotation !== 'number')
      throw new errors.JWTInvalid('no session');
    return {
      holder: {
        ...subjectOf(payload),
        ...(typeof ver === 'number' ? { tokenVersion: ver } : {}),
        ...(Array.isArray(shows) ? { shows } : {}),
      },
      sessionId: sid,
      rotation,
      issuedAtMs: payload.iat! * 1_000,
    };
  }
}
