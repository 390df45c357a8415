import { Inject, Injectable, Logger } from '@nestjs/common';
import { decodeJwt, errors } from 'jose';
import { APP_CONFIG } from '../platform/config/app-config';
import type { AppConfig } from '../platform/config/app-config';
import { OWN_ISSUER } from '../platform/config/app-config';
import { Problem } from '../platform/problem/problem';
import { ExternalTokens } from './external-tokens';
import type { Holder, OwnHolder } from './holder';
import { OwnKeys } from './own-keys';
import { OwnTokens } from './own-tokens';
import { Revocations } from './revocations';
import { VerifiedToken, VerifiedTokens } from './verified-tokens';

const REMEMBERED_TOKENS_MAX = 10_000;

/** Issues access tokens (JWT), and finds the holder of a presented one. */
@Injectable()
export class AccessTokenService {
  readonly ttlSeconds: number;
  private readonly logger = new Logger(AccessTokenService.name);
  private readonly own: OwnTokens;
  private readonly external?: ExternalTokens;
  private readonly verified = new VerifiedTokens(REMEMBERED_TOKENS_MAX);

  constructor(
    @Inject(APP_CONFIG) { auth }: Pick<AppConfig, 'auth'>,
    private readonly revocations: Revocations,
  ) {
    this.ttlSeconds = auth.tokenTtlSeconds;
    this.own = new OwnTokens(new OwnKeys(auth.jwtSecret, auth.jwtPreviousSecrets), this.ttlSeconds);
    const { jwksUrl, issuer, audience, rolesClaim, bareHolderIds } = auth;
    if (jwksUrl && issuer && audience) {
      this.external = new ExternalTokens({ jwksUrl, issuer, audience, rolesClaim, bareHolderIds });
    }
  }

  issue(holder: OwnHolder): Promise<string> {
    return this.own.issue(holder);
  }

  /** @throws Problem UNAUTHENTICATED, TOKEN_EXPIRED; BUSY when the identity provider's keys can't be had */
  async verify(token: string): Promise<Holder> {
    const holder = this.verified.find(token, Date.now()) ?? (await this.verifyAnew(token));
    // Asked every time: a token can be withdrawn at any time after it was verified.
    if (this.revocations.refuses(holder)) throw refusal('The access token has been withdrawn.', 'withdrawn');
    return holder;
  }

  /** The guest whose token it is, withdrawn or not; undefined for every other token. */
  async guestOf(token: string): Promise<OwnHolder | undefined> {
    try {
      const { holder } = await this.own.verify(token);
      return holder.kind === 'guest' ? holder : undefined;
    } catch {
      return undefined;
    }
  }

  private async verifyAnew(token: string): Promise<Holder> {
    try {
      const { holder, validUntilMs } = await this.verifyByIssuer(token);
      const bearer = { ...holder, expiresAtMs: validUntilMs };
      this.verified.remember(token, { holder: bearer, validUntilMs });
      return bearer;
    } catch (error) {
      if (error instanceof Problem) throw error;
      const isExpired = error instanceof errors.JWTExpired;
      this.logger.debug(`A token was refused: ${String(error)}`);
      throw isExpired
        ? new Problem('TOKEN_EXPIRED', { detail: 'The access token has expired.' }, { reason: 'expired' })
        : refusal('The access token is not valid.', error instanceof errors.JOSEError ? error.code : 'malformed');
    }
  }

  /**
   * Picks the keys and algorithms by the issuer that the token claims. The claim is not trusted by that: both verifiers
   * check it again, against their own keys.
   */
  private async verifyByIssuer(token: string): Promise<VerifiedToken> {
    const { iss } = decodeJwt(token);
    if (iss === OWN_ISSUER) return this.own.verify(token);
    if (this.external && iss === this.external.issuer) return this.external.verify(token);
    throw new errors.JWTInvalid('unknown issuer');
  }
}

function refusal(detail: string, reason: string): Problem {
  return new Problem('UNAUTHENTICATED', { detail }, { reason });
}
