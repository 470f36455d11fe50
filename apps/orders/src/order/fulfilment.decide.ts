import type { OrderEvent } from '#contracts';
import { Rejected } from '#kernel';
import { byKey, type Line, type LineUnits, movedOnly, openUnits } from './lines.js';
import { contentOf, type Order, type PlacedOrder } from './order.js';
import { channelOf, isOrderId } from './order-id.js';

/** Units of a line. The SKU is needed only where a channel has put several on one line. */
export interface NamedUnits {
  readonly lineId: string;
  readonly sku?: string | undefined;
  readonly units: number;
}

export interface CancelLines {
  readonly type: 'CancelLines';
  readonly orderId: string;
  readonly lines: readonly NamedUnits[];
  readonly reason: string;
}

export interface ShipLines {
  readonly type: 'ShipLines';
  readonly orderId: string;
  readonly shipmentId: string;
  readonly lines: readonly NamedUnits[];
}

export interface ReturnLines {
  readonly type: 'ReturnLines';
  readonly orderId: string;
  readonly returnId: string;
  readonly locationId: string;
  readonly condition: 'available' | 'damaged' | 'inspection';
  readonly lines: readonly NamedUnits[];
}

/** Only what has not left can be cancelled. */
export function cancelLines({ orderId, lines: named, reason }: CancelLines, order: Order): OrderEvent[] | Rejected {
  if (order.status !== 'placed') return notPlaced(orderId, order);
  const lines = namedLines(named, order);
  if (lines instanceof Rejected) return lines;
  return (
    exceedsOpen(lines) ?? [
      { type: 'OrderLinesCancelled', data: { orderId, channel: order.channel, lines: unitsOf(lines), reason } },
    ]
  );
}

/**
 * A parcel has left: a fact, whatever the order says of its units. A shipment has an id of its own: the same one twice is
 * recorded once.
 */
export function shipLines({ orderId, shipmentId, lines: named }: ShipLines, order: Order): OrderEvent[] | Rejected {
  if (order.status === 'submitted') return notPlaced(orderId, order);
  const lines = movedLines(orderId, named, order);
  if (lines instanceof Rejected) return lines;
  const channel = order.status === 'new' ? channelOf(orderId) : order.channel;
  const shipped = { orderId, channel, shipmentId, lines: unitsOf(lines) };
  const earlier = order.status === 'new' ? undefined : order.shipments.get(shipmentId);
  if (earlier !== undefined) return earlier === contentOf(shipped) ? [] : otherContent('shipment', shipmentId);
  return [{ type: 'OrderLinesShipped', data: shipped }];
}

/** Goods came back: a fact as well. */
export function returnLines({ type: _, lines: named, ...command }: ReturnLines, order: Order): OrderEvent[] | Rejected {
  if (order.status === 'submitted') return notPlaced(command.orderId, order);
  const lines = movedLines(command.orderId, named, order);
  if (lines instanceof Rejected) return lines;
  const returned = { ...command, lines: unitsOf(lines) };
  const earlier = order.status === 'new' ? undefined : order.returns.get(command.returnId);
  if (earlier !== undefined) return earlier === contentOf(returned) ? [] : otherContent('return', command.returnId);
  return [{ type: 'OrderLinesReturned', data: returned }];
}

/** The units per line, each line once. One that the order does not have is taken where its SKU is said. */
function movedLines(orderId: string, named: readonly NamedUnits[], order: Order): Map<Line, number> | Rejected {
  if (order.status === 'new' && !isOrderId(orderId)) return notPlaced(orderId, order);
  const known = order.status === 'new' ? [] : order.lines;
  const unheard = named.filter(({ lineId, sku }) => sku !== undefined && !known.some(isLine(lineId, sku)));
  const lines = [...known, ...byKey(unheard.map(({ lineId, sku = '' }) => movedOnly({ lineId, sku }))).values()];
  if (lines.length === 0) return notPlaced(orderId, order);
  return namedLines(named, { lines });
}

const isLine =
  (lineId: string, sku: string | undefined) =>
  (line: Line): boolean =>
    line.lineId === lineId && (sku === undefined || line.sku === sku);

/** The units per line of the order, each line once. */
function namedLines(named: readonly NamedUnits[], { lines }: Pick<PlacedOrder, 'lines'>): Map<Line, number> | Rejected {
  const units = new Map<Line, number>();
  for (const { lineId, sku, units: more } of named) {
    const [line, another] = lines.filter(isLine(lineId, sku));
    if (!line)
      return new Rejected('not-found', 'unknown-line', `The order has no line ${lineId}${sku ? ` of ${sku}` : ''}.`, {
        lineId,
      });
    if (another)
      return new Rejected('invalid', 'ambiguous-line', `Line ${lineId} has held several SKUs. Name the one you mean.`, {
        lineId,
      });
    units.set(line, (units.get(line) ?? 0) + more);
  }
  return units;
}

/** A request that asks for more than is open is refused. */
function exceedsOpen(lines: Map<Line, number>): Rejected | undefined {
  for (const [line, units] of lines) {
    const available = openUnits(line);
    if (units <= available) continue;
    const { lineId, sku } = line;
    const message = `${available} units of line ${lineId} can be cancelled, not ${units}.`;
    return new Rejected('conflict', 'not-cancellable', message, { lineId, sku, requested: units, available });
  }
  return undefined;
}

const unitsOf = (lines: Map<Line, number>): LineUnits[] =>
  [...lines].map(([{ lineId, sku }, units]) => ({ lineId, sku, units }));

function notPlaced(orderId: string, { status }: Order): Rejected {
  if (status === 'new' || status === 'unknown')
    return new Rejected('not-found', 'unknown-order', `There is no order ${orderId}.`, { orderId });
  return new Rejected('conflict', 'order-not-placed', `Order ${orderId} is ${status}: it has no units to move.`, {
    orderId,
  });
}

const otherContent = (what: 'shipment' | 'return', id: string): Rejected =>
  new Rejected(
    'conflict',
    `${what}-differs`,
    `There is a ${what} ${id} with other lines already. Give this one an id of its own.`,
    { id },
  );
