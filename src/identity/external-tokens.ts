import { createHash } from 'node:crypto';
import { errors, jwtVerify } from 'jose';
import type { JWTPayload } from 'jose';
import { KEYS_MAX_AGE_MS, ProviderKeys } from './provider-keys';
import { CLOCK_TOLERANCE_SECONDS, VerifiedToken } from './verified-tokens';

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

const SUBJECT_MAX_LENGTH = 255;
/**
 * Control characters and lone surrogates. The database can't store NUL, and would store all lone surrogates as one
 * character.
 */
const UNSTORABLE = /[\p{Cc}\p{Cs}]/u;

/** Types of access tokens in a token's header: RFC 9068's own, and the one that says nothing. */
const ACCESS_TOKEN_TYPE = /^(application\/)?at\+jwt$/i;
const ANY_TOKEN_TYPE = /^(application\/)?jwt$/i;
/** What Keycloak writes into the claim `typ` of tokens that are no access tokens. */
const OTHER_TYPES = new Set(['id', 'refresh', 'offline', 'logout']);

export interface ProviderSettings {
  readonly jwksUrl: string;
  readonly issuer: string;
  readonly audience: string;
  /** The claim that names roles; without it nobody has any. */
  readonly rolesClaim?: string | undefined;
  /** Whether holders have the ids of version 0.1, which say nothing of the issuer. */
  readonly bareHolderIds: boolean;
}

/** Access tokens of an organisation's own identity provider. */
export class ExternalTokens {
  readonly issuer: string;
  private readonly keys: ProviderKeys;
  private readonly idPrefix: string;

  constructor(private readonly settings: ProviderSettings) {
    this.issuer = settings.issuer;
    this.keys = new ProviderKeys(settings.jwksUrl);
    // Without a prefix a provider could name one of its users like a guest or a user of ours, and without the issuer in it
    // the people of a second provider would own what people of the first have bought.
    this.idPrefix = settings.bareHolderIds ? 'external:' : `external:${shortOf(settings.issuer)}:`;
  }

  /**
   * @throws JOSEError when it is not a valid access token of the provider for this audience
   * @throws Problem BUSY when the provider's keys can't be had
   */
  async verify(token: string): Promise<VerifiedToken> {
    const { payload, protectedHeader } = await jwtVerify(token, this.keys.find, {
      algorithms: KEY_PAIR_ALGORITHMS,
      issuer: this.issuer,
      audience: this.settings.audience,
      requiredClaims: ['exp', 'sub'],
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
    });
    refuseOtherTokens(protectedHeader.typ, payload);
    return {
      holder: {
        id: `${this.idPrefix}${subjectOf(payload)}`,
        kind: 'external',
        ...(this.isAdmin(payload) ? { role: 'admin' } : {}),
      },
      validUntilMs: Math.min((payload.exp! + CLOCK_TOLERANCE_SECONDS) * 1_000, Date.now() + KEYS_MAX_AGE_MS),
    };
  }

  /** Whether the claim of roles is `admin`, or a list with it. */
  private isAdmin(payload: JWTPayload): boolean {
    const { rolesClaim } = this.settings;
    if (rolesClaim === undefined) return false;
    const roles = claimAt(payload, rolesClaim);
    return roles === 'admin' || (Array.isArray(roles) && roles.includes('admin'));
  }
}

/** The subject. jose does not look at its type; as text, all objects and lists of one would be one holder. */
function subjectOf({ sub }: JWTPayload): string {
  if (typeof sub !== 'string' || sub === '' || sub.length > SUBJECT_MAX_LENGTH || UNSTORABLE.test(sub)) {
    throw new errors.JWTInvalid('not a usable subject');
  }
  return sub;
}

/**
 * Refuses the provider's tokens that are signed by the same keys and are for something else. A header of type `at+jwt` is
 * proof enough (RFC 9068). Providers that don't write it are told by the marks that only other tokens have: a logout token
 * or another security event has `events`; an ID token has the hash of a token or code, or a `nonce` and no scope; Keycloak
 * and Cognito say so in a claim. An ID token without any such mark can't be told from an access token.
 */
function refuseOtherTokens(type: unknown, payload: JWTPayload): void {
  if ('events' in payload) throw new errors.JWTInvalid('a logout token or another security event');
  if (typeof type === 'string' && ACCESS_TOKEN_TYPE.test(type)) return;
  if (type !== undefined && !(typeof type === 'string' && ANY_TOKEN_TYPE.test(type))) {
    throw new errors.JWTInvalid('the type is not that of an access token');
  }
  const isIdToken =
    ['at_hash', 'c_hash', 's_hash'].some((claim) => claim in payload) ||
    ('nonce' in payload && !('scope' in payload) && !('scp' in payload)) ||
    payload.token_use === 'id' ||
    (typeof payload.typ === 'string' && OTHER_TYPES.has(payload.typ.toLowerCase()));
  if (isIdToken) throw new errors.JWTInvalid('an ID token or another one that gives no access');
}

/** The claim of that name, or the one at that path: names may have dots in them, as those that are URLs have. */
function claimAt(payload: JWTPayload, name: string): unknown {
  if (Object.hasOwn(payload, name)) return payload[name];
  return name.split('.').reduce<unknown>((value, key) => {
    return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
      ? (value as Record<string, unknown>)[key]
      : undefined;
  }, payload);
}

/** A short name for an issuer, always as long, so that no subject can make up for a part of it. */
function shortOf(issuer: string): string {
  return createHash('sha256').update(issuer).digest('base64url').slice(0, 16);
}
