import { Injectable } from '@nestjs/common';
import type { StockEvent } from '#contracts';
import { becauseOf, type RecordedEvent } from '#event-sourcing';
import type { Reaction } from '#read-models';
import { OrderRunner } from '../../order/order-runner.js';
import { OrderDecisions } from '../../order/submit-order/order-decisions.js';

type StockAllocated = RecordedEvent<Extract<StockEvent, { type: 'StockAllocated' }>>;

/**
 * Inventory allocates all lines of a request in one commit, so the first allocation of an order tells of all of them;
 * the others change nothing.
 */
@Injectable()
export class WhenStockIsAllocatedPlaceOrder implements Reaction {
  readonly name = 'when-stock-is-allocated-place-order';
  readonly types = ['StockAllocated'];
  /** Most allocations are of sales that have happened, and lead to no command. */
  readonly pageSize = 5_000;

  constructor(
    private readonly orders: OrderRunner,
    private readonly decisions: OrderDecisions,
  ) {}

  async react(events: readonly StockAllocated[]): Promise<void> {
    const requested = events.filter(({ data }) => data.as === 'request').toReversed();
    const firstByOrder = new Map(requested.map((event) => [event.data.orderId, event]));
    await Promise.all([...firstByOrder].map(([orderId, event]) => this.place(orderId, event)));
  }

  private async place(orderId: string, event: StockAllocated): Promise<void> {
    const { events } = await this.orders.execute(
      orderId,
      { type: 'PlaceOrder', orderId },
      becauseOf(this.name, event, orderId),
      event.position,
    );
    if (events.length > 0) this.decisions.tell(orderId, { status: 'placed' });
  }
}
