import { ArgumentsHost, Catch, ExceptionFilter, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Problem } from './problem';
import { sendProblem } from './problem-answer';
import { problemOf } from './problem-of';

/** Turns every error into an answer of the catalogue, and logs it once, with the request id, if it is our fault. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger(ProblemFilter.name);

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const problem = problemOf(error);
    this.log(error, problem, request);
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
}
