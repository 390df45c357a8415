import type { Reply, Sending, Target } from '../kit/http-client';

/**
 * Several instances, as a client sees them that knows all their addresses: a request that got no answer from one is sent
 * again, under the same key, to the next.
 */
export class Instances implements Target {
  /** Commands and reads that each instance answered with success. */
  readonly succeeded: number[];
  /** Where a key was sent last. */
  private readonly lastOf = new Map<string, number>();
  private next = 0;

  constructor(private readonly targets: readonly Target[]) {
    this.succeeded = targets.map(() => 0);
  }

  async request(method: string, path: string, sending: Sending = {}): Promise<Reply> {
    const { key } = sending;
    const last = key == null ? undefined : this.lastOf.get(key);
    const index = (last === undefined ? this.next++ : last + 1) % this.targets.length;
    if (key != null) this.lastOf.set(key, index);
    const reply = await this.targets[index]!.request(method, path, sending);
    if (reply.status !== null && reply.status < 300) this.succeeded[index]!++;
    return reply;
  }
}
