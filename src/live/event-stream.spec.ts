import { PassThrough } from 'node:stream';
import type { ServerResponse } from 'node:http';
import { Registry } from 'prom-client';
import type { Metrics } from '../platform/metrics/metrics';
import { EventStream } from './event-stream';
import { sameForAll } from './shared-event';
import { UnreadBytes } from './unread-bytes';

const KILOBYTE = 1_024;

const memoryOf = (unreadMaxBytes: number) =>
  new UnreadBytes({ streams: { unreadMaxBytes } } as never, { registry: new Registry() } as Metrics);

/** A response whose client reads when told to. */
function slowClient(memory = memoryOf(1_000 * KILOBYTE)) {
  const wire = new PassThrough({ highWaterMark: 16 * KILOBYTE });
  const caughtUp = jest.fn();
  const stream = new EventStream(wire as unknown as ServerResponse, memory, caughtUp);
  const read = async () => {
    let text = '';
    for (let chunk = wire.read(); chunk !== null; chunk = wire.read()) {
      text += String(chunk);
      await new Promise(setImmediate); // lets what waits behind be written
    }
    return text;
  };
  return { stream, wire, caughtUp, read };
}

describe('a client that reads too slowly', () => {
  it('is left out once it has too much unread, and told that it can catch up when it has read it', async () => {
    const { stream, caughtUp, read } = slowClient();
    const event = sameForAll('x'.repeat(100 * KILOBYTE));
    for (let i = 0; i < 20; i++) stream.send(event);
    expect(caughtUp).not.toHaveBeenCalled();
    const received = await read();
    expect(received.length).toBeGreaterThan(0);
    expect(received.length).toBeLessThan(20 * event.shared.length);
    expect(caughtUp).toHaveBeenCalledTimes(1);
    stream.send(sameForAll('the next event'));
    expect(await read()).toBe('the next event');
  });

  it('gets one large snapshot once: its size alone does not count as being behind', async () => {
    const { stream, caughtUp, read } = slowClient();
    const snapshot = 'x'.repeat(600 * KILOBYTE);
    stream.send(sameForAll(snapshot));
    expect((await read()).length).toBe(snapshot.length);
    expect(caughtUp).not.toHaveBeenCalled();
  });
});

describe('what watchers have not taken yet', () => {
  const event = sameForAll('x'.repeat(100 * KILOBYTE));

  it('counts once, however many watchers it waits for, and no more once all have taken it or gone', async () => {
    const memory = memoryOf(1_000 * KILOBYTE);
    const clients = Array.from({ length: 50 }, () => slowClient(memory));
    for (const { stream } of clients) stream.send(event);
    expect(memory.total).toBe(event.shared.length);
    for (const { read } of clients.slice(1)) await read();
    expect(memory.total).toBe(event.shared.length);
    clients[0]!.stream.cut();
    expect(memory.total).toBe(0);
  });

  it('is bounded: beyond the bound a slow watcher gets nothing more, and a quick one goes on', async () => {
    const memory = memoryOf(150 * KILOBYTE);
    const [slow, quick] = [slowClient(memory), slowClient(memory)];
    for (let i = 0; i < 100; i++) {
      const text = `${i} ${'x'.repeat(10 * KILOBYTE)}`;
      for (const { stream } of [slow, quick]) stream.send(sameForAll(text));
      expect(await quick.read()).toBe(text);
      expect(memory.total).toBeLessThan(170 * KILOBYTE);
    }
    await slow.read();
    expect([slow.caughtUp.mock.calls.length, memory.total]).toEqual([1, 0]);
  });

  it('makes a watcher late from the moment at which it is the next to be taken', async () => {
    const { stream, read } = slowClient();
    expect(stream.waitingMs).toBe(0);
    stream.send(event);
    await new Promise(setImmediate);
    expect(stream.waitingMs).toBeGreaterThan(0);
    await read();
    expect(stream.waitingMs).toBe(0);
  });

  it('is forgotten when the connection breaks, and nothing is written any more', async () => {
    const memory = memoryOf(1_000 * KILOBYTE);
    const { stream, wire } = slowClient(memory);
    stream.send(event);
    wire.destroy();
    await new Promise(setImmediate);
    stream.send(event);
    expect(memory.total).toBe(0);
  });
});
