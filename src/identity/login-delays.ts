import { setTimeout as pause } from 'node:timers/promises';
import { Problem } from '../platform/problem/problem';
import { FixedWindows } from '../platform/http/fixed-windows';

/** For how long failed attempts at a name count. */
const WINDOW_MS = 15 * 60_000;
/** Typing errors of a person. The next attempt waits for {@link FIRST_DELAY_MS}, and each further one twice as long. */
const FREE_ATTEMPTS = 5;
const FIRST_DELAY_MS = 250;
const WAITING_PER_NAME_MAX = 32;
const WAITING_MAX = 2_000;
/** For how long an address is known by a login that succeeded. */
const KNOWN_MS = 30 * 24 * 3_600_000;

/**
 * Slows down guessing at one name from many addresses, which no limit of an address sees. Nobody is locked out: an attempt
 * waits for some seconds at most, and one from an address that has logged in to the name before does not wait at all.
 */
export class LoginDelays {
  /** Attempts at each name that did not succeed. */
  private readonly attempts: FixedWindows;
  /** Names with the addresses from which they logged in. */
  private readonly known: FixedWindows;
  private readonly waitingAt = new Map<string, number>();
  private waitingCount = 0;

  constructor(
    private readonly delayMaxMs: number,
    namesMax?: number,
    private readonly wait: (ms: number) => Promise<void> = pause,
  ) {
    this.attempts = new FixedWindows(namesMax);
    this.known = new FixedWindows(namesMax);
  }

  get waiting(): number {
    return this.waitingCount;
  }

  /**
   * Waits as long as an attempt at the name must wait now. The attempt counts as a failure until {@link succeeded} says that
   * it was none: many at once do not all find that there were none before.
   *
   * @throws Problem RATE_LIMITED when too many wait already
   */
  async beforeAttempt(name: string, address: string): Promise<void> {
    const { totalHits } = this.attempts.hit(name, WINDOW_MS, Infinity);
    const delayMs = this.delayOf(totalHits);
    if (delayMs === 0 || this.known.has(`${address} ${name}`)) return;
    const waitingHere = this.waitingAt.get(name) ?? 0;
    if (waitingHere >= WAITING_PER_NAME_MAX || this.waitingCount >= WAITING_MAX) {
      const detail = `No more than ${WAITING_PER_NAME_MAX} login attempts at one user name can wait.`;
      const extras = { detail, retryAfterSeconds: Math.ceil(delayMs / 1_000) };
      throw new Problem('RATE_LIMITED', extras, { reason: 'login-delay' });
    }
    this.waitingAt.set(name, waitingHere + 1);
    this.waitingCount++;
    try {
      await this.wait(delayMs);
    } finally {
      this.waitingCount--;
      const left = this.waitingAt.get(name)! - 1;
      if (left === 0) this.waitingAt.delete(name);
      else this.waitingAt.set(name, left);
    }
  }

  succeeded(name: string, address: string): void {
    this.attempts.takeBack(name);
    this.known.hit(`${address} ${name}`, KNOWN_MS, Infinity);
  }

  private delayOf(attempt: number): number {
    if (attempt <= FREE_ATTEMPTS) return 0;
    return Math.min(this.delayMaxMs, FIRST_DELAY_MS * 2 ** (attempt - FREE_ATTEMPTS - 1));
  }
}
