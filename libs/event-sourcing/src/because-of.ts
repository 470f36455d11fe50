import { idFrom, newId, toIso } from '#kernel';
import type { EventMetadata, RecordedEvent } from './event-store.js';

/**
 * Metadata of a command that a process sends because of an event: the same for every delivery of that event. `target`
 * tells the commands of one event apart. Hand the event's position to the runner as well (`causedAt`).
 */
export function becauseOf(process: string, event: RecordedEvent, target: string): EventMetadata {
  return {
    commandId: idFrom(`${event.id}/${target}`),
    correlationId: event.metadata.correlationId,
    causationId: event.id,
    actor: `process:${process}`,
    occurredAt: event.metadata.occurredAt,
    receivedAt: event.metadata.receivedAt ?? event.recordedAt,
    ...(event.metadata.traceparent !== undefined && { traceparent: event.metadata.traceparent }),
  };
}

/** Metadata of a command that a process sends by itself, because of the time or of what it has seen: a new one each time. */
export function byItself(process: string, now: number): EventMetadata {
  const id = newId(now);
  const at = toIso(now);
  return { commandId: id, correlationId: id, actor: `process:${process}`, occurredAt: at, receivedAt: at };
}
