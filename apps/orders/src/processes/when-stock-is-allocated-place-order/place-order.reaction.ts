import type { StockEvent } from '#contracts';
import { becauseOf, CommandRunner, type RecordedEvent } from '#event-sourcing';
import type { Reaction } from '#read-models';
import { orderDecider } from '../../order/order.decide.js';
import { skuOf } from '../sku-of.js';

type StockAllocated = RecordedEvent<Extract<StockEvent, { type: 'StockAllocated' }>>;

/** Inventory allocates the SKUs of a request in their order, so the last allocation of an order tells of all. */
export class WhenStockIsAllocatedPlaceOrder implements Reaction {
  readonly name = 'when-stock-is-allocated-place-order';
  readonly types = ['StockAllocated'];
  /** Most allocations are of sales that have happened, and lead to no command. */
  readonly pageSize = 5_000;

  constructor(private readonly commands: CommandRunner) {}

  async react(events: readonly StockAllocated[]): Promise<void> {
    const lastByOrder = new Map<string, StockAllocated>();
    for (const event of events) {
      if (event.data.as !== 'request') continue;
      const last = lastByOrder.get(event.data.orderId);
      if (!last || skuOf(event) > skuOf(last)) lastByOrder.set(event.data.orderId, event);
    }
    await Promise.all([...lastByOrder].map(([orderId, event]) => this.place(orderId, event)));
  }

  private async place(orderId: string, event: StockAllocated): Promise<void> {
    await this.commands.execute({
      on: orderDecider,
      id: orderId,
      command: { type: 'PlaceOrder', orderId, allocated: skuOf(event) },
      metadata: becauseOf(this.name, event, orderId),
      causedAt: event.position,
    });
  }
}
