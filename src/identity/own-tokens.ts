import { OWN_ISSUER } from '../platform/config/app-config';
import { createHmac, createSecretKey, KeyObject } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';
import type { Holder } from './holder';
import { CLOCK_TOLERANCE_SECONDS, VerifiedToken } from './verified-tokens';

/** A holder whose tokens this server signs. */
export type OwnHolder = Holder & { kind: 'guest' | 'user' };

const ALGORITHM = 'HS256';
const SUBJECT = /^(guest|user):[0-9a-f-]{36}$/;

/** Tokens signed by this server. Each names its key, so a new secret can sign while former ones still verify. */
export class OwnTokens {
  private readonly keys: ReadonlyMap<string, KeyObject>;
  private readonly signingKeyId: string;

  constructor(
    secret: string,
    previousSecrets: readonly string[],
    private readonly ttlSeconds: number,
  ) {
    this.keys = new Map([secret, ...previousSecrets].map((each) => [keyId(each), createSecretKey(each, 'utf8')]));
    this.signingKeyId = keyId(secret);
  }

  issue(holder: OwnHolder): Promise<string> {
    const issuedAtSeconds = Math.floor(Date.now() / 1_000);
    const { kind, role, shows } = holder;
    return new SignJWT({ kind, ...(role ? { role } : {}), ...(shows ? { shows } : {}) })
      .setProtectedHeader({ alg: ALGORITHM, kid: this.signingKeyId, typ: 'JWT' })
      .setIssuer(OWN_ISSUER)
      .setSubject(holder.id)
      .setIssuedAt(issuedAtSeconds)
      .setExpirationTime(issuedAtSeconds + this.ttlSeconds)
      .sign(this.keys.get(this.signingKeyId)!);
  }

  /** @throws JOSEError when this server did not sign the token, or the token has expired */
  async verify(token: string): Promise<VerifiedToken> {
    const { payload } = await jwtVerify(token, ({ kid }) => this.key(kid), {
      algorithms: [ALGORITHM],
      issuer: OWN_ISSUER,
      requiredClaims: ['exp', 'sub', 'kind'],
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
    });
    const id = payload.sub!;
    // jose does not look at its type; a list of one would pass for its only element.
    const kind = typeof id === 'string' ? SUBJECT.exec(id)?.[1] : undefined;
    if ((kind !== 'guest' && kind !== 'user') || kind !== payload.kind)
      throw new errors.JWTInvalid('subject and kind do not fit');
    return {
      holder: {
        id,
        kind,
        ...(payload.role === 'admin' ? { role: 'admin' } : {}),
        ...(Array.isArray(payload.shows) ? { shows: payload.shows } : {}),
      },
      validUntilMs: (payload.exp! + CLOCK_TOLERANCE_SECONDS) * 1_000,
    };
  }

  private key(id: string | undefined): KeyObject {
    const key = id === undefined ? undefined : this.keys.get(id);
    if (!key) throw new errors.JWKSNoMatchingKey();
    return key;
  }
}

/** A name for a secret, from which the secret can't be computed. */
function keyId(secret: string): string {
  return createHmac('sha256', secret).update('rowlock key id').digest('base64url').slice(0, 16);
}
