import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { newId } from '#kernel';
import { pathOf, sendProblem } from './problem.filter.js';
import { PROBLEM_TYPE, type Problem, problemDocument } from './problem.js';
import type { Routes } from './routes.js';

/** Refuses what no route is asked about: unknown paths and methods, and bodies in another form than JSON in UTF-8. */
export function installRefusals(instance: FastifyInstance, routes: Routes): void {
  // Node would answer 417 without a document; a server may as well leave an expectation unmet that it does not know.
  instance.server.on('checkExpectation', (request, response) => instance.server.emit('request', request, response));
  instance.addHook('onRequest', (request, reply, done) => {
    const refusal = refusalOf(request, routes);
    if (!refusal) return done();
    void reply.headers(refusal.headers ?? {});
    sendProblem(refusal.problem, request, reply);
  });
}

interface Refusal {
  readonly problem: Problem;
  readonly headers?: Readonly<Record<string, string>>;
}

function refusalOf(request: FastifyRequest, routes: Routes): Refusal | undefined {
  const { headers } = request.raw;
  if (headers.host === undefined && request.raw.httpVersion !== '1.0') return { problem: NO_HOST };
  if (request.is404) return unknownRoute(request, routes);
  if (request.routeOptions.url?.includes(':') && routes.isTaken(pathOf(request), request.method))
    return unknownRoute(request, routes);
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') return ENCODED;
  const contentType = headers['content-type'];
  if (contentType !== undefined && contentType !== 'application/json') return otherCharset(contentType);
  return undefined;
}

function unknownRoute(request: FastifyRequest, routes: Routes): Refusal {
  const methods = routes.methodsOf(pathOf(request));
  if (methods.length === 0) return { problem: UNKNOWN_ROUTE };
  const allow = methods.join(', ');
  const detail = `${request.method} is not possible here; ${allow} ${methods.length > 1 ? 'are' : 'is'}.`;
  return { problem: { status: 405, code: 'method-not-allowed', detail }, headers: { allow } };
}

function otherCharset(contentType: string): Refusal | undefined {
  const charset = /;\s*charset\s*=\s*"?([^\s";]*)/i.exec(contentType)?.[1];
  return charset === undefined || /^utf-?8$/i.test(charset) ? undefined : { problem: OTHER_CHARSET };
}

/**
 * Answers what Node's HTTP parser refuses, where there is no request yet, and ends the connection: what follows on it
 * cannot be told apart from the rest of what was refused.
 */
export function refuseUnparsed(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const problem = UNPARSED[error.code ?? ''] ?? MALFORMED;
  const correlationId = newId();
  const body = JSON.stringify(problemDocument(problem, '/', correlationId));
  const head = [
    `HTTP/1.1 ${problem.status} ${problem.status === 431 ? 'Request Header Fields Too Large' : 'Refused'}`,
    `content-type: ${PROBLEM_TYPE}`,
    `content-length: ${Buffer.byteLength(body)}`,
    `x-correlation-id: ${correlationId}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroySoon());
}

const UNKNOWN_ROUTE: Problem = {
  status: 404,
  code: 'unknown-route',
  detail: 'There is no such route. The routes are listed at /docs.',
};
const NO_HOST: Problem = { status: 400, code: 'malformed-request', detail: 'HTTP/1.1 needs a Host header. Send one.' };
const ENCODED: Refusal = {
  problem: {
    status: 415,
    code: 'unsupported-encoding',
    detail: 'Send the body as it is, without compression: Content-Encoding is not taken here.',
  },
  headers: { 'accept-encoding': 'identity' },
};
const OTHER_CHARSET: Problem = {
  status: 415,
  code: 'unsupported-charset',
  detail: 'Send the body in UTF-8: JSON has no other charset.',
};
const MALFORMED: Problem = {
  status: 400,
  code: 'malformed-request',
  detail: 'This is no HTTP request. Check how the client writes its method, address, headers and body.',
};
/** By the code of Node's error. */
const UNPARSED: Readonly<Record<string, Problem>> = {
  HPE_HEADER_OVERFLOW: {
    status: 431,
    code: 'headers-too-large',
    detail: 'Address and headers together are too large. Send at most 16 KiB.',
  },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: {
    status: 413,
    code: 'body-too-large',
    detail: 'The extensions of a chunk are too large. Send the body without them.',
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: 408,
    code: 'request-timeout',
    detail: 'The request did not arrive in time. Send it again.',
  },
};
