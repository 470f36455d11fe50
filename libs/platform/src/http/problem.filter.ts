import { type ArgumentsHost, Catch, type ExceptionFilter, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { PROBLEM_TYPE, type Problem, problemDocument, problemFor } from './problem.js';

/** Answers every error of an HTTP request once, as application/problem+json. Faults are logged and reveal only an id. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const problem = problemFor(error) ?? fault(error, request);
    if (reply.raw.headersSent) {
      // The status has left already: a cut connection is the only way left to say that the answer is not whole.
      reply.raw.destroy();
      return;
    }
    sendProblem(problem, request, reply);
  }
}

export function sendProblem(problem: Problem, request: FastifyRequest, reply: FastifyReply): void {
  if (problem.retryAfterMs !== undefined)
    void reply.header('retry-after', String(Math.ceil(problem.retryAfterMs / 1_000)));
  void reply
    .status(problem.status)
    .header('content-type', PROBLEM_TYPE)
    .header('x-correlation-id', request.id)
    .send(JSON.stringify(problemDocument(problem, pathOf(request), request.id)));
}

/** The path of a request without its query. */
export const pathOf = (request: FastifyRequest): string => request.url.split('?', 1)[0] ?? request.url;

const logger = new Logger('Http');

function fault(error: unknown, request: FastifyRequest): Problem {
  logger.error({
    msg: 'A request failed',
    method: request.method,
    path: pathOf(request),
    correlationId: request.id,
    err: error,
  });
  const detail = `Something went wrong on our side. The log has the cause under the correlation id ${request.id}.`;
  return { status: 500, code: 'internal-error', detail };
}
