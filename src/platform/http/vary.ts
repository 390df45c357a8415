import type { FastifyReply } from 'fastify';

/** The value of `Vary` with one more header in it, whatever it is so far. */
export function joinedVary(vary: number | string | string[] | undefined, header: string): string {
  const names = [vary ?? []]
    .flat()
    .flatMap((names) => String(names).split(','))
    .map((name) => name.trim())
    .filter(Boolean);
  const isThere = names.some((name) => name === '*' || name.toLowerCase() === header.toLowerCase());
  return [...names, ...(isThere ? [] : [header])].join(', ');
}

/** Adds to the headers that an answer depends on: others may have named some already, and `Vary` says all of them. */
export function varyBy(reply: FastifyReply, header: string): void {
  reply.header('vary', joinedVary(reply.getHeader('vary'), header));
}
