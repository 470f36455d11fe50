import type { StockEvent } from '#contracts';
import { becauseOf, CommandRunner, type EventStore, type RecordedEvent } from '#event-sourcing';
import type { Reaction } from '#read-models';
import type { ShortSku } from '../../order/checkout.decide.js';
import { orderDecider } from '../../order/order.decide.js';
import { skuOf } from '../sku-of.js';

type AllocationDeclined = RecordedEvent<Extract<StockEvent, { type: 'StockAllocationDeclined' }>>;

/**
 * Inventory records its refusal on every SKU of the order in one commit, where the store can commit several streams. Only
 * together these events tell which SKUs are short, so what a page has cut off is read from the log. Elsewhere the refusal
 * is one event, of the first SKU that is short.
 */
export class WhenAllocationIsDeclinedDeclineOrder implements Reaction {
  readonly name = 'when-allocation-is-declined-decline-order';
  readonly types = ['StockAllocationDeclined'];

  constructor(
    private readonly commands: CommandRunner,
    private readonly store: EventStore,
  ) {}

  async react(events: readonly AllocationDeclined[]): Promise<void> {
    const byOrder = Map.groupBy([...events, ...(await this.cutOff(events.at(-1)))], ({ data }) => data.orderId);
    await Promise.all([...byOrder].map(([orderId, declined]) => this.decline(orderId, declined)));
  }

  /** The refusals of the same order behind the last event of a page: at most one per line of an order. */
  private async cutOff(last: AllocationDeclined | undefined): Promise<readonly AllocationDeclined[]> {
    if (!last || !this.store.atomicAcrossStreams) return [];
    const page = await this.store.readAll({ after: last.position, limit: MAX_LINES, filter: { types: this.types } });
    const following = page.events as readonly AllocationDeclined[];
    return following.filter(({ data }) => data.orderId === last.data.orderId);
  }

  private async decline(orderId: string, declined: readonly AllocationDeclined[]): Promise<void> {
    const [first] = declined;
    if (!first) return;
    await this.commands.execute({
      on: orderDecider,
      id: orderId,
      command: { type: 'DeclineOrder', orderId, short: shortOf(declined) },
      metadata: becauseOf(this.name, first, orderId),
      causedAt: first.position,
    });
  }
}

const MAX_LINES = 1_000;

/** The SKUs of which too many were asked for, or with a reservation that cannot be used; all, where it was something else. */
function shortOf(declined: readonly AllocationDeclined[]): ShortSku[] {
  const all = declined.map((event): ShortSku => {
    const { orderId: _, channel: __, ...why } = event.data;
    return { sku: skuOf(event), ...why };
  });
  const short = all.filter(({ requested, available, reason }) => requested > available || reason !== undefined);
  return short.length > 0 ? short : all;
}
