import { Inject, Injectable, Logger } from '@nestjs/common';
import { decodeJwt, errors } from 'jose';
import { APP_CONFIG } from '../platform/config/app-config';
import type { AppConfig } from '../platform/config/app-config';
import { Problem } from '../platform/problem/problem';
import { ExternalTokens } from './external-tokens';
import type { Holder } from './holder';
import { OWN_ISSUER } from '../platform/config/app-config';
import { OwnHolder, OwnTokens } from './own-tokens';
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

  constructor(@Inject(APP_CONFIG) { auth }: Pick<AppConfig, 'auth'>) {
    this.ttlSeconds = auth.tokenTtlSeconds;
    this.own = new OwnTokens(auth.jwtSecret, auth.jwtPreviousSecrets, this.ttlSeconds);
    const { jwksUrl, issuer, audience, rolesClaim, bareHolderIds } = auth;
    if (jwksUrl && issuer && audience) {
      this.external = new ExternalTokens({ jwksUrl, issuer, audience, rolesClaim, bareHolderIds });
    }
  }

  issue(holder: OwnHolder): Promise<string> {
    return this.own.issue(holder);
  }

  /** @throws Problem UNAUTHENTICATED; BUSY when the identity provider's keys can't be had */
  async verify(token: string): Promise<Holder> {
    const known = this.verified.find(token, Date.now());
    if (known) return known;
    try {
      const verified = await this.verifyByIssuer(token);
      this.verified.remember(token, verified);
      return verified.holder;
    } catch (error) {
      if (error instanceof Problem) throw error;
      this.logger.debug(`A token was refused: ${String(error)}`);
      throw new Problem('UNAUTHENTICATED', {
        detail: error instanceof errors.JWTExpired ? 'The access token has expired.' : 'The access token is not valid.',
      });
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
