import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { AppConfig } from '../config/app-config';
import type { Refusals } from '../metrics/refusals';
import { Problem } from '../problem/problem';
import { sendProblem } from '../problem/problem-answer';
import { AddressCounts } from './address-counts';
import { clientAddress } from './client-address';
import { Connection, connectionOf, Refusal } from './connections';
import { traitsOf } from './route-traits';

/** A refusal in its turn tells a client that is too eager. One that goes on all the same, in the same breath, is cut off. */
const CUT_FACTOR = 2;

interface Limits {
  readonly maxPerConnection: number;
  readonly maxPerAddress: number;
}

/**
 * Bounds the requests that wait for their answers. Node parses all requests of a packet at once, a thousand and more, and
 * keeps their answers until those before them are sent, so one connection could occupy the server alone. Answers come in the
 * order of the requests; the refusal of the first request too many is the last answer, and says that the connection ends.
 */
export class RequestsInFlight {
  private readonly ofAddress: AddressCounts;

  constructor(
    private readonly limits: Limits,
    private readonly refusals: Refusals,
  ) {
    this.ofAddress = new AddressCounts(limits.maxPerAddress);
  }

  watch(fastify: FastifyInstance): void {
    this.guard(fastify.server);
    fastify.addHook('onRequest', (request, reply, done) => {
      const connection = connectionOf(request.raw.socket);
      const refusal = connection && this.refusalOfConnection(connection, request, reply);
      if (refusal) {
        reply.header('connection', 'close');
        // A surplus connection was counted when it came.
        if (refusal !== connection.surplus) this.count(request, refusal);
        sendProblem(reply, new Problem(refusal.code, { detail: refusal.detail }));
      } else if (this.isWithinAddress(request, reply, connection)) {
        done();
      }
    });
    // A request that came with others, or that wants a stream, waits until the rest of its packet is parsed: if the connection
    // is cut by then, nobody waits for the answer, and the work would keep others waiting.
    fastify.addHook('preValidation', (request, _reply, done) => {
      const connection = connectionOf(request.raw.socket);
      if (!connection || (connection.unanswered <= 1 && !connection.isStreaming)) return done();
      setImmediate(() => {
        if (!connection.socket.destroyed) done();
      });
    });
  }

  /** Stands before the framework, which need not see requests that nobody answers. */
  private guard(server: Server): void {
    const handlers = server.listeners('request') as ((request: IncomingMessage, response: ServerResponse) => void)[];
    server.removeAllListeners('request');
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const connection = connectionOf(request.socket);
      if (connection && !this.admit(connection, response)) return;
      for (const handle of handlers) handle.call(server, request, response);
    });
  }

  /** Counts the request; false when the connection is cut. The rest of its packet arrives here all the same. */
  private admit(connection: Connection, response: ServerResponse): boolean {
    const { socket } = connection;
    if (socket.destroyed) return false;
    const isFlood = connection.unanswered >= this.limits.maxPerConnection * CUT_FACTOR;
    if (isFlood || connection.isStreaming) {
      this.refusals.count(
        'requests_per_connection',
        `A connection from ${connection.address.group} was cut. ` +
          (isFlood ? this.tooMany().detail : 'It sent another request while a stream was its answer.'),
      );
      socket.destroy();
      return false;
    }
    connection.unanswered++;
    connection.latest = response;
    response.once('close', () => {
      connection.unanswered--;
      connection.isStreaming = false;
    });
    const tooMany = connection.unanswered - this.limits.maxPerConnection;
    if (tooMany === 1) {
      // It is refused below. Its answer is the last, so nothing more is read, and the rest of the packet is passed over.
      response.setHeader('connection', 'close');
      socket.pause();
    }
    return tooMany <= 1;
  }

  private refusalOfConnection(
    connection: Connection,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Refusal | undefined {
    const { isAlwaysServed, isStream } = traitsOf(request);
    if (connection.unanswered > this.limits.maxPerConnection) return this.tooMany();
    if (connection.surplus) {
      reply.header('connection', 'close');
      return isAlwaysServed ? undefined : connection.surplus;
    }
    if (!isStream) return undefined;
    if (connection.unanswered > 1) {
      const detail = 'A stream must be the only unanswered request of its connection.';
      return { reason: 'requests_per_connection', code: 'RATE_LIMITED', detail };
    }
    connection.isStreaming = true;
    return undefined;
  }

  private tooMany(): Refusal {
    const detail = `No more than ${this.limits.maxPerConnection} unanswered requests of one connection (MAX_REQUESTS_PER_CONNECTION).`;
    return { reason: 'requests_per_connection', code: 'RATE_LIMITED', detail };
  }

  /** Streams are open for hours; their number is a matter of its own. */
  private isWithinAddress(request: FastifyRequest, reply: FastifyReply, connection: Connection | undefined): boolean {
    const { isAlwaysServed, isStream } = traitsOf(request);
    if (isAlwaysServed || isStream || this.limits.maxPerAddress === Infinity) return true;
    const isDirect = connection && request.ip === connection.socket.remoteAddress;
    const address = isDirect ? connection.address : clientAddress(request.ip);
    // Everybody behind a proxy that is set up wrongly, or somebody at their own machine.
    if (address.isLoopback) return true;
    const giveBack = this.ofAddress.take(address);
    if (giveBack) {
      const end = () => {
        giveBack();
        connection?.onEnd.delete(end);
      };
      reply.raw.once('close', end);
      connection?.onEnd.add(end);
      return true;
    }
    const { maxPerAddress } = this.limits;
    const detail = `No more than ${maxPerAddress} unanswered requests of one address (MAX_REQUESTS_PER_ADDRESS).`;
    this.count(request, { reason: 'requests_per_address', detail });
    sendProblem(reply, new Problem('RATE_LIMITED', { detail }));
    return false;
  }

  private count(request: FastifyRequest, { reason, detail }: Pick<Refusal, 'reason' | 'detail'>): void {
    this.refusals.count(reason, `A request from ${clientAddress(request.ip).group} was refused. ${detail}`);
  }
}

/** The limits of the settings. */
export function requestLimits({ connections, rateLimits }: Pick<AppConfig, 'connections' | 'rateLimits'>): Limits {
  return {
    maxPerConnection: connections.maxRequests,
    maxPerAddress: rateLimits.enabled ? connections.maxRequestsPerAddress : Infinity,
  };
}
