import { AddressInfo, connect, createServer, Server, Socket } from 'node:net';

/** A TCP proxy before the database, for the faults of a network. */
export interface Proxy {
  /** The database's URL through the proxy. */
  readonly url: string;
  /** Ends every connection and refuses new ones. */
  cut(): Promise<void>;
  /** Takes connections again, on the same port. */
  restore(): Promise<void>;
  /** A black hole: keeps the connections, takes new ones, and passes nothing on, in either direction, not even their end. */
  stall(): void;
  /** Ends the stall. All that it held back is lost, as are its connections; new ones work. */
  resume(): void;
  /**
   * Of the transactions that commit from now on, every `every`-th is not told of it: its connection breaks, or goes silent,
   * between the server's answer to COMMIT and the client. 0 ends it.
   */
  loseCommits(every: number, how?: 'broken' | 'silent'): void;
  /** How many answers to COMMIT were lost so far. */
  readonly lostCommits: number;
  close(): Promise<void>;
}

export async function startProxy(databaseUrl: string): Promise<Proxy> {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let stalled = false;
  let losing: { every: number; how: 'broken' | 'silent' } = { every: 0, how: 'broken' };
  let commits = 0;
  let lostCommits = 0;

  const server: Server = createServer((client) => {
    const upstream = stalled ? undefined : connect(Number(target.port), target.hostname);
    const drop = () => {
      client.destroy();
      upstream?.destroy();
    };
    for (const socket of [client, ...(upstream ? [upstream] : [])]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        if (!stalled) drop();
      });
    }
    if (!upstream) return;
    let isSilent = false;
    const findCommit = commitFinder();
    client.on('data', (data) => stalled || isSilent || upstream.write(data));
    upstream.on('data', (data: Buffer) => {
      if (stalled || isSilent) return;
      const isLost = findCommit(data) && losing.every > 0 && ++commits % losing.every === 0;
      if (!isLost) return void client.write(data);
      lostCommits++;
      if (losing.how === 'broken') drop();
      else isSilent = true;
    });
  });
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const dropAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  const stop = async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    dropAll();
    await closed;
  };

  await listen(0);
  const { port } = server.address() as AddressInfo;
  const url = new URL(databaseUrl);
  url.hostname = '127.0.0.1';
  url.port = String(port);
  return {
    url: url.href,
    cut: stop,
    restore: () => listen(port),
    stall: () => (stalled = true),
    resume: () => {
      stalled = false;
      dropAll();
    },
    loseCommits: (every, how = 'broken') => {
      commits = 0;
      losing = { every, how };
    },
    get lostCommits() {
      return lostCommits;
    },
    close: stop,
  };
}

/** The message CommandComplete: its type, its length, and which command it was. */
const COMMIT_COMPLETE = Buffer.from('C\0\0\0\x0bCOMMIT\0', 'latin1');

/** Tells of each chunk from the server whether an answer to COMMIT ends in it; it may have begun in the chunk before. */
function commitFinder(): (chunk: Buffer) => boolean {
  let tail = Buffer.alloc(0);
  return (chunk) => {
    const text = Buffer.concat([tail, chunk]);
    tail = text.subarray(Math.max(0, text.length - COMMIT_COMPLETE.length + 1));
    return text.includes(COMMIT_COMPLETE);
  };
}
