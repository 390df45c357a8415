import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

export const REQUEST_ID_HEADER = 'x-request-id';

/** A client's id goes into logs and answers, so it must not be able to forge anything there. */
const ACCEPTED_ID = /^[A-Za-z0-9._-]{1,128}$/;

/** The id of a request: the client's own, to follow it across systems, or else a new one. */
export function requestIdOf(request: Pick<IncomingMessage, 'headers'>): string {
  const sent = request.headers[REQUEST_ID_HEADER];
  return typeof sent === 'string' && ACCEPTED_ID.test(sent) ? sent : randomUUID();
}
