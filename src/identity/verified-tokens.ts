import { hash } from 'node:crypto';
import type { Holder } from './holder';

/** How far the clocks of a token's issuer and of this machine may differ. */
export const CLOCK_TOLERANCE_SECONDS = 5;

/** The holder that a verified token names, and until when that may be trusted. */
export interface VerifiedToken {
  readonly holder: Holder;
  /** Unix time. */
  readonly validUntilMs: number;
}

/**
 * Remembers the tokens used last: verifying a token costs more than the rest of many a request. It remembers their hashes,
 * as a token may be as long as all headers together.
 */
export class VerifiedTokens {
  /** In the order of their last use. */
  private readonly tokens = new Map<string, VerifiedToken>();

  constructor(private readonly tokensMax: number) {}

  get size(): number {
    return this.tokens.size;
  }

  /** The holder of a remembered token; undefined from the end of its validity on. */
  find(token: string, nowMs: number): Holder | undefined {
    const key = keyOf(token);
    const verified = this.tokens.get(key);
    if (!verified) return undefined;
    this.tokens.delete(key);
    if (nowMs >= verified.validUntilMs) return undefined;
    this.tokens.set(key, verified);
    return verified.holder;
  }

  remember(token: string, verified: VerifiedToken): void {
    const key = keyOf(token);
    this.tokens.delete(key);
    if (this.tokens.size >= this.tokensMax) this.tokens.delete(this.tokens.keys().next().value!);
    this.tokens.set(key, verified);
  }
}

function keyOf(token: string): string {
  return hash('sha256', token, 'base64');
}
