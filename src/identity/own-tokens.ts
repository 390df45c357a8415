import { errors, JWTPayload, SignJWT } from 'jose';
import { OWN_ISSUER } from '../platform/config/app-config';
import type { OwnHolder } from './holder';
import type { OwnKeys } from './own-keys';
import { CLOCK_TOLERANCE_SECONDS, VerifiedToken } from './verified-tokens';

const SUBJECT = /^(guest|user):[0-9a-f-]{36}$/;

/** Access tokens signed by this server. */
export class OwnTokens {
  constructor(
    private readonly keys: OwnKeys,
    private readonly ttlSeconds: number,
  ) {}

  issue({ id, kind, role, sessionId: sid, tokenVersion: ver, formerly, shows }: OwnHolder): Promise<string> {
    const issuedAtSeconds = Math.floor(Date.now() / 1_000);
    return this.keys.sign(
      // A claim that is undefined is left out.
      new SignJWT({ kind, role, sid, ver, formerly, shows })
        .setIssuer(OWN_ISSUER)
        .setSubject(id)
        .setIssuedAt(issuedAtSeconds)
        .setExpirationTime(issuedAtSeconds + this.ttlSeconds),
    );
  }

  /** @throws JOSEError when this server did not sign the token, or the token has expired */
  async verify(token: string): Promise<VerifiedToken & { readonly holder: OwnHolder }> {
    const { payload } = await this.keys.verify(token, OWN_ISSUER);
    const { role, sid, ver, formerly, shows } = payload;
    return {
      holder: {
        ...subjectOf(payload),
        ...(role === 'admin' ? { role } : {}),
        ...(typeof sid === 'string' ? { sessionId: sid } : {}),
        ...(typeof ver === 'number' ? { tokenVersion: ver } : {}),
        ...(typeof formerly === 'string' ? { formerly } : {}),
        ...(Array.isArray(shows) ? { shows } : {}),
      },
      validUntilMs: (payload.exp! + CLOCK_TOLERANCE_SECONDS) * 1_000,
    };
  }
}

/** @throws JOSEError when the subject is no holder of this server's */
export function subjectOf(payload: JWTPayload): Pick<OwnHolder, 'id' | 'kind'> {
  const id = payload.sub!;
  // jose does not look at its type; a list of one would pass for its only element.
  const kind = typeof id === 'string' ? SUBJECT.exec(id)?.[1] : undefined;
  if ((kind !== 'guest' && kind !== 'user') || kind !== payload.kind)
    throw new errors.JWTInvalid('subject and kind do not fit');
  return { id, kind };
}
