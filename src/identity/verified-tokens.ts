import type { Holder } from './holder';

/** The holder that a verified token names, and until when that may be trusted. */
export interface VerifiedToken {
  readonly holder: Holder;
  /** Unix time. */
  readonly validUntilMs: number;
}

/** Remembers the tokens used last: verifying a token costs more than the rest of many a request. */
export class VerifiedTokens {
  /** In the order of their last use. */
  private readonly tokens = new Map<string, VerifiedToken>();

  constructor(private readonly tokensMax: number) {}

  get size(): number {
    return this.tokens.size;
  }

  /** The holder of a remembered token; undefined from the end of its validity on. */
  find(token: string, nowMs: number): Holder | undefined {
    const verified = this.tokens.get(token);
    if (!verified) return undefined;
    this.tokens.delete(token);
    if (nowMs >= verified.validUntilMs) return undefined;
    this.tokens.set(token, verified);
    return verified.holder;
  }

  remember(token: string, verified: VerifiedToken): void {
    this.tokens.delete(token);
    if (this.tokens.size >= this.tokensMax) this.tokens.delete(this.tokens.keys().next().value!);
    this.tokens.set(token, verified);
  }
}
