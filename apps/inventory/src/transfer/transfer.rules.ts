import type { TransferEvent } from '#contracts';
import type { MoveInTransfer } from '../stock/transfers.decide.js';

type Movement = Omit<MoveInTransfer, 'type' | 'transferId'>;

/** What an event of a transfer changes of the stock of each SKU. Units are on hand or in transit until they are settled as lost. */
export function movementsOf(event: TransferEvent): readonly (readonly [sku: string, Movement])[] {
  const { from, to } = event.data;
  switch (event.type) {
    case 'TransferDispatched':
      return event.data.lines.map(({ sku, units }) => [
        sku,
        { as: 'dispatched', changes: [onHand(from, -units), inTransit(to, units)] },
      ]);
    case 'TransferReceived':
      return event.data.lines.map(({ sku, units }) => [
        sku,
        { as: 'received', changes: [{ locationId: to, onHand: units, inTransit: -units }] },
      ]);
    case 'TransferCancelled':
      return event.data.lines.map(({ sku, units }) => [
        sku,
        { as: 'cancelled', changes: [inTransit(to, -units), onHand(from, units)] },
      ]);
    case 'TransferDifferenceSettled': {
      const { sku, units, difference, as, foundAt } = event.data;
      const missing = difference === 'missing';
      const goods = missing ? as === 'found' && onHand(foundAt ?? to, units) : as === 'lost' && onHand(from, -units);
      return [[sku, { as: 'settled', changes: [inTransit(to, missing ? -units : units), ...(goods ? [goods] : [])] }]];
    }
    default:
      return event satisfies never;
  }
}

const onHand = (locationId: string, units: number) => ({ locationId, onHand: units, inTransit: 0 });
const inTransit = (locationId: string, units: number) => ({ locationId, onHand: 0, inTransit: units });
