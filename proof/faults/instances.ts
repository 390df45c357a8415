import { Api, Reply, Sending, Target } from '../kit/api';

/**
 * Several instances, as a client sees them that knows all their addresses: whoever gets no answer from one sends the same
 * again, under the same key, to the next.
 */
export class Instances implements Target {
  /** Commands and reads that each instance answered with success. */
  readonly succeeded: number[];
  private readonly apis: readonly Api[];
  /** Where a key was sent last. */
  private readonly lastOf = new Map<string, number>();
  private next = 0;

  constructor(urls: readonly string[]) {
    this.apis = urls.map((url) => new Api(url));
    this.succeeded = urls.map(() => 0);
  }

  async request(method: 'GET' | 'POST', path: string, sending: Sending = {}): Promise<Reply> {
    const { key } = sending;
    const last = key == null ? undefined : this.lastOf.get(key);
    const index = (last === undefined ? this.next++ : last + 1) % this.apis.length;
    if (key != null) this.lastOf.set(key, index);
    const reply = await this.apis[index]!.request(method, path, sending);
    if (reply.status !== null && reply.status < 300) this.succeeded[index]!++;
    return reply;
  }

  close(): void {
    for (const api of this.apis) api.close();
  }
}
