import { once } from 'node:events';
import type { ServerUnaryCall, ServerWritableStream } from '@grpc/grpc-js';
import { createParamDecorator } from '@nestjs/common';
import { from, type Observable } from 'rxjs';
import type { Call } from '../request-context.js';

/** The part of a gRPC server call that does not depend on its messages. */
export type GrpcCall = Pick<ServerUnaryCall<unknown, unknown>, 'metadata' | 'cancelled' | 'getPath' | 'on'>;

/** What a gRPC call says about itself, in the words of HTTP: metadata entries are headers. */
export const grpcCallOf = (call: GrpcCall): Call => ({
  scope: () => `gRPC ${call.getPath()}`,
  header: (name) => call.metadata.get(name)[0]?.toString(),
});

/** A parameter with a signal that aborts when the caller hangs up or its deadline has passed. */
export const CallSignal = createParamDecorator((_: unknown, context) => signalOf(context.getArgByIndex(2)));

export function signalOf(call: GrpcCall): AbortSignal {
  const controller = new AbortController();
  if (call.cancelled) controller.abort();
  else call.on('cancelled', () => controller.abort());
  return controller.signal;
}

/** A parameter with the call of a server-streaming method, for {@link streamed}. */
export const StreamCall = createParamDecorator(
  (_: unknown, context): ServerWritableStream<unknown, unknown> => context.getArgByIndex(2),
);

/**
 * The answer of a server-streaming method, pulled from `messages` at the pace of the client: the next message is asked
 * for when the ones before have left. Nest alone would buffer without bound for a slow client. Ends, and closes
 * `messages`, when the client hangs up, the deadline passes or `stop` aborts.
 */
export function streamed<Message>(
  call: ServerWritableStream<unknown, unknown>,
  messages: (signal: AbortSignal) => AsyncIterable<Message>,
  stop?: AbortSignal,
): Observable<Message> {
  const signal = AbortSignal.any([signalOf(call), ...(stop ? [stop] : [])]);
  return from(paced(call, messages(signal), signal));
}

async function* paced<Message>(
  call: ServerWritableStream<unknown, unknown>,
  messages: AsyncIterable<Message>,
  signal: AbortSignal,
): AsyncGenerator<Message> {
  for await (const message of messages) {
    if (signal.aborted) return;
    yield message;
    if (call.writableNeedDrain) await once(call, 'drain', { signal }).catch(() => undefined);
  }
}
