import { type CallerMetadata, currentContext, type EventMetadata, traceIdOf, type WorkContext } from '#event-sourcing';
import { idFrom, newId, toIso } from '#kernel';
import { InvalidRequest } from './http/invalid-request.js';

/** What a command needs to know of the call it came with, whether over HTTP or gRPC. */
export interface Call {
  /** What an idempotency key is unique within: method and path. */
  readonly scope: () => string;
  /** By its name in lower case. */
  readonly header: (name: string) => string | undefined;
}

/**
 * Metadata of the events that answer a call. The command id derives from the scope and the Idempotency-Key, so a retry
 * is the same command; without a key every call is a new one. Throws {@link InvalidRequest} for an unusable key.
 */
export function commandMetadataOf(
  call: Call,
  now: number = Date.now(),
): EventMetadata & { readonly receivedAt: string } {
  const context = currentContext() ?? contextFrom(call);
  return {
    commandId: idempotentIdOf(call) ?? newId(now),
    correlationId: context.correlationId,
    actor: context.actor,
    occurredAt: toIso(now),
    receivedAt: toIso(now),
    ...(context.traceparent !== undefined && { traceparent: context.traceparent }),
  };
}

/** {@link commandMetadataOf} a call whose command is for one aggregate, with the revision that If-Match names. */
export function aggregateMetadataOf(call: Call): CallerMetadata {
  const metadata = commandMetadataOf(call);
  const expectedRevision = expectedRevisionOf(call);
  return expectedRevision === undefined ? metadata : { ...metadata, expectedRevision };
}

/**
 * The revision in an `If-Match`: an ETag of the aggregate as it was read, or `"12"`, the revision that a command answered.
 * Compared by the revision alone, so an ETag that a proxy made weak counts as well. Throws {@link InvalidRequest} for anything else.
 */
function expectedRevisionOf({ header }: Call): number | undefined {
  const ifMatch = header('if-match');
  if (ifMatch === undefined) return undefined;
  const revision = /^\s*(?:W\/)?"(\d{1,15})(?:\.[\w-]*)?"\s*$/.exec(ifMatch)?.[1];
  if (revision !== undefined) return Number(revision);
  throw new InvalidRequest(
    [{ in: 'header', pointer: '#/If-Match', message: 'Send the ETag of the resource as it was read, in its quotes.' }],
    'invalid-if-match',
  );
}

/** The id every repeat of this call has, as a UUID; undefined without an Idempotency-Key. */
export function idempotentIdOf(call: Call): string | undefined {
  const header = call.header('idempotency-key');
  if (header === undefined) return undefined;
  const key = /^"(.*)"$/.exec(header.trim())?.[1] ?? header.trim();
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw new InvalidRequest(
      [
        {
          in: 'header',
          pointer: '#/Idempotency-Key',
          message: 'Send 1 to 255 visible ASCII characters, for example a UUID.',
        },
      ],
      'invalid-idempotency-key',
    );
  }
  return idFrom(`${call.scope()} ${key}`);
}

/** The context of a call: its correlation id comes from `traceparent` or `x-correlation-id` when these are sound. */
export const contextFrom = (call: Pick<Call, 'header'>): WorkContext => ({
  correlationId: correlationIdOf(call),
  actor: actorOf(call),
});

/** The correlation id of a call: given by the caller, or a new one every time it is asked for. */
export const correlationIdOf = ({ header }: Pick<Call, 'header'>): string =>
  traceIdOf(header('traceparent')) ?? soundId(header('x-correlation-id')) ?? newId();

/** An actor is kept in events permanently, so it must be the name of a role or a client and never an e-mail address. */
export function actorOf({ header }: Pick<Call, 'header'>): string {
  const actor = header('x-actor');
  return actor !== undefined && /^[a-z0-9][a-z0-9:._-]{0,62}$/.test(actor) ? actor : 'anonymous';
}

const soundId = (given: string | undefined): string | undefined =>
  given !== undefined && /^[\w.:-]{1,128}$/.test(given) ? given : undefined;
