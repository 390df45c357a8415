import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Problem } from '../problem/problem';
import { problemAnswer } from '../problem/problem-answer';
import { connectionOf } from './connections';
import { REQUEST_ID_HEADER } from './request-id';

/** The reasons for which Node's HTTP server gives up. All others are faults in what the client sent. */
const PROBLEMS_BY_ERROR: Partial<Record<string, Problem>> = {
  HPE_HEADER_OVERFLOW: new Problem('HEADERS_TOO_LARGE'),
  HPE_CHUNK_EXTENSIONS_OVERFLOW: new Problem('PAYLOAD_TOO_LARGE', { detail: 'The chunk extensions are too long.' }),
  ERR_HTTP_REQUEST_TIMEOUT: new Problem('REQUEST_TIMEOUT'),
};
const NO_REQUEST = new Problem('VALIDATION_FAILED', { detail: 'This is not an HTTP request.' });

/** Answers what did not become an HTTP request, for which there is neither a request nor a reply, and hangs up. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable || isTakenForAnother(socket)) socket.destroy();
  else answerAndHangUp(socket, PROBLEMS_BY_ERROR[error.code ?? ''] ?? NO_REQUEST);
}

/** Without a listener Node would hang up on a client that takes this for a proxy. */
export function answerConnect(socket: Duplex): void {
  answerAndHangUp(socket, new Problem('VALIDATION_FAILED', { detail: 'This server is no proxy.' }));
}

/** Whether the client would take an answer now for the answer to an earlier request, or for a part of it. */
function isTakenForAnother(socket: Socket): boolean {
  const { unanswered = 0, latest } = connectionOf(socket) ?? {};
  const isAboutLatest = latest?.req.complete === false;
  return isAboutLatest ? unanswered > 1 || latest.headersSent : unanswered > 0;
}

function answerAndHangUp(socket: Duplex & { destroySoon?: () => void }, problem: Problem): void {
  const requestId = randomUUID();
  const { status, headers, body } = problemAnswer(problem, requestId);
  const lines = Object.entries({
    ...headers,
    'content-length': Buffer.byteLength(body),
    [REQUEST_ID_HEADER]: requestId,
    connection: 'close',
  }).map(([name, value]) => `${name}: ${value}`);
  socket.end([`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, '', body].join('\r\n'));
  socket.destroySoon?.();
}
