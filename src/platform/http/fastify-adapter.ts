import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyHttpOptions, FastifyReply, FastifyRequest, RawServerDefault } from 'fastify';
import type { AppConfig } from '../config/app-config';
import { Problem } from '../problem/problem';
import { sendProblem } from '../problem/problem-answer';
import { problemOf } from '../problem/problem-of';
import { answerClientError } from './client-error';
import { REQUEST_ID_HEADER, requestIdOf } from './request-id';

/** Longest time in which a request must have arrived, headers and body. The time until the answer is not limited here. */
const REQUEST_TIMEOUT_MS = 10_000;
/** How often Node looks for requests that take too long; its default of 30 s would triple the above. */
const TIMEOUT_CHECK_INTERVAL_MS = 1_000;
/** Longest path parameter. */
const MAX_PARAM_LENGTH = 255;

/** The HTTP server below Nest: limits, request ids, and an answer of the catalogue where Nest is not reached. */
export function createFastifyAdapter(
  server: Pick<AppConfig['server'], 'bodyLimitBytes' | 'trustProxyHops'>,
): FastifyAdapter {
  const adapter: RowlockFastifyAdapter = new RowlockFastifyAdapter({
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: MAX_PARAM_LENGTH },
    bodyLimit: server.bodyLimitBytes,
    // Counted from our end, so that no client can make up an address for itself.
    trustProxy: server.trustProxyHops > 0 && ((_address, hop) => hop < server.trustProxyHops),
    genReqId: requestIdOf,
    // No connectionTimeout: it would cut event streams that are silent for a while.
    requestTimeout: REQUEST_TIMEOUT_MS,
    http: {
      headersTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: TIMEOUT_CHECK_INTERVAL_MS,
      // Node's own refusal has no body; see the hook below.
      requireHostHeader: false,
    },
    clientErrorHandler: answerClientError,
    // The router refuses a malformed address before any hook or filter runs.
    frameworkErrors: (error, request, reply) => {
      adapter.setCommonHeaders(request, reply);
      sendProblem(reply, problemOf(error));
    },
    // Fastify's own 503 is no problem+json; see the hook below.
    return503OnClosing: false,
  });
  return adapter;
}

class RowlockFastifyAdapter extends FastifyAdapter {
  private isStopping = false;
  private securityHeaders: Record<string, string> = {};

  constructor(options: FastifyHttpOptions<RawServerDefault>) {
    super(options);
    this.instance.removeContentTypeParser('text/plain');
    this.instance.addHook('onRequest', (request, reply, done) => {
      this.setCommonHeaders(request, reply);
      if (this.isStopping) {
        reply.header('connection', 'close');
        sendProblem(reply, new Problem('BUSY', { detail: 'The server is shutting down; nothing was changed.' }));
      } else if (request.raw.headers.host === undefined && request.raw.httpVersion === '1.1') {
        sendProblem(reply, new Problem('VALIDATION_FAILED', { detail: 'The Host header is missing.' }));
      } else {
        done();
      }
    });
    // An `Expect` that is not understood may be ignored (RFC 9110 §10.1.1); Node would answer 417, without a body.
    const { server } = this.instance;
    server.on('checkExpectation', (request, response) => server.emit('request', request, response));
    // Answers to CORS preflights are sent by a hook before ours.
    this.instance.addHook('onSend', (request, reply, _payload, done) => {
      if (!reply.hasHeader(REQUEST_ID_HEADER)) reply.header(REQUEST_ID_HEADER, request.id);
      done();
    });
  }

  /** JSON is the only kind of body, and Fastify's own parser reads it; Nest would add one for forms. */
  override registerParserMiddleware(): void {}

  /** Called when the application begins to stop: running requests may finish, new ones are sent elsewhere. */
  override beforeClose(): void {
    super.beforeClose();
    this.isStopping = true;
  }

  /**
   * Notes the headers that Nest's hook for security headers sets, always the same, for {@link setCommonHeaders}. Nest would
   * set them one by one on Node's response, which then joins them with Fastify's own: a tenth of the time of a request that
   * needs no database. Code that writes to Node's response by hand must copy the reply's headers.
   */
  override registerSecurityHook(hook: Parameters<FastifyAdapter['registerSecurityHook']>[0]): void {
    this.instance.addHook('onReady', (done) => {
      const headers = new Map<string, string>();
      hook({} as FastifyRequest, {
        setHeader: (name: string, value: string) => headers.set(name, value),
        removeHeader: (name: string) => headers.delete(name),
      });
      // In lower case, as Fastify would make them for each answer.
      this.securityHeaders = Object.fromEntries([...headers].map(([name, value]) => [name.toLowerCase(), value]));
      done();
    });
  }

  /** Sets the headers that every answer carries. */
  setCommonHeaders(request: FastifyRequest, reply: FastifyReply): void {
    reply.headers(this.securityHeaders).header(REQUEST_ID_HEADER, request.id);
  }
}
