import type { StockEvent } from '#contracts';
import { type EventStore, type RecordedEvent } from '#event-sourcing';
import { Rejected } from '#kernel';
import type { MoveStock } from './movements.decide.js';

/** Tells a document that comes again from another one under its id. */
export class KnownDocuments {
  constructor(private readonly store: EventStore) {}

  /** Throws `Rejected('command-id-reused')` when what is recorded under the id is something else. */
  async requireSame(sku: string, commandId: string, command: MoveStock): Promise<void> {
    const recorded = await this.recordedUnder(commandId, `stock-${sku}`);
    if (recorded.length === 0 || contentOf(recorded) === contentOf(command.movements.map(eventOf))) return;
    throw new Rejected(
      'conflict',
      'command-id-reused',
      `Under ${commandId} other movements of ${sku} are recorded. Give these an id of their own.`,
      { commandId },
    );
  }

  /** The events of a command, which stand together; none when the newest {@link EVENTS_READ_MAX} of the stream hold none of it. */
  private async recordedUnder(commandId: string, stream: string): Promise<readonly StockEvent[]> {
    const found: RecordedEvent<StockEvent>[] = [];
    let from = Number.MAX_SAFE_INTEGER;
    for (let read = 0; read < EVENTS_READ_MAX && from >= 0; read += PAGE_SIZE) {
      const page = await this.store.readStream(stream, { from, limit: PAGE_SIZE, direction: 'backwards' });
      for (const event of page as readonly RecordedEvent<StockEvent>[])
        if (event.metadata.commandId === commandId) found.push(event);
      const oldest = page.at(-1);
      if (!oldest || (found.length > 0 && oldest.metadata.commandId !== commandId)) break;
      from = oldest.revision - 1;
    }
    return found;
  }
}

const PAGE_SIZE = 2_000;
const EVENTS_READ_MAX = 20_000;

/** Equal for the same movements, in whatever order. */
const contentOf = (events: readonly StockEvent[]): string =>
  JSON.stringify(events.flatMap((event) => movedBy(event) ?? []).toSorted());

function movedBy({ type, data }: StockEvent): string | undefined {
  if (type === 'StockReceived') return JSON.stringify([type, data.locationId, data.units, data.reference]);
  if (type === 'StockReturned') return JSON.stringify([type, data.locationId, data.units, data.condition]);
  if (type === 'StockAdjusted')
    return JSON.stringify([type, data.locationId, data.onHand, data.unavailable, data.reason]);
  return undefined;
}

function eventOf(movement: MoveStock['movements'][number]): StockEvent {
  switch (movement.type) {
    case 'ReceiveStock': {
      const { type: _, ...data } = movement;
      return { type: 'StockReceived', data };
    }
    case 'ReturnStock': {
      const { type: _, ...data } = movement;
      return { type: 'StockReturned', data };
    }
    case 'AdjustStock': {
      const { type: _, ...data } = movement;
      return { type: 'StockAdjusted', data };
    }
    default:
      return movement satisfies never;
  }
}
