import { randomUUID } from 'node:crypto';
import { createParamDecorator, ExecutionContext, SetMetadata } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

/** The owner of holds and bookings: the subject of the access token, and what else the token says of its bearer. */
export interface Holder {
  /** The token's subject: `guest:<uuid>`, `user:<uuid>` or `external:<short of issuer>:<subject there>`. */
  readonly id: string;
  readonly kind: 'guest' | 'user' | 'external';
  readonly role?: Role;
  /** The shows that a guest was admitted to, where admission is needed to hold seats; see `admission.ts`. */
  readonly shows?: readonly number[];
  /** When the token ends; Unix time. */
  readonly expiresAtMs?: number;
  /** The session that the token belongs to; logging out ends it. Tokens of version 0.1 and of providers have none. */
  readonly sessionId?: string;
  /** Counts the times that all tokens of the user were withdrawn; absent on the tokens of before the first time. */
  readonly tokenVersion?: number;
  /** The guest that this user was until the login. */
  readonly formerly?: string;
}

export type Role = 'admin';

/** A holder whose tokens this server signs. */
export type OwnHolder = Holder & { readonly kind: 'guest' | 'user' };

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the AuthGuard when a token was sent. */
    holder?: Holder;
  }
}

const GUEST = 'guest:';

/** A shopper without an account. Nothing is stored about guests until they refresh their token. */
export function newGuest(shows?: readonly number[]): OwnHolder & { kind: 'guest'; sessionId: string } {
  const sessionId = randomUUID();
  return { id: GUEST + sessionId, kind: 'guest', sessionId, ...(shows ? { shows } : {}) };
}

/** A guest has one session, by the same name. */
export function sessionOfGuest(guestId: string): string {
  return guestId.slice(GUEST.length);
}

/** Injects the {@link Holder}; `undefined` on `@Public()` routes when no token was sent. */
export const CurrentHolder = createParamDecorator(
  (_: unknown, context: ExecutionContext) => context.switchToHttp().getRequest<FastifyRequest>().holder,
);

export const REQUIRED_ROLE = Symbol('REQUIRED_ROLE');

/** The route needs a token with this role, also where the route or its controller is marked as public. */
export const RequireRole = (role: Role) => SetMetadata(REQUIRED_ROLE, role);
