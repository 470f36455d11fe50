import { Inject, Injectable } from '@nestjs/common';
import type { OrderEvent } from '#contracts';
import { becauseOf, type RecordedEvent } from '#event-sourcing';
import { Rejected } from '#kernel';
import type { Reaction } from '#read-models';
import { STOCK_RUNNER, type StockRunner } from '../../stock/change-stock.js';
import { SupplyDirectory } from '../../supply/supply-directory.js';
import { bySku } from '../by-sku.js';

type OrderSubmitted = RecordedEvent<Extract<OrderEvent, { type: 'OrderSubmitted' }>>;

/**
 * A shopper asked for goods: all lines are allocated in one commit, or none. A refusal is recorded on every SKU of the
 * order under the command's own id, so that a repeat of the event finds its answer and cannot decide otherwise.
 */
@Injectable()
export class WhenOrderIsSubmittedAllocateStock implements Reaction {
  readonly name = 'when-order-is-submitted-allocate-stock';
  readonly types = ['OrderSubmitted'];

  constructor(
    @Inject(STOCK_RUNNER) private readonly runner: StockRunner,
    private readonly supply: SupplyDirectory,
  ) {}

  async react(events: readonly RecordedEvent[]): Promise<void> {
    await Promise.all((events as readonly OrderSubmitted[]).map((event) => this.allocate(event)));
  }

  private async allocate(event: OrderSubmitted): Promise<void> {
    const { orderId } = event.data;
    const policy = this.supply.policyOf(event.data.channel);
    const lines = [...bySku(event.data.lines)];
    const metadata = becauseOf(this.name, event, orderId);
    try {
      await this.runner.executeTogether(
        lines.map(([sku, group]) => ({
          id: sku,
          command: {
            type: 'AllocateLines',
            as: 'request',
            orderId,
            lines: group.map(({ lineId, units }) => ({ lineId, units })),
            policy,
          },
        })),
        metadata,
        event.position,
      );
    } catch (error) {
      if (!(error instanceof Rejected)) throw error;
      await this.runner.executeTogether(
        lines.map(([sku, group]) => ({
          id: sku,
          command: {
            type: 'DeclineAllocation',
            orderId,
            requested: group.reduce((sum, { units }) => sum + units, 0),
            policy,
          },
        })),
        metadata,
        event.position,
      );
    }
  }
}
