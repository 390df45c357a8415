import { connect, Socket } from 'node:net';
import { post, runLoad } from './http-load';
import { BenchServer } from './server';

/** What watching costs. Times in milliseconds, from the answer to a hold (so after its commit) to the event at a watcher. */
export interface LiveResult {
  readonly watchers: number;
  readonly holds: number;
  readonly delaysMs: number[];
  readonly rssBeforeMb: number;
  readonly rssAfterMb: number;
}

/**
 * Watches one show with many clients while seats of it are held one after the other, and measures when each watcher has
 * each of the changes. @throws when a watcher misses one
 */
export async function watchHolds(server: BenchServer, showId: number, tokens: string[], watchers: number, holds: number): Promise<LiveResult> {
  const rssBeforeMb = await rssMb(server);
  const seen = new Map<string, { answeredAt: number; left: number; done: () => void }>();
  const early: { seat: string; at: number }[] = [];
  const delaysMs: number[] = [];
  const sockets: Socket[] = [];
  for (let i = 0; i < watchers; i++) {
    sockets.push(
      await openStream(server.port, showId, (seat) => {
        const hold = seen.get(seat);
        // The event may be here before the answer to the hold itself.
        if (!hold) return void early.push({ seat, at: performance.now() });
        delaysMs.push(Math.max(0, performance.now() - hold.answeredAt));
        if (--hold.left === 0) hold.done();
      }),
    );
  }
  try {
    for (let k = 0; k < holds; k++) {
      const [row, number] = [String.fromCharCode(65 + Math.floor(k / 20)), 1 + (k % 20)];
      const result = await runLoad({
        port: server.port,
        clients: 1,
        seconds: 60,
        request: (_client, index) =>
          index > 0 ? undefined : post('/api/seats/hold-batch/', tokens[k % tokens.length]!, { show_id: showId, seats: [{ row, number }] }),
      });
      if (result.counts['200'] !== 1) throw new Error(`Wrong: ${JSON.stringify(result.counts)}`);
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`A watcher missed ${row}${number}`)), 10_000);
        const done = () => {
          clearTimeout(timer);
          resolve();
        };
        const here = early.splice(0).length;
        for (let i = 0; i < here; i++) delaysMs.push(0);
        if (here === watchers) return done();
        seen.set(`${row}${number}`, { answeredAt: performance.now(), left: watchers - here, done });
      });
    }
    return { watchers, holds, delaysMs, rssBeforeMb, rssAfterMb: await rssMb(server) };
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

/** Opens an event stream and calls back for each seat that is told to be HELD in a `seats` event. */
function openStream(port: number, showId: number, onHeld: (seat: string) => void): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' });
    let text = '';
    let isOpen = false;
    socket.setEncoding('latin1');
    socket.on('error', reject);
    socket.on('data', (chunk: string) => {
      text += chunk;
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const event = text.slice(0, end);
        text = text.slice(end + 2);
        if (event.includes('event: snapshot')) {
          if (!isOpen) resolve(socket);
          isOpen = true;
        } else if (event.includes('event: seats')) {
          for (const [, row, number] of event.matchAll(/"row":"(\w+)","number":(\d+),"status":"HELD"/g)) onHeld(`${row}${number}`);
        }
      }
    });
    socket.write(`GET /api/shows/${showId}/events/ HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  });
}

async function rssMb(server: BenchServer): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${server.port}/metrics`)).text();
  return Number(/^process_resident_memory_bytes (\S+)/m.exec(text)![1]) / 1_048_576;
}
