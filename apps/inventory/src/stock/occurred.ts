import type { EventMetadata } from '#event-sourcing';

/** Metadata with the time at which it happened, where the caller knows it. */
export const occurred = (body: { readonly occurredAt?: string | undefined }, metadata: EventMetadata): EventMetadata =>
  body.occurredAt === undefined ? metadata : { ...metadata, occurredAt: body.occurredAt };
