import type { EventMetadata } from '#event-sourcing';
import { refusedInstant } from '#kernel';

/**
 * Metadata with the time at which it happened, where the caller knows it. Throws `Rejected('invalid-occurred-at')` for a time
 * at which nothing can have happened.
 */
export function occurred(
  { occurredAt }: { readonly occurredAt?: string | undefined },
  metadata: EventMetadata,
): EventMetadata {
  if (occurredAt === undefined) return metadata;
  const refusal = refusedInstant('occurredAt', occurredAt, metadata.occurredAt);
  if (refusal) throw refusal;
  return { ...metadata, occurredAt };
}
