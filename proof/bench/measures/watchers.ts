import { connect, Socket } from 'node:net';
import { COMMANDS } from '../../checkers/commands';
import { percentiles, spread } from '../../kit/figures';
import { post, runLoad } from '../../kit/raw-load';
import type { ServerProcess } from '../../kit/server-process';
import type { Holder } from '../../people/target';
import type { Measure } from '../bench';
import { rssMb } from '../usage';

const WATCHERS = 2_000;
const HOLDS = 100;
const SIZE = { shows: 1, rows: 10, seatsPerRow: 20 } as const;
/** The limit on held seats is ten. */
const GUESTS = 20;

/** How long after the answer to a hold, so after its commit, everybody who watches the show has been told of it. */
export const watchers: Measure = async (bench) => {
  const house = await bench.open(SIZE);
  const server = await bench.serve(house);
  const before = await rssMb(server);
  const delaysMs = await watchHolds(server, house.showIds[0]!, await bench.guests(server, GUESTS));
  const after = await rssMb(server);
  await house.verify();
  const [half, most, all] = percentiles(delaysMs, [0.5, 0.99, 1]);
  bench.log(`  ${delaysMs.length} events`);
  return [
    {
      measure: `an event at ${WATCHERS.toLocaleString('en')} watchers of one show, p99, in ms`,
      comparedWith: '(after the answer to the hold)',
      result: spread([most!]),
      aim: undefined,
      figures: `${half!.toFixed(0)} ms median, ${all!.toFixed(0)} ms at the last of all; memory ${before.toFixed(0)} → ${after.toFixed(0)} MB`,
    },
  ];
};

/** Holds seat after seat, and waits until each watcher has the change. @throws when a watcher misses one */
async function watchHolds(server: ServerProcess, showId: number, guests: readonly Holder[]): Promise<number[]> {
  const seen = new Map<string, { answeredMs: number; left: number; done: () => void }>();
  const early: string[] = [];
  const delaysMs: number[] = [];
  const sockets: Socket[] = [];
  try {
    for (let i = 0; i < WATCHERS; i++) {
      sockets.push(
        await openStream(server.port, showId, (seat) => {
          const hold = seen.get(seat);
          // The event may be here before the answer to the hold itself.
          if (!hold) return void early.push(seat);
          delaysMs.push(Math.max(0, performance.now() - hold.answeredMs));
          if (--hold.left === 0) hold.done();
        }),
      );
    }
    for (let k = 0; k < HOLDS; k++) {
      const seat = {
        row: String.fromCharCode(65 + Math.floor(k / SIZE.seatsPerRow)),
        number: 1 + (k % SIZE.seatsPerRow),
      };
      const { counts } = await runLoad({
        port: server.port,
        clients: 1,
        seconds: 60,
        request: (_, index) =>
          index > 0
            ? undefined
            : post(COMMANDS.hold.path, guests[k % guests.length]!.token, { show_id: showId, seats: [seat] }),
      });
      if (counts['200'] !== 1) throw new Error(`Wrong answers: ${JSON.stringify(counts)}`);
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`A watcher missed ${seat.row}${seat.number}`)), 10_000);
        const done = () => {
          clearTimeout(timer);
          resolve();
        };
        const here = early.splice(0).length;
        for (let i = 0; i < here; i++) delaysMs.push(0);
        if (here === WATCHERS) return done();
        seen.set(`${seat.row}${seat.number}`, { answeredMs: performance.now(), left: WATCHERS - here, done });
      });
    }
    return delaysMs;
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
          for (const [, row, number] of event.matchAll(/"row":"(\w+)","number":(\d+),"status":"HELD"/g))
            onHeld(`${row}${number}`);
        }
      }
    });
    socket.write(`GET /api/shows/${showId}/events/ HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  });
}
