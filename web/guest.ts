import type { components } from '../client/schema';
import { Answer, api, bearer, call } from './api.ts';

type IssuedTokens = components['schemas']['AccessTokenDto'];

interface StoredTokens {
  readonly access: string;
  /** From then on it is refreshed first: a request on its way must not see it end. */
  readonly refreshAtMs: number;
  readonly refresh: string | undefined;
  /** By then the session is over, and this may go. */
  readonly goneAtMs: number;
}

/** Least time that a token is still good for when it is used. */
const SPARE_MS = 60_000;
const PREFIX = 'rowlock.session.';

/**
 * A shopper without an account. Asks for tokens when it first needs one, and refreshes them in time. Who it is belongs to the
 * tab; its tokens are where all tabs find them, as a copied tab has the same guest, and a refresh token is good once.
 */
export class Guest {
  private asking: Promise<Answer<string>> | undefined;
  private refused: string | undefined;

  constructor(private readonly storageKey: string) {
    forgetOldSessions();
  }

  /** The access token if it is good for a while, or else its successor, or else that of a new guest. */
  token(): Promise<Answer<string>> {
    const access = this.good();
    if (access !== undefined) return Promise.resolve({ isOk: true, status: 200, data: access, tookMs: 0 });
    this.asking ??= this.ask().finally(() => (this.asking = undefined));
    return this.asking;
  }

  /** The holder that the tokens are for; null before the first one. */
  get holderId(): string | null {
    return sessionStorage.getItem(this.storageKey);
  }

  /** Notes that the server refuses the access token. The next call refreshes it. */
  forget(): void {
    this.refused = this.stored()?.access;
  }

  /** Makes a call with the token, and repeats it with the next one when the token is refused. */
  async call<Data>(
    send: (headers: { authorization: string }) => Promise<{ data?: Data; error?: unknown; response: Response }>,
  ): Promise<Answer<Data>> {
    const token = await this.token();
    if (!token.isOk) return token;
    const answer = await call(() => send(bearer(token.data)));
    if (answer.isOk || answer.status !== 401) return answer;
    this.refused = token.data;
    const fresh = await this.token();
    return fresh.isOk ? call(() => send(bearer(fresh.data))) : fresh;
  }

  private good(): string | undefined {
    const stored = this.stored();
    return stored && stored.access !== this.refused && stored.refreshAtMs > Date.now() ? stored.access : undefined;
  }

  private stored(): StoredTokens | undefined {
    return read(PREFIX + this.holderId);
  }

  /** One tab asks at a time, and the others take what it got. Without locks, two get the same answer from the server. */
  private ask(): Promise<Answer<string>> {
    const name = PREFIX + (this.holderId ?? this.storageKey);
    // Browsers have none on plain HTTP.
    const { locks } = navigator as { locks?: LockManager };
    const inTurn = (ask: () => Promise<Answer<string>>) => (locks ? locks.request(name, ask) : ask());
    return inTurn(async () => {
      const access = this.good();
      if (access !== undefined) return { isOk: true, status: 200, data: access, tookMs: 0 };
      const refresh = this.stored()?.refresh;
      if (refresh !== undefined) {
        const body = { refresh_token: refresh };
        const refreshed = await call(() => api.POST('/api/auth/refresh/', { body }));
        if (refreshed.isOk || refreshed.status !== 401) return this.keep(refreshed);
        localStorage.removeItem(name);
      }
      return this.keep(await newGuestToken());
    });
  }

  private keep(answer: Answer<IssuedTokens>): Answer<string> {
    if (!answer.isOk) return answer;
    const { access_token: access, expires_in: goodForSeconds, refresh_token: refresh, holder } = answer.data;
    const goodForMs = goodForSeconds * 1_000;
    const refreshGoodForMs = (answer.data.refresh_expires_in ?? goodForSeconds) * 1_000;
    const stored: StoredTokens = {
      access,
      refreshAtMs: Date.now() + goodForMs - Math.min(SPARE_MS, goodForMs / 4),
      refresh,
      goneAtMs: Date.now() + refreshGoodForMs,
    };
    sessionStorage.setItem(this.storageKey, holder.id);
    localStorage.setItem(PREFIX + holder.id, JSON.stringify(stored));
    return { ...answer, data: access };
  }
}

export const newGuestToken = () => call(() => api.POST('/api/auth/guest/'));

function read(name: string): StoredTokens | undefined {
  try {
    return (JSON.parse(localStorage.getItem(name) ?? 'null') as StoredTokens | null) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Of tabs that were closed. */
function forgetOldSessions(): void {
  for (const name of Object.keys(localStorage)) {
    if (name.startsWith(PREFIX) && !((read(name)?.goneAtMs ?? 0) > Date.now())) localStorage.removeItem(name);
  }
}
