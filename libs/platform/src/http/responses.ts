import { hash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Observable, tap } from 'rxjs';

/**
 * Reads carry an ETag and answer If-None-Match with 304; that of an aggregate begins with its revision ({@link RevisionTag}); longer answers are compressed for who takes gzip. Install after
 * what keeps answers. Answers are whole texts here, so a hook does what a library for streams would.
 */
export function installAnswers(instance: FastifyInstance): void {
  instance.addHook('onSend', (request, reply, payload, done) => {
    if (typeof payload !== 'string' || payload.length === 0) return void done(null, payload);
    if (isRead(request) && reply.statusCode === 200) {
      const etag = etagOf(payload, reply.getHeader(REVISION_HEADER));
      void reply.removeHeader(REVISION_HEADER);
      void reply.header('etag', etag);
      if (isKnown(request.headers['if-none-match'], etag)) {
        void reply.status(304).removeHeader('content-type').removeHeader('content-length');
        return void done(null, '');
      }
    }
    if (payload.length < MIN_COMPRESSED_LENGTH) return void done(null, payload);
    void reply.header('vary', 'accept-encoding');
    if (!takesGzip(request.headers['accept-encoding']) || reply.hasHeader('content-encoding'))
      return void done(null, payload);
    return compressed(payload, reply);
  });
}

/** Shorter answers fit into one packet as they are. */
const MIN_COMPRESSED_LENGTH = 1_400;

const isRead = ({ method }: FastifyRequest): boolean => method === 'GET' || method === 'HEAD';

/** Weak: equal answers, whatever bytes carry them. Strong for an aggregate, because If-Match takes no weak ones: `"<revision>.<hash>"`. */
function etagOf(payload: string, revision: unknown): string {
  const digest = hash('sha1', payload, 'base64url');
  return revision === undefined ? `W/"${digest}"` : `"${revision}.${digest}"`;
}

/** Between the route and what sends its answer; never leaves. */
const REVISION_HEADER = 'x-revision';

/** Puts the revision that an answer shows into its ETag. */
export class RevisionTag<Answer> implements NestInterceptor<Answer, Answer> {
  constructor(private readonly revisionOf: (answer: Answer) => number | undefined) {}

  intercept(context: ExecutionContext, next: CallHandler<Answer>): Observable<Answer> {
    if (context.getType() !== 'http') return next.handle();
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    return next.handle().pipe(
      tap((answer) => {
        const revision = this.revisionOf(answer);
        if (revision !== undefined) void reply.header(REVISION_HEADER, String(revision));
      }),
    );
  }
}

function isKnown(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.split(',').some((each) => each.trim() === '*' || weak(each.trim()) === weak(etag));
}

const weak = (etag: string): string => etag.replace(/^(?!W\/)/, 'W/');

/** Whether `Accept-Encoding` names gzip, or everything, with another weight than 0. */
function takesGzip(acceptEncoding: string | string[] | undefined): boolean {
  if (typeof acceptEncoding !== 'string') return false;
  const weights = new Map(
    acceptEncoding.split(',').map((each) => {
      const [coding = '', weight] = each.split(';');
      return [coding.trim().toLowerCase(), Number(weight?.replace(/^\s*q=/i, '') ?? 1)];
    }),
  );
  return (weights.get('gzip') ?? weights.get('*') ?? 0) > 0;
}

async function compressed(payload: string, reply: FastifyReply): Promise<Buffer> {
  const bytes = await gzipped(payload, { level: 5 });
  void reply.header('content-encoding', 'gzip').removeHeader('content-length');
  return bytes;
}

const gzipped = promisify<string, object, Buffer>(gzip);
