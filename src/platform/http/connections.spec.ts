import { once } from 'node:events';
import fs from 'node:fs';
import { createServer, Server } from 'node:http';
import { AddressInfo, connect, Socket } from 'node:net';
import { Logger } from '@nestjs/common';
import { Metrics } from '../metrics/metrics';
import { Refusals } from '../metrics/refusals';
import { connectionLimits, Connections } from './connections';

describe('the limits of connections', () => {
  const unset = { maxConnections: undefined, maxPerAddress: undefined };

  it('stay below the files that the process may open, and one address has a quarter', () => {
    expect(connectionLimits(unset, { trustProxyHops: 0 }, 512)).toEqual({ max: 358, maxPerAddress: 90 });
    expect(connectionLimits(unset, { trustProxyHops: 0 }, Infinity)).toEqual({ max: 20_000, maxPerAddress: 5_000 });
  });

  it('are those of the settings, but behind a proxy all connections are of one address', () => {
    const set = { maxConnections: 1_000, maxPerAddress: 7 };
    expect(connectionLimits(set, { trustProxyHops: 0 }, 512)).toEqual({ max: 1_000, maxPerAddress: 7 });
    expect(connectionLimits(set, { trustProxyHops: 1 }, 512)).toEqual({ max: 1_000, maxPerAddress: Infinity });
  });
});

describe('slow readers', () => {
  /** More than the buffers of the system take. */
  const BYTES = 64 * 1_024 * 1_024;
  const TIMEOUT_MS = 30_000;
  let server: Server;
  let connections: Connections;
  let metrics: Metrics;
  let client: Socket;
  let accepted: Socket;

  beforeEach(async () => {
    jest.spyOn(Logger.prototype, 'warn').mockReset().mockImplementation();
    metrics = new Metrics();
    server = createServer((_request, response) => response.end(Buffer.alloc(BYTES)));
    const limits = { max: 10, maxPerAddress: 10, slowReaderTimeoutMs: TIMEOUT_MS };
    connections = new Connections(server, limits, new Refusals(metrics), metrics);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    client = connect((server.address() as AddressInfo).port, '127.0.0.1').pause();
    server.on('connection', (socket) => (accepted = socket));
    await once(client, 'connect');
  });
  afterEach(() => {
    client.destroy();
    server.close();
    server.closeAllConnections();
  });

  const ask = async () => {
    client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(server, 'request');
  };
  /** Lets the two ends move what they can. */
  const turns = () => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)));

  it('are cut when they take nothing for so long, and counted', async () => {
    await ask();
    // Until the buffers of the system are full.
    for (let i = 0; i < 100; i++) await turns();
    connections.check(0);
    connections.check(TIMEOUT_MS - 1);
    await turns();
    expect(accepted.destroyed).toBe(false);
    connections.check(TIMEOUT_MS);
    await once(
      client.resume().on('error', () => undefined),
      'close',
    );
    expect(await metrics.registry.metrics()).toContain('rowlock_refusals_total{reason="slow_reader"} 1');
    expect(jest.mocked(Logger.prototype.warn).mock.calls.join()).toContain('took nothing for 30000 ms');
  });

  it('says so where no file can be opened: new connections are lost without a word', () => {
    jest.spyOn(fs, 'openSync').mockImplementationOnce(() => {
      throw Object.assign(new Error(), { code: 'EMFILE' });
    });
    connections.check(0);
    connections.check(1_000);
    expect(jest.mocked(Logger.prototype.warn).mock.calls).toEqual([
      [expect.stringContaining("can't open any more files (EMFILE)")],
    ]);
  });

  it('are not cut while they take a little, though of one write, nor when nothing waits for them', async () => {
    client.on('data', () => client.pause());
    const queued = () => (accepted as unknown as { _handle: { writeQueueSize: number } })._handle.writeQueueSize;
    connections.check(0);
    connections.check(TIMEOUT_MS);
    await ask();
    for (let time = 1; time <= 20; time++) {
      const before = queued();
      // The system asks the server for more only when its own buffers are a good deal emptier.
      while (queued() === before) {
        client.resume();
        await turns();
      }
      connections.check(time * (TIMEOUT_MS - 1));
    }
    expect(accepted.destroyed).toBe(false);
  });
});
