import { createHmac, createSecretKey, KeyObject } from 'node:crypto';
import { errors, jwtVerify, JWTVerifyResult, SignJWT } from 'jose';
import { CLOCK_TOLERANCE_SECONDS } from './verified-tokens';

const ALGORITHM = 'HS256';

/** The keys of this server's own tokens. Each token names its key, so a new secret can sign while former ones still verify. */
export class OwnKeys {
  private readonly keys: ReadonlyMap<string, KeyObject>;
  private readonly signingKeyId: string;

  constructor(secret: string, previousSecrets: readonly string[]) {
    this.keys = new Map([secret, ...previousSecrets].map((each) => [keyId(each), createSecretKey(each, 'utf8')]));
    this.signingKeyId = keyId(secret);
  }

  sign(token: SignJWT): Promise<string> {
    return token
      .setProtectedHeader({ alg: ALGORITHM, kid: this.signingKeyId, typ: 'JWT' })
      .sign(this.keys.get(this.signingKeyId)!);
  }

  /** @throws JOSEError when none of the keys signed the token, when it has ended, or has another issuer */
  verify(token: string, issuer: string): Promise<JWTVerifyResult> {
    return jwtVerify(token, ({ kid }) => this.key(kid), {
      algorithms: [ALGORITHM],
      issuer,
      requiredClaims: ['exp', 'iat', 'sub', 'kind'],
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
    });
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
