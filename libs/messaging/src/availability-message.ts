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

/** The key is the SKU, so that compaction keeps the newest number of each. The position is the sequence of the feed. */
export function encodeAvailability(change: AvailabilityChange): EncodedEvent {
  const id = `${change.sku}/${change.sequence}`;
  const event: RecordedEvent = {
    id,
    type: AVAILABILITY_CHANGED,
    data: change,
    stream: `availability-${change.sku}`,
    revision: Math.max(0, change.stockRevision),
    position: change.sequence,
    recordedAt: change.receivedAt,
    metadata: {
      commandId: id,
      correlationId: id,
      actor: 'inventory',
      occurredAt: change.receivedAt,
      receivedAt: change.receivedAt,
    },
  };
  return { ...encodeEvent(event), key: change.sku };
}

/** The change in a message a consumer was handed. Throws a `ZodError` when it is none. */
export const availabilityIn = ({ data }: RecordedEvent): AvailabilityChange => availabilitySchema.parse(data);
