import { z } from 'zod';
import type { AvailabilityChange } from '#contracts';
import type { RecordedEvent } from '#event-sourcing';
import { type EncodedEvent, encodeEvent } from './cloud-event.js';

/** Name of the message on the topic of availability. It is not stored in the log. */
export const AVAILABILITY_CHANGED = 'AvailabilityChanged';

/** {@link AvailabilityChange} as it travels. */
export const availabilitySchema = z.strictObject({
  sequence: z.int().min(0),
  sku: z.string(),
  stockRevision: z.int().min(-1),
  available: z.record(z.string(), z.int().min(0)),
  receivedAt: z.iso.datetime(),
});

/** The change as an event, though the log has none: its position is the sequence of the feed. */
export function availabilityEvent({ traceparent, ...change }: AvailabilityChange): RecordedEvent {
  const id = `${change.sku}/${change.sequence}`;
  return {
    id,
    type: AVAILABILITY_CHANGED,
    data: change,
    stream: `${STREAM_PREFIX}${change.sku}`,
    revision: Math.max(0, change.stockRevision),
    position: change.sequence,
    recordedAt: change.receivedAt,
    metadata: {
      commandId: id,
      correlationId: id,
      actor: 'inventory',
      occurredAt: change.receivedAt,
      receivedAt: change.receivedAt,
      ...(traceparent !== undefined && { traceparent }),
    },
  };
}

/** The key is the SKU, so that compaction keeps the newest number of each. */
export const encodeAvailability = (event: RecordedEvent): EncodedEvent => ({
  ...encodeEvent(event),
  key: event.stream.slice(STREAM_PREFIX.length),
});

const STREAM_PREFIX = 'availability-';

/** The change in a message a consumer was handed. Throws a `ZodError` when it is none. */
export const availabilityIn = ({ data, metadata: { traceparent } }: RecordedEvent): AvailabilityChange => ({
  ...availabilitySchema.parse(data),
  ...(traceparent !== undefined && { traceparent }),
});
