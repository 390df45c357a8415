import { get, IncomingMessage } from 'node:http';
import type { TestApp } from './app';

export interface SeenEvent {
  type: string;
  id: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests assert what is in it
  data: any;
}

/** An event stream as a client reads it. */
export interface Stream {
  readonly events: SeenEvent[];
  readonly response: IncomingMessage;
  ended: boolean;
  close(): void;
}

export async function watch(
  target: Pick<TestApp, 'url'>,
  showId: number,
  headers: Record<string, string> = {},
): Promise<Stream> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(`${target.url}/api/shows/${showId}/events/`, { headers, agent: false }, resolve).on('error', reject);
  });
  const stream: Stream = { events: [], response, ended: false, close: () => response.destroy() };
  let text = '';
  response.setEncoding('utf8');
  response.on('data', (chunk: string) => {
    text += chunk;
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const lines = text.slice(0, end).split('\n');
      text = text.slice(end + 2);
      const field = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      const type = field('event');
      if (type) stream.events.push({ type, id: field('id')!, data: JSON.parse(field('data')!) });
    }
  });
  response.on('end', () => (stream.ended = true));
  response.on('error', () => undefined);
  return stream;
}

export const ofType = (stream: Stream, type: string) => stream.events.filter((event) => event.type === type);
export const changedSeats = (stream: Stream) =>
  ofType(stream, 'seats').flatMap(
    (event) => event.data.seats as { row: string; number: number; status: string; version: number }[],
  );
