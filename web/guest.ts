import { Answer, api, bearer, call } from './api.ts';

interface StoredToken {
  readonly token: string;
  readonly goodUntilMs: number;
}

/** A shopper without an account. Asks for a token when it first needs one, and keeps it for the life of the tab. */
export class Guest {
  private asking: Promise<Answer<string>> | undefined;

  constructor(private readonly storageKey: string) {}

  /** The stored token if it is still valid, or else a new one. */
  token(): Promise<Answer<string>> {
    const stored = this.stored();
    if (stored && stored.goodUntilMs > Date.now()) {
      return Promise.resolve({ isOk: true, status: 200, data: stored.token, tookMs: 0 });
    }
    this.asking ??= this.ask().finally(() => (this.asking = undefined));
    return this.asking;
  }

  /** Drops a refused token. The next call makes a new guest. */
  forget(): void {
    sessionStorage.removeItem(this.storageKey);
  }

  /** Makes a call with the token, and repeats it as a new guest when the token is refused. */
  async call<Data>(
    send: (headers: { authorization: string }) => Promise<{ data?: Data; error?: unknown; response: Response }>,
  ): Promise<Answer<Data>> {
    const token = await this.token();
    if (!token.isOk) return token;
    const answer = await call(() => send(bearer(token.data)));
    if (answer.isOk || answer.status !== 401) return answer;
    this.forget();
    const fresh = await this.token();
    return fresh.isOk ? call(() => send(bearer(fresh.data))) : fresh;
  }

  private stored(): StoredToken | undefined {
    try {
      return (JSON.parse(sessionStorage.getItem(this.storageKey) ?? 'null') as StoredToken | null) ?? undefined;
    } catch {
      return undefined;
    }
  }

  private async ask(): Promise<Answer<string>> {
    const answer = await newGuestToken();
    if (!answer.isOk) return answer;
    const { access_token: token, expires_in: goodForSeconds } = answer.data;
    const stored: StoredToken = { token, goodUntilMs: Date.now() + goodForSeconds * 1_000 };
    sessionStorage.setItem(this.storageKey, JSON.stringify(stored));
    return { ...answer, data: token };
  }
}

export const newGuestToken = () => call(() => api.POST('/api/auth/guest/'));
