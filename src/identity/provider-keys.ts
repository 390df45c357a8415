import { Logger } from '@nestjs/common';
import { createRemoteJWKSet, errors } from 'jose';
import type { JWTVerifyGetKey } from 'jose';
import { Problem } from '../platform/problem/problem';

const KEYS_TIMEOUT_MS = 3_000;
/**
 * How long keys, and tokens verified with them, are trusted without asking the provider again. A withdrawn key is refused
 * after it.
 */
export const KEYS_MAX_AGE_MS = 600_000;
/** How long they are trusted while the provider can't be asked. */
const KEYS_TRUSTED_MS = 24 * 3_600_000;
/** Least time between two questions, but for the first: neither made-up key ids nor an outage make us ask more often. */
const COOL_DOWN_MS = 30_000;
/** A provider that has never answered is asked again sooner: nobody can be served meanwhile. */
const FIRST_COOL_DOWN_MS = 1_000;

/** The key set of an identity provider, or of another that signs tokens, and what is done while it can't be had. */
export class ProviderKeys {
  private readonly logger = new Logger(ProviderKeys.name);
  private readonly keys;
  private loadedAtMs = -Infinity;
  private failedAtMs = -Infinity;
  /** When the outage began that has not ended yet. */
  private awaySinceMs: number | undefined;

  constructor(
    url: string,
    private readonly owner = 'identity provider',
  ) {
    // This class alone decides when the provider is asked.
    this.keys = createRemoteJWKSet(new URL(url), {
      timeoutDuration: KEYS_TIMEOUT_MS,
      cacheMaxAge: Infinity,
      cooldownDuration: Infinity,
    });
  }

  /**
   * @throws JOSEError when the provider has no such key
   * @throws Problem BUSY when that can't be found out
   */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    if (Date.now() >= this.loadedAtMs + KEYS_MAX_AGE_MS) await this.load();
    if (Date.now() >= this.loadedAtMs + KEYS_TRUSTED_MS) throw this.keysAway();
    try {
      return await this.keys(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      // The provider may sign with a new key.
      if (Date.now() < this.loadedAtMs + COOL_DOWN_MS) throw error;
      await this.load();
      if (this.awaySinceMs !== undefined) throw this.keysAway();
      return this.keys(header, token);
    }
  };

  /** Asks the provider, unless that has just failed. Does not throw: the keys that are known may do. */
  private async load(): Promise<void> {
    const coolDownMs = this.keys.jwks() ? COOL_DOWN_MS : FIRST_COOL_DOWN_MS;
    if (Date.now() < this.failedAtMs + coolDownMs) return;
    try {
      await this.keys.reload();
      this.loadedAtMs = Date.now();
      this.tellEnd();
    } catch (error) {
      this.failedAtMs = Date.now();
      this.tellBegin(error);
    }
  }

  private keysAway(): Problem {
    return new Problem('BUSY', { detail: `The ${this.owner}'s keys can't be had at the moment; nothing was changed.` });
  }

  private tellBegin(error: unknown): void {
    if (this.awaySinceMs !== undefined) return;
    this.awaySinceMs = Date.now();
    const trusted = this.keys.jwks()
      ? `those known are trusted until ${new Date(this.loadedAtMs + KEYS_TRUSTED_MS).toISOString()}`
      : 'its people are answered BUSY';
    this.logger.error(`The ${this.owner}'s keys can't be had; ${trusted}: ${reasonOf(error)}`);
  }

  private tellEnd(): void {
    if (this.awaySinceMs === undefined) return;
    const seconds = Math.round((Date.now() - this.awaySinceMs) / 1_000);
    this.awaySinceMs = undefined;
    this.logger.warn(`The ${this.owner}'s keys can be had again, after ${seconds} s.`);
  }
}

/** `fetch` hides the reason behind its own words. */
function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: unknown };
  return cause === undefined ? String(error) : `${String(error)} (${String(cause)})`;
}
