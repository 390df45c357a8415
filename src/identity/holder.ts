import { randomUUID } from 'node:crypto';
import { createParamDecorator, ExecutionContext, SetMetadata } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

/** The owner of holds and bookings: the subject of the access token. */
export interface Holder {
  /** The token's subject: `guest:<uuid>`, `user:<uuid>` or `external:<short of issuer>:<subject there>`. */
  readonly id: string;
  readonly kind: 'guest' | 'user' | 'external';
  readonly role?: Role;
  /** The shows that a guest was admitted to, where admission is needed to hold seats; see `admission.ts`. */
  readonly shows?: readonly number[];
}

export type Role = 'admin';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the AuthGuard when a token was sent. */
    holder?: Holder;
  }
}

/** A shopper without an account. Nothing is stored about guests. */
export function newGuest(shows?: readonly number[]): Holder & { kind: 'guest' } {
  return { id: `guest:${randomUUID()}`, kind: 'guest', ...(shows ? { shows } : {}) };
}

/** Injects the {@link Holder}; `undefined` on `@Public()` routes when no token was sent. */
export const CurrentHolder = createParamDecorator(
  (_: unknown, context: ExecutionContext) => context.switchToHttp().getRequest<FastifyRequest>().holder,
);

export const REQUIRED_ROLE = Symbol('REQUIRED_ROLE');

/** The route needs a token with this role, also where the route or its controller is marked as public. */
export const RequireRole = (role: Role) => SetMetadata(REQUIRED_ROLE, role);
