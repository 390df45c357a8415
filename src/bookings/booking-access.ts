import { CanActivate, ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Problem } from '../platform/problem/problem';

/** Asks for a token or for a booking's key on a route that the global guard leaves open. Which booking it opens is seen later. */
@Injectable()
export class TokenOrBookingKey implements CanActivate {
  /** @throws Problem UNAUTHENTICATED */
  canActivate(context: ExecutionContext): true {
    const { holder, headers, query } = context.switchToHttp().getRequest<FastifyRequest>();
    if (holder || 'booking-key' in headers || 'key' in (query as object)) return true;
    throw new Problem('UNAUTHENTICATED', { detail: "Send an access token, or the booking's key." });
  }
}
