import { PassThrough } from 'node:stream';
import type { ServerResponse } from 'node:http';
import { EventStream } from './event-stream';

const KILOBYTE = 1_024;

/** A response whose client reads when told to. */
function slowClient() {
  const wire = new PassThrough({ highWaterMark: 16 * KILOBYTE });
  const caughtUp = jest.fn();
  const stream = new EventStream(wire as unknown as ServerResponse, caughtUp);
  const read = async () => {
    let text = '';
    for (let chunk = wire.read(); chunk !== null; chunk = wire.read()) {
      text += String(chunk);
      await new Promise(setImmediate); // lets what waits behind be written
    }
    return text;
  };
  return { stream, caughtUp, read };
}

describe('a client that reads too slowly', () => {
  it('is left out once it has too much unread, and told that it can catch up when it has read it', async () => {
    const { stream, caughtUp, read } = slowClient();
    const event = 'x'.repeat(100 * KILOBYTE);
    for (let i = 0; i < 20; i++) stream.send(event);
    expect(caughtUp).not.toHaveBeenCalled();
    const received = await read();
    expect(received.length).toBeGreaterThan(0);
    expect(received.length).toBeLessThan(20 * event.length);
    expect(caughtUp).toHaveBeenCalledTimes(1);
    stream.send('the next event');
    expect(await read()).toBe('the next event');
  });

  it('gets one large snapshot once: its size alone does not count as being behind', async () => {
    const { stream, caughtUp, read } = slowClient();
    const snapshot = 'x'.repeat(600 * KILOBYTE);
    stream.send(snapshot);
    expect((await read()).length).toBe(snapshot.length);
    expect(caughtUp).not.toHaveBeenCalled();
  });
});
