import { connect } from 'node:net';

/** A process of clients that send half a request each, and then nothing. Arguments: the server's port, how many. */

/** Told to the parent whenever it changes, by and by. */
export interface HalfSenders {
  readonly open: number;
  /** How many got which status before the server hung up. */
  readonly answers: Readonly<Record<string, number>>;
}

/** Half of them stop in the head of a request, half in its body. */
const HALVES = [
  'POST /api/seats/hold-batch/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: appli',
  'POST /api/seats/hold-batch/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 64\r\n\r\n{"show_id": 1, ',
];
const TELL_INTERVAL_MS = 100;

const [port, count] = process.argv.slice(2).map(Number) as [number, number];
const answers: Record<string, number> = {};
let open = 0;
let told = '';

for (let index = 0; index < count; index++) {
  const socket = connect({ port, host: '127.0.0.1' });
  let isOpen = false;
  let answer = '';
  socket.on('connect', () => {
    open++;
    isOpen = true;
    socket.write(HALVES[index % HALVES.length]!);
  });
  socket.on('data', (data) => (answer += data.toString('latin1')));
  socket.on('error', () => undefined);
  socket.on('close', () => {
    if (isOpen) open--;
    const status = /^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 'nothing';
    answers[status] = (answers[status] ?? 0) + 1;
  });
}

setInterval(() => {
  const state: HalfSenders = { open, answers };
  const text = JSON.stringify(state);
  if (text !== told) process.send!(state);
  told = text;
}, TELL_INTERVAL_MS);
// The parent is no more.
process.on('disconnect', () => process.exit());
