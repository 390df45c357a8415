import { randomUUID } from 'node:crypto';
import { createParamDecorator, ExecutionContext, SetMetadata } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

/** Who is asking: the owner of holds and bookings, as an access token says. */
export interface Holder {
  /** The token's subject: `guest:<uuid>`, `user:<uuid>` or `external:<subject at the identity provider>`. */
  readonly id: string;
  readonly kind: 'guest' | 'user' | 'external';
  readonly role?: Role;
}

export type Role = 'admin';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the AuthGuard when a token was sent. */
    holder?: Holder;
  }
}

/** Somebody without an account; nothing is stored about them. */
export function newGuest(): Holder & { kind: 'guest' } {
  return { id: `guest:${randomUUID()}`, kind: 'guest' };
}

/** Injects the {@link Holder}; `undefined` on `@Public()` routes when no token was sent. */
export const CurrentHolder = createParamDecorator(
  (_: unknown, context: ExecutionContext) => context.switchToHttp().getRequest<FastifyRequest>().holder,
);

export const REQUIRED_ROLE = Symbol('REQUIRED_ROLE');

/** Needs a token with this role, whatever else the route or its controller says. */
export const RequireRole = (role: Role) => SetMetadata(REQUIRED_ROLE, role);
