import { closeSync, openSync } from 'node:fs';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { devNull } from 'node:os';
import { Gauge } from 'prom-client';
import type { AppConfig } from '../config/app-config';
import type { Metrics } from '../metrics/metrics';
import type { RefusalReason, Refusals } from '../metrics/refusals';
import type { ProblemCode } from '../../problem-catalogue';
import { AddressCounts } from './address-counts';
import { ClientAddress, clientAddress } from './client-address';

/** The rest of the files a process may open is for the database, for files being sent, and for {@link SURPLUS_MAX}. */
const SHARE_OF_OPEN_FILES = 0.7;
/** Beyond this many, memory is the limit, and it is an operator's to say how much of that there is. */
const DEFAULT_MAX = 20_000;
/** One address never takes all connections, and a laptop or a proxy that is set up wrongly never notices. */
const DEFAULT_SHARE_OF_ADDRESS = 0.25;
/** Connections beyond the limits that are open at a time, each for one answer. A new one pushes out the oldest. */
const SURPLUS_MAX = 64;
const ROOM_INTERVAL_MS = 1_000;

/** Which limit a client has reached, for operators and for the client. */
export interface Refusal {
  readonly reason: RefusalReason;
  readonly code: ProblemCode;
  readonly detail: string;
}

/** An open connection. Its requests in flight are counted in requests-in-flight.ts. */
export interface Connection {
  readonly socket: Socket;
  readonly address: ClientAddress;
  /** Why it is one too many; undefined for a connection within the limits. */
  readonly surplus: Refusal | undefined;
  unanswered: number;
  /** The answer, perhaps to come, to the request whose head arrived last. */
  latest: ServerResponse<IncomingMessage> | undefined;
  /** Whether its one unanswered request is for a stream. */
  isStreaming: boolean;
  /** To be called when it ends: for answers that have not had their turn by then, Node tells nobody. */
  readonly onEnd: Set<() => void>;
}

const connections = new WeakMap<Socket, Connection>();

/** What is known of a connection; undefined for requests that tests inject. */
export function connectionOf(socket: Socket): Connection | undefined {
  return connections.get(socket);
}

/** The most connections in all and of one address. Behind a proxy all come from its address. */
export function connectionLimits(
  { maxConnections, maxPerAddress }: Pick<AppConfig['connections'], 'maxConnections' | 'maxPerAddress'>,
  { trustProxyHops }: Pick<AppConfig['server'], 'trustProxyHops'>,
  openFilesMax: number,
): { max: number; maxPerAddress: number } {
  const max = maxConnections ?? Math.min(DEFAULT_MAX, Math.floor(openFilesMax * SHARE_OF_OPEN_FILES));
  const ofAddress = maxPerAddress ?? Math.ceil(max * DEFAULT_SHARE_OF_ADDRESS);
  return { max, maxPerAddress: trustProxyHops > 0 ? Infinity : ofAddress };
}

/** How many files the process may have open; Node has raised its own limit to this at its start. */
export function openFilesMax(): number {
  const { userLimits } = process.report.getReport() as { userLimits?: { open_files?: { soft?: unknown } } };
  const { soft } = userLimits?.open_files ?? {};
  return typeof soft === 'number' ? soft : Infinity;
}

/**
 * Bounds the open connections of a server. A connection beyond the limits is not refused by itself: it is accepted for one
 * answer, so that health checks are served and other clients read why they are not. Such connections have few places, and the
 * oldest makes way for the newest, so that no client can keep the health checks out by keeping silent.
 */
export class Connections {
  private readonly open = new Set<Connection>();
  private readonly surplus = new Set<Connection>();
  private readonly ofAddress: AddressCounts;
  private roomMadeMs = -Infinity;
  /** Bytes that a connection had taken when it was last seen to take any, and when that was. */
  private readonly taken = new WeakMap<Connection, { bytes: number; atMs: number }>();

  constructor(
    private readonly server: Server,
    private readonly limits: { max: number; maxPerAddress: number; slowReaderTimeoutMs: number },
    private readonly refusals: Refusals,
    { registry }: Metrics,
  ) {
    this.ofAddress = new AddressCounts(limits.maxPerAddress);
    const open = this.open;
    new Gauge({
      name: 'rowlock_connections',
      help: 'Open HTTP connections',
      registers: [registry],
      collect() {
        this.set(open.size);
      },
    });
    server.on('connection', (socket) => this.add(socket));
  }

  /** To be called every second or so. */
  check(nowMs = performance.now()): void {
    this.cutSlowReaders(nowMs);
    this.tellOfOpenFiles();
  }

  /** Hangs up on clients that have sent no whole request. Node waits for those for ever once it closes. */
  endIdle(): void {
    for (const { socket, unanswered } of this.open) if (unanswered === 0) socket.destroy();
  }

  private add(socket: Socket): void {
    const address = clientAddress(socket.remoteAddress ?? '');
    const isFull = this.open.size - this.surplus.size >= this.limits.max;
    if (isFull) this.makeRoom();
    const giveBack = isFull ? undefined : this.ofAddress.take(address);
    const surplus = giveBack ? undefined : isFull ? this.tooMany() : this.tooManyOfAddress();
    const connection: Connection = {
      socket,
      address,
      surplus,
      unanswered: 0,
      latest: undefined,
      isStreaming: false,
      onEnd: new Set(),
    };
    connections.set(socket, connection);
    this.open.add(connection);
    if (surplus) this.addSurplus(connection, surplus);
    socket.once('close', () => {
      this.open.delete(connection);
      this.surplus.delete(connection);
      giveBack?.();
      for (const end of connection.onEnd) end();
    });
  }

  private addSurplus(connection: Connection, { reason, detail }: Refusal): void {
    this.refusals.count(reason, `A connection from ${connection.address.group} is one too many. ${detail}`);
    this.surplus.add(connection);
    if (this.surplus.size > SURPLUS_MAX) for (const oldest of this.surplus) return void oldest.socket.destroy();
  }

  /** Hangs up on connections that wait for a next request. Their clients connect again when they have one. */
  private makeRoom(): void {
    const nowMs = performance.now();
    if (nowMs - this.roomMadeMs < ROOM_INTERVAL_MS) return;
    this.roomMadeMs = nowMs;
    this.server.closeIdleConnections();
  }

  private tooMany(): Refusal {
    const detail = `No more than ${this.limits.max} connections at a time (MAX_CONNECTIONS).`;
    return { reason: 'connections', code: 'BUSY', detail };
  }

  private tooManyOfAddress(): Refusal {
    const detail = `No more than ${this.limits.maxPerAddress} connections of one address at a time (MAX_CONNECTIONS_PER_ADDRESS).`;
    return { reason: 'connections_per_address', code: 'RATE_LIMITED', detail };
  }

  /** A client that takes nothing keeps its connection, and all that waits in memory for it. */
  private cutSlowReaders(nowMs: number): void {
    for (const connection of this.open) {
      const { waiting, taken } = unsent(connection.socket);
      const last = this.taken.get(connection);
      if (waiting === 0 || !last || taken > last.bytes) {
        if (waiting > 0) this.taken.set(connection, { bytes: taken, atMs: nowMs });
        else if (last) this.taken.delete(connection);
      } else if (nowMs - last.atMs >= this.limits.slowReaderTimeoutMs) {
        this.refusals.count(
          'slow_reader',
          `A connection from ${connection.address.group} was cut: it took nothing for ${this.limits.slowReaderTimeoutMs} ms while ` +
            `${waiting} bytes waited for it (SLOW_READER_TIMEOUT_SECONDS).`,
        );
        connection.socket.destroy();
      }
    }
  }

  /** Where no file can be opened any more, libuv drops new connections without a word to anybody. */
  private tellOfOpenFiles(): void {
    try {
      closeSync(openSync(devNull, 'r'));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EMFILE' && code !== 'ENFILE') return;
      this.refusals.count(
        'open_files',
        `The process can't open any more files (${code}), so connections are lost: raise its limit of open files, or lower ` +
          `MAX_CONNECTIONS (${this.limits.max}). ${this.open.size} connections are open.`,
      );
    }
  }
}

/**
 * The bytes that wait for a client, and those that it has taken. Node counts a write as waiting until its last byte is taken;
 * only the handle below it knows of parts, which slow but honest readers take.
 */
function unsent(socket: Socket): { waiting: number; taken: number } {
  const handle = (socket as { _handle?: { bytesWritten: number; writeQueueSize: number } | null })._handle;
  if (!handle || socket.writableLength === 0) return { waiting: 0, taken: 0 };
  return { waiting: socket.writableLength, taken: handle.bytesWritten - handle.writeQueueSize };
}
