import { createRemoteJWKSet, errors, jwtVerify } from 'jose';
import type { JWTVerifyGetKey } from 'jose';
import { Problem } from '../platform/problem/problem';
import type { VerifiedToken } from './verified-tokens';

/**
 * Key pairs only. If HS256 were allowed, anybody could sign a token with the provider's public key as the shared
 * secret.
 */
export const KEY_PAIR_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];
const KEYS_TIMEOUT_MS = 3_000;
/**
 * How long keys, and tokens verified with them, are trusted without asking the provider again. A withdrawn key is
 * refused after it.
 */
const KEYS_MAX_AGE_MS = 600_000;

const SUBJECT_MAX_LENGTH = 255;
/**
 * Control characters and lone surrogates. The database can't store NUL, and would store all lone surrogates as one
 * character.
 */
const UNSTORABLE = /[\p{Cc}\p{Cs}]/u;

/** Tokens of an organisation's own identity provider. */
export class ExternalTokens {
  private readonly keys: JWTVerifyGetKey;

  constructor(
    keysUrl: string,
    readonly issuer: string,
    private readonly audience: string,
  ) {
    this.keys = createRemoteJWKSet(new URL(keysUrl), {
      timeoutDuration: KEYS_TIMEOUT_MS,
      cacheMaxAge: KEYS_MAX_AGE_MS,
    });
  }

  /**
   * @throws JOSEError when it is not a valid token of the provider for this audience
   * @throws Problem BUSY when the provider's keys can't be had
   */
  async verify(token: string): Promise<VerifiedToken> {
    const { payload } = await jwtVerify(token, this.findKey, {
      algorithms: KEY_PAIR_ALGORITHMS,
      issuer: this.issuer,
      audience: this.audience,
      requiredClaims: ['exp', 'sub'],
    });
    const subject = payload.sub!;
    if (subject === '' || subject.length > SUBJECT_MAX_LENGTH || UNSTORABLE.test(subject)) {
      throw new errors.JWTInvalid('not a usable subject');
    }
    return {
      // Without the prefix a provider could name one of its users like a guest or a user of ours.
      holder: { id: `external:${subject}`, kind: 'external', ...(payload.role === 'admin' ? { role: 'admin' } : {}) },
      validUntilMs: Math.min(payload.exp! * 1_000, Date.now() + KEYS_MAX_AGE_MS),
    };
  }

  private readonly findKey: JWTVerifyGetKey = async (header, token) => {
    try {
      return await this.keys(header, token);
    } catch (error) {
      if (isAboutTheToken(error)) throw error;
      throw new Problem('BUSY', {
        detail: "The identity provider's keys can't be had at the moment; nothing was changed.",
      });
    }
  };
}

/** Whether the token is at fault. Otherwise the provider's keys did not arrive, or not in a form that can be read. */
function isAboutTheToken(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported
  );
}
