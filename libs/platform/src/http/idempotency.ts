import { hash } from 'node:crypto';
import { Logger, type RawBodyRequest } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Rejected } from '#kernel';
import { idempotentIdOf } from '../request-context.js';
import { callOf } from './call.js';
import { type IdempotencyStore, MAX_ANSWER_LENGTH, type StoredAnswer } from './idempotency-store.js';

/**
 * Idempotency-Key of draft-ietf-httpapi-idempotency-key-header for every route that changes something. Hooks and not a Nest interceptor,
 * because only here the answer is final: its status, its headers and its text, problem documents included.
 */
export function installIdempotency(instance: FastifyInstance, store: IdempotencyStore): void {
  const begun = new WeakMap<FastifyRequest, string>();

  // Most requests have no key and go on at once: a promise in each of their hooks would cost more than the rest of it.
  instance.addHook('preHandler', (request, reply, done) => {
    const id = CHANGING_METHODS.has(request.method) && !request.is404 ? idempotentIdOf(callOf(request)) : undefined;
    if (id !== undefined) return claim(id, request, reply);
    done();
    return undefined;
  });

  instance.addHook('onSend', (request, reply, payload, done) => {
    const id = begun.get(request);
    if (id !== undefined) return keep(id, request, reply, payload);
    done(null, payload);
    return undefined;
  });

  async function claim(id: string, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const result = await store.begin(id, fingerprintOf(request));
    if (result.state === 'reused') throw keyReused();
    if (result.state === 'running') {
      void reply.header('retry-after', '1');
      throw new Rejected('conflict', 'request-in-progress', IN_PROGRESS);
    }
    if (result.state === 'answered') return replay(result.answer, reply);
    begun.set(request, id);
    return undefined;
  }

  async function keep(id: string, request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<unknown> {
    begun.delete(request);
    try {
      const answer = finalAnswer(reply, payload);
      await (answer ? store.complete(id, answer) : store.forget(id));
    } catch (error) {
      // The effect stands and must be answered. The claim runs out, and a repeat has the same command id.
      logger.warn({
        msg: 'An answer could not be kept for repeats of its request',
        correlationId: request.id,
        err: error,
      });
    }
    return payload;
  }
}

/** Methods whose routes heed an Idempotency-Key. */
export const CHANGING_METHODS: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/** The refusal of a key that came with another request, over every protocol. */
export const keyReused = (): Rejected =>
  new Rejected(
    'invalid',
    'idempotency-key-reused',
    'This Idempotency-Key came with another request before. Use a new key for a new request.',
  );

const logger = new Logger('Idempotency');
const IN_PROGRESS = 'The first request with this Idempotency-Key is still being answered. Repeat it in a moment.';
const KEPT_HEADERS = ['content-type', 'location', 'etag'];

/** Bytes, not values: a repeated request sends the same ones, and nothing needs to be put into an order first. */
function fingerprintOf(request: RawBodyRequest<FastifyRequest>): string {
  return hash('sha256', Buffer.concat([Buffer.from(`${request.url}\n`), request.rawBody ?? Buffer.alloc(0)]), 'hex');
}

/** Success and refusals are final. What may go better next time (429, 5xx, Retry-After) or never began (400) is not. */
function finalAnswer(reply: FastifyReply, payload: unknown): StoredAnswer | undefined {
  const isRefusal = [404, 409, 422].includes(reply.statusCode) && !reply.hasHeader('retry-after');
  if (!(reply.statusCode < 300 || isRefusal)) return undefined;
  const body = payload ?? '';
  if (typeof body !== 'string' || body.length > MAX_ANSWER_LENGTH) return undefined;
  const headers = KEPT_HEADERS.flatMap((name) =>
    reply.hasHeader(name) ? [[name, String(reply.getHeader(name))]] : [],
  );
  return { status: reply.statusCode, headers: Object.fromEntries(headers), body };
}

function replay(answer: StoredAnswer, reply: FastifyReply): FastifyReply {
  return reply.status(answer.status).headers(answer.headers).header('idempotency-replayed', 'true').send(answer.body);
}
