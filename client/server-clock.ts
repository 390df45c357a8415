/**
 * PURE. The server's time by a local clock. Each `server_time` was read some time before it arrived, so its difference
 * to the local clock is too small by the delay. The largest difference seen is the closest.
 */
export class ServerClock {
  private offsetMs: number | undefined;

  /** @param localMs a monotonic clock: one that a user can set would jump */
  constructor(private readonly localMs: () => number) {}

  /** @param serverTime an RFC 3339 instant that has just arrived */
  observe(serverTime: string): void {
    const offsetMs = Date.parse(serverTime) - this.localMs();
    if (this.offsetMs === undefined || offsetMs > this.offsetMs) this.offsetMs = offsetMs;
  }

  /** Forgets the offset. Called on a new connection: a computer that slept may have stopped its clock. */
  reset(): void {
    this.offsetMs = undefined;
  }

  get nowMs(): number {
    return this.localMs() + (this.offsetMs ?? 0);
  }
}
