import { status } from '@grpc/grpc-js';
import { beginTrace, type Span } from '#event-sourcing';
import type { GrpcCall } from './grpc-call.js';

/**
 * Serves a call as a step of a trace: hands on its trace context, to be spread into the context of the call, and what
 * answers it. A stream is one step from its first message to its end.
 */
export function traceCall<Result>(
  call: GrpcCall,
  answer: unknown,
  serve: (traceparent: { readonly traceparent?: string }, answer: unknown) => Result,
): Result {
  const method = call.getPath().slice(1);
  const span = beginTrace(
    { name: method, kind: 'server', attributes: { 'rpc.system': 'grpc', 'rpc.method': method } },
    call.metadata.get('traceparent')[0]?.toString(),
  );
  if (!span) return serve({}, answer);
  return serve({ traceparent: span.traceparent }, endingWith(span, call, answer));
}

function endingWith(span: Span, call: GrpcCall, answer: unknown): unknown {
  let ended = false;
  const end = (code: number): void => {
    if (ended) return;
    ended = true;
    span.end({
      attributes: { 'rpc.grpc.status_code': code },
      ...(FAULTS.has(code) && { error: status[code] ?? String(code) }),
    });
  };
  // Told of calls that were answered as well.
  call.on('cancelled', () => end(status.CANCELLED));
  if (!isCallback(answer)) {
    call.on('error', (error) => end(codeOf(error)));
    call.on('finish', () => end(status.OK));
    return answer;
  }
  return (...result: unknown[]) => {
    end(codeOf(result[0]));
    answer(...result);
  };
}

/** Those that say that the server is at fault. https://opentelemetry.io/docs/specs/semconv/rpc/grpc/ */
const FAULTS: ReadonlySet<number> = new Set([
  status.UNKNOWN,
  status.DEADLINE_EXCEEDED,
  status.UNIMPLEMENTED,
  status.INTERNAL,
  status.UNAVAILABLE,
  status.DATA_LOSS,
]);

const isCallback = (answer: unknown): answer is (...result: unknown[]) => void => typeof answer === 'function';

function codeOf(error: unknown): number {
  if (!error) return status.OK;
  return typeof error === 'object' && 'code' in error && typeof error.code === 'number' ? error.code : status.UNKNOWN;
}
