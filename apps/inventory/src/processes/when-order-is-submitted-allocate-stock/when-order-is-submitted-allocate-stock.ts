import { inSkuOrder, type OrderEvent, type StockEvent, type SubmittedLine } from '#contracts';
import { defineProcess, type Process, type Sending } from '#event-sourcing';
import type { AskedLine } from '../../stock/allocations.decide.js';

import type { StockCommand } from '../../stock/stock.decide.js';
import { stockDecider } from '../../stock/stock.decider.js';
import type { ChannelPolicy } from '../../supply/channel-terms.js';
import { bySku } from '../by-sku.js';

interface AskedOrder {
  readonly orderId: string;
  readonly channel: string;
  readonly lines: readonly (AskedLine & Pick<SubmittedLine, 'sku'>)[];
}

/**
 * A shopper asked for goods: all lines are allocated, or none. A refusal is recorded on every SKU under the id of the command it
 * takes the place of, so that a repeat finds its answer and cannot decide otherwise. SKUs are asked in the order both services
 * know ({@link inSkuOrder}): the answer of the last one tells of all.
 */
export const allocateStockOfOrders = (policyOf: (channel: string) => ChannelPolicy): Process =>
  defineProcess<OrderEvent, AskedOrder>({
    name: 'when-order-is-submitted-allocate-stock',
    idOf: ({ data }) => data.orderId,
    starts: {
      OrderSubmitted: ({ data: { orderId, channel, lines } }) => ({ orderId, channel, lines: lines.map(asked) }),
    },
    steps: [
      {
        name: 'allocate',
        send: ({ orderId, channel, lines }) =>
          [...bySku(inSkuOrder(lines))].map(([sku, its]) =>
            allocation(orderId, sku, its.map(linesOf), policyOf(channel)),
          ),
      },
    ],
  });

function allocation(orderId: string, sku: string, lines: readonly AskedLine[], policy: ChannelPolicy): Sending {
  const command: StockCommand = { type: 'AllocateLines', as: 'request', orderId, lines, policy };
  const undo: StockCommand = { type: 'CancelAllocation', orderId, lines };
  const decline: StockCommand = { type: 'DeclineAllocation', orderId, lines, policy };
  const recordedAs = 'StockAllocationDeclined' satisfies StockEvent['type'];
  return { on: stockDecider, id: sku, command, undo, refusal: { command: decline, recordedAs } };
}

const asked = ({ lineId, sku, units, reservationId }: SubmittedLine) => ({
  lineId,
  sku,
  units,
  ...(reservationId !== undefined && { reservationId }),
});

const linesOf = ({ lineId, units, reservationId }: AskedLine): AskedLine => ({ lineId, units, reservationId });
