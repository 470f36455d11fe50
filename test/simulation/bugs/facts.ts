import type { PlantedBug } from '../kit/planting.js';

const inbox = 'apps/channels/src/intake/intake-inbox.ts';
const poller = 'apps/channels/src/intake/orders-poller.ts';
const sales = 'apps/orders/src/order/sales.decide.ts';
const sold = 'apps/orders/src/order/record-sale/sold.ts';
const ledger = 'apps/channels/src/push/push-ledger.ts';
const allocations = 'apps/inventory/src/stock/allocations.decide.ts';

/** In what becomes of messages that are not understood, facts that contradict each other, and sales that are told late. */
export const factBugs: readonly PlantedBug[] = [
  {
    name: 'unreadable-message-dropped',
    what: 'A webhook that is not understood is answered as if it were stored.',
    edits: [{ file: inbox, find: 'rows: setAside(reading),', replace: 'rows: [],' }],
  },
  {
    name: 'unreadable-order-left-out-of-a-pull',
    what: 'What a pull does not understand is passed over.',
    edits: [
      {
        file: poller,
        find: 'await this.inbox.takePulled(channel, messages, page.next)',
        replace:
          "await this.inbox.takePulled(channel, messages.filter(({ reading })=>reading.kind !== 'unreadable'), page.next)",
      },
    ],
  },
  {
    name: 'pull-ends-at-what-is-unreadable',
    what: 'A page with an order that is not understood is never passed.',
    edits: [
      {
        file: poller,
        find: 'read += messages.length;',
        replace:
          "if (messages.some(({ reading })=>reading.kind === 'unreadable')) throw new Error('unreadable');\n            read += messages.length;",
      },
    ],
  },
  {
    name: 'discount-taken-for-goods',
    what: 'Whatever has a code is goods, a discount as well.',
    edits: [{ file: sold, find: 'unitPriceMinor < 0 || !sku && !externalId', replace: '!sku && !externalId' }],
  },
  {
    name: 'charges-kept-from-before',
    what: 'An amended order keeps the charges it had.',
    edits: [{ file: sales, find: '...charges.length + order.charges.length > 0 && {', replace: '...false && {' }],
  },
  {
    name: 'revision-in-another-currency-ignored',
    what: 'A revision in another currency changes nothing.',
    edits: [
      {
        file: sales,
        find: 'if (externalRevision < currentRevision',
        replace: 'if (command.currency !== order.currency || externalRevision < currentRevision',
      },
    ],
  },
  {
    name: 'cancellation-not-taken-back',
    what: 'Units that a channel had cancelled stay cancelled when it orders them again.',
    shownBy: 207,
    edits: [{ file: sales, find: 'const reopened = reopenedBy(sent, order);', replace: 'const reopened = [];' }],
  },
  {
    name: 'offer-stays-unknown',
    what: 'What was sold by the id of an offer is never ordered of its SKU.',
    edits: [
      {
        file: sales,
        find: 'if (resolved.length === 0) return [];',
        replace: 'return [];',
      },
    ],
  },
  {
    name: 'parcel-beyond-the-order-refused',
    what: 'A parcel with more units than are open is refused.',
    edits: [
      {
        file: 'apps/orders/src/order/fulfilment.decide.ts',
        find: "return [\n        {\n            type: 'OrderLinesShipped',",
        replace: "return exceedsOpen(lines) ?? [\n        {\n            type: 'OrderLinesShipped',",
      },
    ],
  },
  {
    name: 'parcel-takes-only-what-is-allocated',
    what: 'Units of a parcel that were not bound to its order stay on the shelf.',
    edits: [
      {
        file: allocations,
        find: 'let left = takeFrom(allocatedAndThere, units);',
        replace: 'let left = takeFrom(allocatedAndThere, units);\n    if (allocated.length > 0) return left;',
      },
    ],
  },
  {
    name: 'checkout-allocated-twice',
    what: 'A sale does not find the units that its checkout confirmed.',
    edits: [{ file: allocations, find: '.filter(({ ahead })=>ahead)', replace: '.filter(()=>false)' }],
  },
  {
    name: 'missing-units-sold-again',
    what: 'Units that were sold and are missing do not count against what arrives elsewhere.',
    edits: [
      {
        file: 'apps/inventory/src/stock/available-to-sell.ts',
        find: 'supplied - owed(figures, policy) - ringFenced',
        replace: 'supplied - ringFenced',
      },
    ],
  },
  {
    name: 'quota-comes-back-for-older-orders',
    what: 'Units of an order from before the quota give it back.',
    shownBy: 186,
    edits: [
      { file: 'apps/inventory/src/stock/stock-levels.ts', find: 'sum(from) - beforeQuota', replace: 'sum(from)' },
    ],
  },
  {
    name: 'raised-before-sales-are-read',
    what: 'A channel is told numbers without being asked what it sold.',
    edits: [
      {
        file: 'apps/channels/src/push/channel-pusher.ts',
        find: 'await this.#readSales(signal);',
        replace: '',
      },
    ],
  },
  {
    name: 'closed-channel-keeps-its-numbers',
    what: 'Offers of a closed channel get their numbers as before.',
    edits: [
      {
        file: ledger,
        find: 'from change c where c.closed and',
        replace: 'from change c where false and',
      },
    ],
  },
];
