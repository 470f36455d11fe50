import type { IncomingMessage } from 'node:http';
import type { DynamicModule, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { runInContext } from '#event-sourcing';
import type { Config } from '../config.js';
import { PinoLogger } from '../logger.js';
import { serveOpenApi } from '../openapi.js';
import { Metrics } from '../operations/metrics.js';
import { platformAround } from '../platform.module.js';
import { actorOf, correlationIdOf } from '../request-context.js';
import { Shutdown } from '../shutdown.js';
import { MAX_BODY_BYTES } from './body-limits.js';
import { headersOf } from './call.js';
import { installHeavyBodies } from './heavy-bodies.js';
import { installTraces } from './http-traces.js';
import { installIdempotency } from './idempotency.js';
import { IDEMPOTENCY_STORE, type IdempotencyStore } from './idempotency-store.js';
import { parseJsonBody } from './json-body.js';
import { ProblemFilter, sendProblem } from './problem.filter.js';
import { installRefusals, refuseUnparsed } from './refusals.js';
import { installAnswers } from './responses.js';
import { Routes } from './routes.js';
import { ValidationPipe } from './validation.pipe.js';

/**
 * An HTTP application around `root` with everything every service shares. Not started yet. Some module must provide
 * IDEMPOTENCY_STORE. Bodies are JSON; the raw bytes are at `request.rawBody` (`@RawBody()`) for signature checks.
 */
export async function createHttpApp(
  root: Type | DynamicModule,
  config: Config,
  shutdown = new Shutdown(),
): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: 60_000,
    // Ours says it as a problem document.
    return503OnClosing: false,
    genReqId: (raw: IncomingMessage) => correlationIdOf(headersOf(raw)),
    // What the router refuses before any hook runs: an address that cannot be decoded or is too long.
    frameworkErrors: (error: FastifyError, request: FastifyRequest, reply: FastifyReply) =>
      sendProblem(error.code === 'FST_ERR_MAX_PARAM_LENGTH' ? LONG_URL : MALFORMED_URL, request, reply),
    clientErrorHandler: refuseUnparsed,
    // Ours says it as a problem document.
    http: { requireHostHeader: false },
    routerOptions: { maxParamLength: MAX_PARAMETER_LENGTH },
  });
  const app = await NestFactory.create<NestFastifyApplication>(platformAround(root, config, shutdown), adapter, {
    logger: new PinoLogger(config.logLevel),
    abortOnError: false,
    bodyParser: false,
  });
  const instance: FastifyInstance = app.getHttpAdapter().getInstance();
  installBodies(instance, adapter, installHeavyBodies(instance));
  const traceparentOf = installTraces(instance);
  installContext(instance, shutdown, traceparentOf);
  installRefusals(instance, new Routes(instance));
  installMetrics(instance, app.get(Metrics));
  installIdempotency(instance, app.get<IdempotencyStore>(IDEMPOTENCY_STORE, { strict: false }));
  installAnswers(instance);
  app.useGlobalPipes(new ValidationPipe());
  app.useGlobalFilters(new ProblemFilter());
  serveOpenApi(app);
  return app;
}

const MALFORMED_URL = {
  status: 400,
  code: 'malformed-url',
  detail: 'The address is not percent-encoded UTF-8.',
};
/** Ids of 128 characters of any script, percent-encoded within an id of ours. */
const MAX_PARAMETER_LENGTH = 2_048;
const LONG_URL = {
  status: 414,
  code: 'url-too-long',
  detail: `The address is too long: a part of it has more than ${MAX_PARAMETER_LENGTH} characters.`,
};

function installBodies(
  instance: FastifyInstance,
  adapter: FastifyAdapter,
  turnOf: (request: FastifyRequest) => Promise<void> | undefined,
): void {
  instance.removeAllContentTypeParsers();
  adapter.useBodyParser('application/json', true, { bodyLimit: MAX_BODY_BYTES }, (request, body, done) => {
    const parse = () => (isRawBodyOnly(request) ? undefined : parseJsonBody(body));
    const turn = turnOf(request);
    if (turn) turn.then(parse).then((value) => done(null, value), done);
    else done(null, parse());
  });
  instance.addHook('onRequest', (request, _, done) => {
    if (isRawBodyOnly(request)) request.raw.headers['content-type'] = 'application/json';
    done();
  });
  instance.addHook('onSend', (request, reply, payload, done) => {
    if (reply.statusCode === 413) letBodyEnd(request.raw, reply);
    done(null, payload);
  });
  instance.addHook('onRoute', (route) => {
    const config: { bodyLimitBytes?: number } | undefined = route.config;
    if (config?.bodyLimitBytes !== undefined) route.bodyLimit = config.bodyLimitBytes;
  });
}

const isRawBodyOnly = ({ routeOptions }: FastifyRequest): boolean =>
  (routeOptions.config as { rawBodyOnly?: boolean }).rawBodyOnly === true;

/**
 * A client that still sends hears an answer only when it is done; Fastify would close the connection under it, and it
 * would report a broken pipe. What is read here is thrown away.
 */
function letBodyEnd(body: IncomingMessage, reply: FastifyReply): void {
  void reply.removeHeader('connection');
  let bytesLeft = MAX_REFUSED_BODY_BYTES;
  body.on('data', (chunk: Buffer) => {
    bytesLeft -= chunk.length;
    if (bytesLeft < 0) body.destroy();
  });
}

/** Who sends more than this after a refusal is cut off. */
const MAX_REFUSED_BODY_BYTES = 67_108_864;

function installContext(
  instance: FastifyInstance,
  shutdown: Shutdown,
  traceparentOf: (request: FastifyRequest) => string | undefined,
): void {
  instance.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-correlation-id', request.id);
    if (shutdown.signal.aborted && !request.url.startsWith('/health/')) {
      sendProblem(
        {
          status: 503,
          code: 'stopping',
          detail: 'This process is stopping. Send the request again.',
          retryAfterMs: 1_000,
        },
        request,
        reply,
      );
      return;
    }
    const traceparent = traceparentOf(request);
    const context = { correlationId: request.id, actor: actorOf(headersOf(request.raw)) };
    runInContext(traceparent === undefined ? context : { ...context, traceparent }, done);
  });
  instance.addHook('onSend', (_, reply, payload, done) => {
    // A connection kept open by a client that expects more would hold up the end.
    if (shutdown.signal.aborted) void reply.header('connection', 'close');
    done(null, payload);
  });
}

function installMetrics(instance: FastifyInstance, metrics: Metrics): void {
  const durations = metrics.histogram({
    name: 'einklang_http_request_duration_seconds',
    help: 'Time from the first byte of a request to the last byte of its answer',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
  });
  instance.addHook('onResponse', (request, reply, done) => {
    durations.observe(
      { method: request.method, route: routeOf(request), status: reply.statusCode },
      reply.elapsedTime / 1_000,
    );
    done();
  });
}

const routeOf = (request: FastifyRequest): string =>
  request.is404 ? 'unknown' : (request.routeOptions.url ?? 'unknown');
