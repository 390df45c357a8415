import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { Problem } from '../problem/problem';
import { problemAnswer } from '../problem/problem-answer';
import { REQUEST_ID_HEADER } from './request-id';

/** The reasons for which Node's HTTP parser gives up, in words for people. */
const DETAILS_BY_CODE: Partial<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: 'The address and the headers are too long together.',
  ERR_HTTP_REQUEST_TIMEOUT: 'The request did not arrive completely in time.',
};

/** Answers bytes that are no HTTP request, for which there is neither a request nor a reply, and hangs up. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const requestId = randomUUID();
  const detail = DETAILS_BY_CODE[error.code ?? ''] ?? 'This is not an HTTP request.';
  const { status, headers, body } = problemAnswer(new Problem('VALIDATION_FAILED', { detail }), requestId);
  const lines = Object.entries({
    ...headers,
    'content-length': Buffer.byteLength(body),
    [REQUEST_ID_HEADER]: requestId,
    connection: 'close',
  }).map(([name, value]) => `${name}: ${value}`);
  socket.write([`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, '', body].join('\r\n'));
  socket.destroySoon();
}
