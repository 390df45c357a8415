import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyHttpOptions, FastifyReply, FastifyRequest, RawServerDefault } from 'fastify';
import type { AppConfig } from '../config/app-config';
import { Problem } from '../problem/problem';
import { sendProblem } from '../problem/problem-answer';
import { problemOf } from '../problem/problem-of';
import { AllowedMethods } from './allowed-methods';
import { answerClientError, answerConnect } from './client-error';
import { hasBody, headProblem } from './request-head';
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
  private readonly allowedMethods = new AllowedMethods();
  private isStopping = false;
  private securityHeaders: Record<string, string> = {};

  constructor(options: FastifyHttpOptions<RawServerDefault>) {
    super(options);
    this.instance.removeContentTypeParser('text/plain');
    this.instance.addHook('onRequest', (request, reply, done) => {
      this.setCommonHeaders(request, reply);
      if (this.isStopping) reply.header('connection', 'close');
      const problem = this.isStopping
        ? new Problem('BUSY', { detail: 'The server is shutting down; nothing was changed.' })
        : headProblem(request.raw);
      if (problem) {
        // For a 415 of another reason it is forbidden (RFC 9110 §12.5.3).
        if (problem.code === 'UNSUPPORTED_MEDIA_TYPE') reply.header('accept-encoding', 'identity');
        sendProblem(reply, problem);
      } else if (!this.answersMethod(request, reply)) {
        // To Fastify it would be the promise of a body.
        if (!hasBody(request.raw)) request.raw.headers['content-type'] = undefined;
        done();
      }
    });
    this.instance.addHook('onRoute', ({ url, method }) => this.allowedMethods.add(url, [method].flat()));
    // An `Expect` that is not understood may be ignored (RFC 9110 §10.1.1); Node would answer 417, without a body.
    const { server } = this.instance;
    server.on('checkExpectation', (request, response) => server.emit('request', request, response));
    server.on('connect', (_request, socket) => answerConnect(socket));
    // Answers to CORS preflights are sent by a hook before ours.
    this.instance.addHook('onSend', (request, reply, _payload, done) => {
      if (!reply.hasHeader(REQUEST_ID_HEADER)) reply.header(REQUEST_ID_HEADER, request.id);
      // Caches guess how long they may keep an answer that says nothing.
      if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
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

  /** Lets preflights, to which the plugin has added its headers, come to {@link answersMethod}, and with them any OPTIONS. */
  override enableCors(options: Parameters<FastifyAdapter['enableCors']>[0]): void {
    super.enableCors({ ...options, preflightContinue: true, strictPreflight: false });
  }

  /** Answers OPTIONS, and a method that there is no route for, where the path has others. Returns whether it did. */
  private answersMethod(request: FastifyRequest, reply: FastifyReply): boolean {
    const isOptions = request.method === 'OPTIONS';
    if (!isOptions && !request.is404) return false;
    const allowed = this.allowedMethods.of(request.url.split('?', 1)[0]!);
    if (allowed !== undefined) reply.header('allow', allowed);
    const isPreflight = request.headers.origin !== undefined && reply.hasHeader('access-control-allow-methods');
    if (isOptions && (isPreflight || allowed !== undefined)) reply.code(204).send();
    else if (isOptions) sendProblem(reply, new Problem('NOT_FOUND'));
    else if (allowed === undefined) return false;
    else sendProblem(reply, new Problem('METHOD_NOT_ALLOWED', { detail: `There is ${allowed} at this address.` }));
    return true;
  }

  /** Sets the headers that every answer carries. */
  setCommonHeaders(request: FastifyRequest, reply: FastifyReply): void {
    reply.headers(this.securityHeaders).header(REQUEST_ID_HEADER, request.id);
  }
}
