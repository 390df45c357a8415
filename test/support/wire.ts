import { once } from 'node:events';
import { connect, Socket } from 'node:net';
import { until } from '../../proof/kit/until';

/** A bare connection to a server, for what no HTTP client would send. */
export class Wire {
  received = '';
  /** Whether the server hung up. */
  isOver = false;

  /** @param from the local address to come from: all of 127.0.0.0/8 is this machine */
  static async open({ url }: { url: string }, from = '127.0.0.1'): Promise<Wire> {
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port), localAddress: from });
    await once(socket, 'connect');
    return new Wire(socket);
  }

  private constructor(readonly socket: Socket) {
    socket.on('data', (chunk) => (this.received += chunk.toString('latin1')));
    socket.on('error', () => undefined);
    socket.on('close', () => (this.isOver = true));
  }

  send(text: string): this {
    this.socket.write(text, 'latin1');
    return this;
  }

  /** Statuses of the answers so far, with the codes of problems. */
  get answers(): string[] {
    return this.received
      .split(/(?=HTTP\/1\.1 \d{3} )/)
      .filter(Boolean)
      .map((text) => [text.slice(9, 12), /"code":"(\w+)"/.exec(text)?.[1]].filter(Boolean).join(' '));
  }

  async untilAnswers(count: number): Promise<string[]> {
    await until(() => this.answers.length >= count);
    return this.answers;
  }

  /** Waits until the server hangs up. */
  async untilOver(): Promise<string[]> {
    await until(() => this.isOver);
    return this.answers;
  }

  close(): void {
    this.socket.destroy();
  }
}

export const get = (path: string, headers = '') => `GET ${path} HTTP/1.1\r\nHost: x\r\n${headers}\r\n`;
