import { z } from 'zod';
import { defineEvents, type EventOf } from '../define-events.js';
import { currencyCode, instant, keyedHash, minorAmount, units, unitsInAll, unitsOrNone } from '../shapes.js';

const orderLine = z.strictObject({ lineId: z.string(), sku: z.string(), units, unitPriceMinor: minorAmount });
export type OrderLine = z.output<typeof orderLine>;

/** Money of an order that is no goods: shipping, a surcharge, or below zero a discount. `code` is what the line had in place of a SKU. */
const charge = z.strictObject({ lineId: z.string(), code: z.string().optional(), amountMinor: z.int() });
export type Charge = z.output<typeof charge>;

/** Goods sold by the id of an offer that leads to no SKU yet. */
const offerLine = z.strictObject({ lineId: z.string(), externalId: z.string(), units, unitPriceMinor: minorAmount });
export type OfferLine = z.output<typeof offerLine>;

/** The reservation of this SKU that holds units for the line. */
const submittedLine = orderLine.extend({ reservationId: z.string().optional() });
export type SubmittedLine = z.output<typeof submittedLine>;

/** Things of an order in the order in which inventory allocates them: by the code units of their SKUs. */
export const inSkuOrder = <Item extends { readonly sku: string }>(items: readonly Item[]): Item[] =>
  items.toSorted((one, other) => (one.sku < other.sku ? -1 : one.sku > other.sku ? 1 : 0));

const lineUnits = z.array(z.strictObject({ lineId: z.string(), sku: z.string(), units }));

/** True where nothing is ordered any more from this event on, false where something is again; absent where neither changed. */
const emptied = z.boolean().optional();

/** Who bought, as far as the channel says: hashes that are equal for equal people. */
const buyer = z.strictObject({
  emailHash: keyedHash.optional(),
  phoneHash: keyedHash.optional(),
  channelCustomerHash: keyedHash.optional(),
});
export type Buyer = z.output<typeof buyer>;

/** Of stream `order-<orderId>`. The id of a channel's order is `<channel>.<external id, percent-encoded>`. */
export const orderEvents = defineEvents({
  SaleRecorded: {
    when: 'A channel sold something: it has happened, whatever our stock says.',
    data: z.strictObject({
      orderId: z.string(),
      channel: z.string(),
      externalOrderId: z.string(),
      externalRevision: z.int().min(0),
      currency: currencyCode,
      lines: z.array(orderLine),
      charges: z.array(charge).optional(),
      offers: z.array(offerLine).optional(),
      /** The first that was heard of it is that the channel had cancelled it. */
      cancelled: z.literal(true).optional(),
      buyer,
      placedAt: instant,
    }),
  },
  SaleAmended: {
    when: 'The channel sent a newer revision of an order or another content of the same one, or an offer of it led to a SKU; lines hold what is ordered from now on.',
    data: z.strictObject({
      orderId: z.string(),
      channel: z.string(),
      externalRevision: z.int().min(0),
      lines: z.array(orderLine),
      changes: z.array(
        z.strictObject({ lineId: z.string(), sku: z.string(), unitsBefore: unitsOrNone, unitsAfter: unitsOrNone }),
      ),
      /** What holds from now on; as before where it is absent. */
      charges: z.array(charge).optional(),
      offers: z.array(offerLine).optional(),
      /** This revision cancels the order. */
      cancelled: z.literal(true).optional(),
      /** Units that the channel had cancelled and takes back into the order. */
      reopened: lineUnits.optional(),
      /** Units that this revision no longer orders, and that the customer has already. */
      leftAnyway: lineUnits.optional(),
      /** The channel stated its prices in this currency, which is not the order's: units hold, prices stay as they were. */
      otherCurrency: currencyCode.optional(),
      emptied,
    }),
  },
  SaleDuplicateReceived: {
    when: 'The channel sent a revision and content that were already recorded.',
    data: z.strictObject({ orderId: z.string(), externalRevision: z.int().min(0) }),
  },
  SaleOutdatedReceived: {
    when: 'The channel sent a revision older than the recorded one, or of the same one after its cancellation; it is not applied.',
    data: z.strictObject({ orderId: z.string(), externalRevision: z.int().min(0), currentRevision: z.int().min(0) }),
  },
  OrderSubmitted: {
    when: 'A shopper asked our own shop for goods; nothing is promised yet.',
    data: z.strictObject({
      orderId: z.string(),
      channel: z.string(),
      currency: currencyCode,
      lines: z.array(submittedLine),
      buyer,
      placedAt: instant,
    }),
  },
  OrderPlaced: {
    when: 'Stock for every line of a submitted order is allocated.',
    data: z.strictObject({ orderId: z.string() }),
  },
  OrderDeclined: {
    when: 'A submitted order asked for more than is available; nothing of it is allocated.',
    data: z.strictObject({
      orderId: z.string(),
      short: z.array(
        z.strictObject({
          sku: z.string(),
          requested: unitsInAll,
          available: unitsInAll,
          /** Where it was not the number: the code of the refusal, and the reservation it is about. */
          reason: z.string().optional(),
          reservationId: z.string().optional(),
        }),
      ),
    }),
  },
  OrderLinesCancelled: {
    when: 'Units of an order that had not left were cancelled.',
    data: z.strictObject({
      orderId: z.string(),
      channel: z.string(),
      lines: lineUnits,
      reason: z.string(),
      emptied,
    }),
  },
  OrderLinesShipped: {
    when: 'Units of an order left, whatever the order says of them.',
    data: z.strictObject({ orderId: z.string(), channel: z.string(), shipmentId: z.string(), lines: lineUnits }),
  },
  OrderLinesReturned: {
    when: 'Units of an order came back to a location.',
    data: z.strictObject({
      orderId: z.string(),
      returnId: z.string(),
      locationId: z.string(),
      condition: z.enum(['available', 'damaged', 'inspection']),
      lines: lineUnits,
    }),
  },
});
export type OrderEvent = EventOf<typeof orderEvents>;
