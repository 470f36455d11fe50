import { Rejected } from '#kernel';
import { ChannelSales } from '../../../apps/channels/src/intake/channel-sales.js';
import { IntakeInbox } from '../../../apps/channels/src/intake/intake-inbox.js';
import { IntakeTable } from '../../../apps/channels/src/intake/intake-table.js';
import { PushLedger } from '../../../apps/channels/src/push/push-ledger.js';
import { boundAhead, leavingFrom } from '../../../apps/inventory/src/stock/allocations.decide.js';
import { owed } from '../../../apps/inventory/src/stock/available-to-sell.js';
import { sum, unitsOfQuota } from '../../../apps/inventory/src/stock/stock-levels.js';
import { movementsOf } from '../../../apps/inventory/src/transfer/transfer.rules.js';
import { cancelLines, shipLines } from '../../../apps/orders/src/order/fulfilment.decide.js';
import { recordSale, reopenedBy, resolveOffers } from '../../../apps/orders/src/order/sales.decide.js';
import { isCharge } from '../../../apps/orders/src/order/sold.js';
import { inFunction, inMethod, type PlantedBug } from '../kit/planting.js';

/** In what becomes of messages that are not understood, facts that contradict each other, and sales that are heard of late. */
export const factBugs: readonly PlantedBug[] = [
  {
    name: 'unreadable-message-dropped',
    what: 'A webhook that is not understood is answered as if it were stored.',
    faults: [
      inMethod(
        IntakeTable,
        'insert',
        (insert) =>
          function (rows) {
            return insert.call(
              this,
              rows.filter(({ kind }) => kind !== 'unreadable'),
            );
          },
      ),
    ],
  },
  {
    name: 'unreadable-order-left-out-of-a-pull',
    what: 'What a pull does not understand is passed over.',
    faults: [
      inMethod(
        IntakeInbox,
        'takePulled',
        (take) =>
          function (channel, messages, watermark) {
            const understood = messages.filter(({ reading }) => reading.kind !== 'unreadable');
            return take.call(this, channel, understood, watermark);
          },
      ),
    ],
  },
  {
    name: 'pull-ends-at-what-is-unreadable',
    what: 'A page with an order that is not understood is never passed.',
    faults: [
      inMethod(
        IntakeInbox,
        'takePulled',
        (take) =>
          async function (channel, messages, watermark) {
            if (messages.some(({ reading }) => reading.kind === 'unreadable')) throw new Error('unreadable');
            return take.call(this, channel, messages, watermark);
          },
      ),
    ],
  },
  {
    name: 'discount-taken-for-goods',
    what: 'Whatever has a code is goods, a discount as well.',
    faults: [
      inFunction(
        isCharge,
        () =>
          ({ sku, externalId }) =>
            !sku && !externalId,
      ),
    ],
  },
  {
    name: 'charges-kept-from-before',
    what: 'An amended order keeps the charges it had.',
    faults: [
      inFunction(recordSale, (record) => (command, order) => {
        const decided = record(command, order);
        if (decided instanceof Rejected) return decided;
        return decided.map((event) => {
          if (event.type !== 'SaleAmended') return event;
          const { charges: _, ...data } = event.data;
          return { ...event, data };
        });
      }),
    ],
  },
  {
    name: 'revision-in-another-currency-ignored',
    what: 'A revision in another currency changes nothing.',
    faults: [
      inFunction(
        recordSale,
        (record) => (command, order) =>
          order.status === 'placed' && command.currency !== order.currency ? [] : record(command, order),
      ),
    ],
  },
  {
    name: 'cancellation-not-taken-back',
    what: 'Units that a channel had cancelled stay cancelled when it orders them again.',
    faults: [inFunction(reopenedBy, () => () => [])],
  },
  {
    name: 'offer-stays-unknown',
    what: 'What was sold by the id of an offer is never ordered of its SKU.',
    faults: [inFunction(resolveOffers, () => () => [])],
  },
  {
    name: 'parcel-beyond-the-order-refused',
    what: 'A parcel with more units than are open is refused.',
    faults: [
      inFunction(shipLines, (ship) => (command, order) => {
        const decided = ship(command, order);
        if (decided instanceof Rejected || decided.length === 0) return decided;
        const { orderId, lines } = command;
        const asked = cancelLines({ type: 'CancelLines', orderId, lines, reason: '' }, order);
        return asked instanceof Rejected && asked.code === 'not-cancellable' ? asked : decided;
      }),
    ],
  },
  {
    name: 'parcel-takes-only-what-is-allocated',
    what: 'Units of a parcel that were not bound to its order stay on the shelf.',
    faults: [
      inFunction(leavingFrom, (leaving) => (units, allocated, figures, supply) => {
        const taken = allocated.length > 0 ? Math.min(units, sum(allocated)) : units;
        return leaving(taken, allocated, figures, supply);
      }),
    ],
  },
  {
    name: 'checkout-allocated-twice',
    what: 'A sale does not find the units that its checkout confirmed.',
    faults: [inFunction(boundAhead, () => () => [])],
  },
  {
    name: 'missing-units-sold-again',
    what: 'Units that were sold and are missing do not count against what arrives elsewhere.',
    faults: [inFunction(owed, () => () => 0)],
  },
  {
    name: 'quota-comes-back-for-older-orders',
    what: 'Units of an order from before the quota give it back.',
    faults: [
      inFunction(
        unitsOfQuota,
        () =>
          ({ from }) =>
            sum(from),
      ),
    ],
  },
  {
    name: 'raised-before-sales-are-read',
    what: 'A channel gets numbers without being asked what it sold.',
    faults: [inMethod(ChannelSales, 'readUp', () => async () => true)],
  },
  {
    name: 'closed-channel-keeps-its-numbers',
    what: 'Offers of a closed channel get their numbers as before.',
    faults: [
      inMethod(
        PushLedger,
        'close',
        (close) =>
          function (channels) {
            return close.call(
              this,
              channels.filter(({ closed }) => !closed),
            );
          },
      ),
    ],
  },
  {
    name: 'transfer-arrives-and-stays-on-its-way',
    what: 'Units of a transfer that have arrived are in transit as well.',
    faults: [
      inFunction(
        movementsOf,
        (movements) => (event) =>
          movements(event).map(([sku, movement]) => [
            sku,
            movement.as === 'received'
              ? { ...movement, changes: movement.changes.map((change) => ({ ...change, inTransit: 0 })) }
              : movement,
          ]),
      ),
    ],
  },
  {
    name: 'cancelled-transfer-brings-nothing-back',
    what: 'The stock does not follow a transfer that is cancelled.',
    faults: [
      inFunction(movementsOf, (movements) => (event) => (event.type === 'TransferCancelled' ? [] : movements(event))),
    ],
  },
];
