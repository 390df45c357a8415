/**
 * PURE. The server's time by a local clock. Each `server_time` was read some time before it arrived, so the difference
 * to the local clock comes out too small by the delay: the largest difference is the best.
 */
export class ServerClock {
  private offsetMs: number | undefined;

  /** @param localMs a clock that is never set, so that a change of the computer's time does no harm */
  constructor(private readonly localMs: () => number) {}

  /** @param serverTime an RFC 3339 instant that has just arrived */
  observe(serverTime: string): void {
    const offsetMs = Date.parse(serverTime) - this.localMs();
    if (this.offsetMs === undefined || offsetMs > this.offsetMs) this.offsetMs = offsetMs;
  }

  /** Forgets what was observed: on a new connection, as a computer that slept may have stopped its clock. */
  reset(): void {
    this.offsetMs = undefined;
  }

  get nowMs(): number {
    return this.localMs() + (this.offsetMs ?? 0);
  }
}
