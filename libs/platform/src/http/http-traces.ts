import type { FastifyInstance, FastifyRequest } from 'fastify';
import { beginTrace, isTracing, type Span } from '#event-sourcing';

/**
 * A step of a trace for every request but those of orchestrators and Prometheus, named by method and route. Answers how
 * to ask for the trace context of a request; undefined for one that is not recorded. Adds no hook while traces are off.
 */
export function installTraces(instance: FastifyInstance): (request: FastifyRequest) => string | undefined {
  if (!isTracing()) return () => undefined;
  const spans = new WeakMap<FastifyRequest, Span>();

  instance.addHook('onRequest', (request, _, done) => {
    const span = spanOf(request);
    if (span) spans.set(request, span);
    done();
  });

  instance.addHook('onResponse', (request, { statusCode }, done) => {
    spans.get(request)?.end({
      attributes: { 'http.response.status_code': statusCode },
      ...(statusCode >= 500 && { error: String(statusCode) }),
    });
    done();
  });

  return (request) => spans.get(request)?.traceparent;
}

function spanOf(request: FastifyRequest): Span | undefined {
  const { method } = request;
  const route = request.is404 ? 'unknown' : (request.routeOptions.url ?? 'unknown');
  if (UNTRACED.test(route)) return undefined;
  const { traceparent } = request.headers;
  return beginTrace(
    {
      name: `${method} ${route}`,
      kind: 'server',
      attributes: { 'http.request.method': method, 'http.route': route },
    },
    typeof traceparent === 'string' ? traceparent : undefined,
  );
}

/** What carries sales of many traces from service to service is in none of them: each goes on with its command. */
const UNTRACED = /^\/(health\/|metrics$|internal\/)/;
