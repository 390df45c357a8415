import { createHash } from 'node:crypto';
import { applyDecorators, Type } from '@nestjs/common';
import { ApiHeader, ApiOkResponse, ApiResponse } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';

/** An answer that is ready to send, with the tag by which a client asks whether it has changed. */
export interface Rendered {
  /** Made at the first use, and so not at all for a client that has it. */
  readonly json: string;
  /** Weak: it names the content, not its bytes. */
  readonly etag: string;
}

export function weakTag(content: string): string {
  return `W/"${createHash('sha1').update(content).digest('base64url')}"`;
}

/** Sends it, or 304 where the client has it. Headers that the reply has already are kept. */
export function sendRendered(
  reply: FastifyReply,
  ifNoneMatch: string | undefined,
  cacheControl: string,
  rendered: Rendered,
): void {
  reply.header('etag', rendered.etag).header('cache-control', cacheControl);
  if (matchesEtag(ifNoneMatch, rendered.etag)) reply.code(304).send();
  else reply.header('content-type', 'application/json; charset=utf-8').send(rendered.json);
}

/** What web servers put behind a tag when they compress an answer, and send back as it is. */
const OF_COMPRESSION = /(?:-|--|;)(?:gzip|gz|br|zstd|deflate)$/;
const TAG = /(?:^|,)\s*(?:W\/)?"([^"]*)"\s*(?=,|$)/g;

/**
 * Whether an If-None-Match header names the tag (RFC 9110 §13.1.2, weak comparison), or what a proxy that compresses has
 * made of it: without this, there would never be a 304 behind such a proxy.
 */
export function matchesEtag(ifNoneMatch: string | undefined, etag: string): boolean {
  if (!ifNoneMatch) return false;
  if (ifNoneMatch.trim() === '*') return true;
  const [own] = opaqueTags(etag);
  return opaqueTags(ifNoneMatch).some((sent) => sent === own || sent.replace(OF_COMPRESSION, '') === own);
}

function opaqueTags(header: string): string[] {
  return [...header.matchAll(TAG)].map(([, opaque]) => opaque!);
}

/** Documents an answer that is sent by {@link sendRendered}. */
export function ApiConditional(type: Type, changesWith = 'the answer'): MethodDecorator {
  return applyDecorators(
    ApiHeader({
      name: 'If-None-Match',
      required: false,
      description: 'The ETag of an earlier answer.',
      schema: { type: 'string' },
    }),
    ApiOkResponse({
      type,
      headers: { ETag: { description: `Changes when ${changesWith} does.`, schema: { type: 'string' } } },
    }),
    ApiResponse({ status: 304, description: `Nothing has changed since that answer.` }),
  );
}
