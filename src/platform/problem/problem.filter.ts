import { ArgumentsHost, Catch, ExceptionFilter, Logger, Optional } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { PROBLEMS } from '../../problem-catalogue';
import { clientAddress } from '../http/client-address';
import { SecurityEvents } from '../logging/security-events';
import { Problem } from './problem';
import { sendProblem } from './problem-answer';
import { problemOf } from './problem-of';

/** Refusals that may be a part of an attack: of who somebody is, of what they may do, and of how much they ask for. */
const SECURITY_STATUSES: ReadonlySet<number> = new Set([401, 403, 429]);
/** A limit whose status says that it is a conflict: a client that buys up a house meets it again and again. */
const SEAT_LIMIT = 'SEAT_LIMIT_EXCEEDED';

/** Turns every error into an answer of the catalogue, and logs it once, with the request id, if it is our fault. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger(ProblemFilter.name);

  constructor(@Optional() private readonly securityEvents?: SecurityEvents) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const problem = problemOf(error);
    this.log(error, problem, request);
    this.tellIfSuspicious(problem, request);
    if (reply.sent || reply.raw.headersSent) {
      // Half an answer is out. A cut connection tells the client so; a clean end would pass for the whole.
      reply.raw.destroy();
    } else {
      sendProblem(reply, problem);
    }
  }

  private log(error: unknown, problem: Problem, request: FastifyRequest): void {
    // Without the query: there may be the key of a booking in it.
    const where = { requestId: request.id, method: request.method, url: request.url.replace(/\?.*$/s, '') };
    if (problem.code === 'INTERNAL') {
      const cause = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.logger.error(`A request failed: ${cause}`, where);
    } else if (problem.code === 'BUSY' && problem !== error) {
      this.logger.warn(`A request was answered BUSY: ${String(error)}`, where);
    }
  }
  private tellIfSuspicious({ code, note }: Problem, request: FastifyRequest): void {
    const { status } = PROBLEMS[code];
    if (!SECURITY_STATUSES.has(status) && code !== SEAT_LIMIT) return;
    // A request without a token, or with one of another service, is no attempt at anything.
    if (status === 401 && !note) return;
    this.securityEvents?.tell({
      kind: code,
      reason: note?.reason ?? '',
      address: clientAddress(request.ip).group,
      holder: (request as { holder?: { id: string } }).holder?.id,
      subject: note?.subject,
      method: request.method,
      route: request.routeOptions.url ?? 'none',
      requestId: request.id,
    });
  }
}
