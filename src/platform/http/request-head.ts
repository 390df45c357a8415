import type { IncomingMessage } from 'node:http';
import { Problem } from '../problem/problem';

/** A name or an address, and a port (RFC 3986 §3.2); it may be empty (RFC 9110 §7.2). */
const HOST = /^(?:\[[\w:.%~-]+\]|[\w.~!$&'()*+,;=%-]*)(?::\d*)?$/;

/** What HTTP itself forbids in the head of a request. Node lets it pass here, as its own refusal would have no body. */
export function headProblem({ headers, rawHeaders, httpVersion }: IncomingMessage): Problem | undefined {
  const hosts = countOf('host', rawHeaders);
  const { host = '' } = headers;
  if (hosts === 0 && httpVersion === '1.1') return invalid('The Host header is missing.');
  if (hosts > 1) return invalid('There is more than one Host header.');
  if (!HOST.test(host)) return invalid('The Host header is none.');
  const { 'content-encoding': coding } = headers;
  if (coding !== undefined && coding.toLowerCase() !== 'identity')
    return new Problem('UNSUPPORTED_MEDIA_TYPE', { detail: 'The body must not be compressed or encoded otherwise.' });
  return undefined;
}

/** Whether a body follows. A Content-Type without one is a habit of many clients, and says nothing. */
export function hasBody({ headers }: IncomingMessage): boolean {
  const { 'content-length': length = '0', 'transfer-encoding': transferEncoding } = headers;
  return transferEncoding !== undefined || length !== '0';
}

function countOf(name: string, rawHeaders: readonly string[]): number {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2)
    if (rawHeaders[i]!.length === name.length && rawHeaders[i]!.toLowerCase() === name) count++;
  return count;
}

function invalid(detail: string): Problem {
  return new Problem('VALIDATION_FAILED', { detail });
}
