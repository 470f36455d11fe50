import { z } from 'zod';
import { defineEvents, type EventOf } from '../define-events.js';
import { instant, signedUnits, units, unitsAt, unitsInAll, unitsOrNone } from '../shapes.js';

const from = z.array(unitsAt);
/** Of the units, those that were taken before the channel's present quota was set: they do not count against it. */
const beforeQuota = unitsInAll.optional();

/** Of stream `stock-<sku>`: one SKU at all its locations. */
export const stockEvents = defineEvents({
  StockReceived: {
    when: 'Goods arrived at a location and stand on the shelf.',
    data: z.strictObject({
      locationId: z.string(),
      units,
      reference: z.string().optional(),
      /** Units that had arrived there under the same reference before. */
      receivedBefore: unitsInAll.optional(),
    }),
  },
  StockReserved: {
    when: 'Units were promised to a cart or checkout until a due time.',
    data: z.strictObject({ reservationId: z.string(), channel: z.string(), units, from, dueAt: instant }),
  },
  StockReservationConfirmed: {
    when: 'A reservation became the allocation of an order line.',
    data: z.strictObject({
      reservationId: z.string(),
      channel: z.string(),
      orderId: z.string(),
      lineId: z.string(),
      from,
    }),
  },
  StockReservationReleased: {
    when: 'A reservation was given back before it was due, or its order took its units.',
    data: z.strictObject({
      reservationId: z.string(),
      channel: z.string(),
      from,
      /** The order that took its units. */
      orderId: z.string().optional(),
      beforeQuota,
    }),
  },
  StockReservationExpired: {
    when: 'A reservation was not confirmed by its due time.',
    data: z.strictObject({ reservationId: z.string(), channel: z.string(), from, dueAt: instant, beforeQuota }),
  },
  StockAllocated: {
    when: 'Units were bound to an order line, after a request or because a sale had already happened elsewhere.',
    data: z.strictObject({
      orderId: z.string(),
      lineId: z.string(),
      channel: z.string(),
      /** A fact is bound even where the shelf does not hold it: see ShortageOpened. */
      as: z.enum(['request', 'fact']),
      from,
      /** The reservation that ran out and was confirmed all the same: its order has not asked for the units itself. */
      reservationId: z.string().optional(),
      beforeQuota,
    }),
  },
  StockAllocationDeclined: {
    when: 'An order asked for more than its channel may sell, so none of its lines was allocated.',
    data: z.strictObject({
      orderId: z.string(),
      channel: z.string(),
      requested: unitsInAll,
      available: unitsInAll,
      /** Where it was not the number that was refused: what is wrong with a reservation the order named. */
      reason: z.enum(['unknown-reservation', 'reservation-of-another-channel', 'reservation-confirmed']).optional(),
      reservationId: z.string().optional(),
    }),
  },
  StockAllocationCancelled: {
    when: 'Units of an order line were no longer wanted and became free.',
    data: z.strictObject({ orderId: z.string(), lineId: z.string(), channel: z.string(), from, beforeQuota }),
  },
  StockShipped: {
    when: 'Units of an order line left a location.',
    data: z.strictObject({ orderId: z.string(), lineId: z.string(), locationId: z.string(), units }),
  },
  StockReturned: {
    when: 'Goods came back to a location, fit for sale or not.',
    data: z.strictObject({
      returnId: z.string(),
      locationId: z.string(),
      units,
      condition: z.enum(['available', 'damaged', 'inspection']),
      /** The order the goods belong to; its returns are numbered within it. */
      orderId: z.string().optional(),
    }),
  },
  StockAdjusted: {
    when: 'The books were put right by hand, or by a parcel that proved them wrong: change of what is on hand and of what of it is unavailable.',
    data: z.strictObject({ locationId: z.string(), onHand: signedUnits, unavailable: signedUnits, reason: z.string() }),
  },
  StockCounted: {
    when: 'A person counted the shelf as of a revision; what moved after that revision still stands.',
    data: z.strictObject({
      locationId: z.string(),
      counted: unitsOrNone,
      asOfRevision: z.int().min(-1),
      /** On hand now: what was counted and what moved since. */
      onHand: unitsInAll,
    }),
  },
  StockTransferred: {
    when: 'Units of a transfer left or reached a location, came back to it, or their difference was settled.',
    data: z.strictObject({
      transferId: z.string(),
      as: z.enum(['dispatched', 'received', 'cancelled', 'settled']),
      locationId: z.string(),
      /** Change of what is on hand there. */
      onHand: signedUnits,
      /** Change of what is on its way there. */
      inTransit: signedUnits,
    }),
  },
  SafetyStockSet: {
    when: 'Units of a location are kept back from every channel from now on.',
    data: z.strictObject({ locationId: z.string(), units: unitsOrNone }),
  },
  ChannelRuleSet: {
    when: 'What one channel may show of this SKU changed; what is absent falls back to the rule of the channel.',
    data: z.strictObject({
      channel: z.string(),
      buffer: unitsOrNone.optional(),
      cap: unitsOrNone.optional(),
      sharePercent: z.int().min(0).max(100).optional(),
      /** Units ring-fenced for this channel; what it sells from now on uses them up. */
      quota: unitsOrNone.optional(),
      /** Why the SKU may not be offered there at all. */
      restriction: z.string().optional(),
    }),
  },
  ShortageOpened: {
    when: 'A location has bound more units than it holds fit for sale.',
    data: z.strictObject({ locationId: z.string(), units: unitsInAll }),
  },
  ShortageChanged: {
    when: 'An open shortage grew or shrank.',
    data: z.strictObject({ locationId: z.string(), units: unitsInAll }),
  },
  ShortageResolved: {
    when: 'A location holds again what it has bound.',
    data: z.strictObject({ locationId: z.string() }),
  },
});

export type StockEvent = EventOf<typeof stockEvents>;
