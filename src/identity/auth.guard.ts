import { CanActivate, ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { ACCESS } from '../platform/http/public';
import type { Access } from '../platform/http/public';
import { Problem } from '../platform/problem/problem';
import { AccessTokenService } from './access-token.service';
import { REQUIRED_ROLE } from './holder';
import type { Role } from './holder';

/**
 * Asks for a token on every route that is not marked as public or unguarded. It guards handlers, not paths: an unusual
 * spelling of a path that reaches a handler reaches this guard first.
 */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly tokens: AccessTokenService,
  ) {}

  /** @throws Problem UNAUTHENTICATED, TOKEN_EXPIRED, FORBIDDEN; BUSY when the identity provider can't be reached */
  async canActivate(context: ExecutionContext): Promise<true> {
    const route = [context.getHandler(), context.getClass()];
    const role = this.reflector.getAllAndOverride<Role | undefined>(REQUIRED_ROLE, route);
    const access = role ? undefined : this.reflector.getAllAndOverride<Access | undefined>(ACCESS, route);
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const { authorization } = request.headers;
    if (
      access === 'unguarded' ||
      (access === 'public' && (authorization === undefined || isOfAnotherScheme(authorization)))
    )
      return true;

    const token = bearerToken(authorization);
    if (!token) throw new Problem('UNAUTHENTICATED', { detail: 'Send `Authorization: Bearer <access token>`.' });
    request.holder = await this.tokens.verify(token);
    if (role && request.holder.role !== role)
      throw new Problem('FORBIDDEN', { detail: `The token needs the role ${role}.` });
    return true;
  }
}

/** Not ours to judge: a proxy in front may have asked for it. */
function isOfAnotherScheme(authorization: string): boolean {
  return /^(?!Bearer )[A-Za-z][A-Za-z0-9-]* +\S/i.test(authorization);
}

/** The token of an `Authorization` header; undefined where there is none, or not one. */
export function bearerToken(authorization: string | undefined): string | undefined {
  return /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
}
