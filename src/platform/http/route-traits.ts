import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';

/** What the server must know of a route before it reads the body. One decorator a route: a second would replace the first. */
interface RouteTraits {
  readonly isStream?: true;
  readonly isCommand?: true;
  readonly isAlwaysServed?: true;
}

/** The answer goes on for as long as the client listens, so nothing else can be answered on its connection meanwhile. */
export const Stream = () => RouteConfig({ isStream: true } satisfies RouteTraits);

/** Work that is refused first when there is too much of it; clients send it again. */
export const Command = () => RouteConfig({ isCommand: true } satisfies RouteTraits);

/** Answered even where a limit of the server is reached: an orchestrator would end a process that does not answer. */
export const AlwaysServed = () => RouteConfig({ isAlwaysServed: true } satisfies RouteTraits);

export function traitsOf(request: FastifyRequest): RouteTraits {
  return request.routeOptions.config as RouteTraits;
}
