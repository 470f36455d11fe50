import type { EventMetadata, RecordedEvent } from '#event-sourcing';
import { idFrom } from '#kernel';

/** Metadata of a command that a process sends because of an event: the same for every delivery of that event. */
export const becauseOf = (process: string, event: RecordedEvent, target: string): EventMetadata => ({
  commandId: idFrom(`${event.id}/${target}`),
  correlationId: event.metadata.correlationId,
  causationId: event.id,
  actor: `process:${process}`,
  occurredAt: event.metadata.occurredAt,
  receivedAt: event.metadata.receivedAt ?? event.recordedAt,
});
