import type { OrderEvent } from '#contracts';
import { Rejected } from '#kernel';
import { keptUnits, type Line, type LineUnits, openUnits } from './lines.js';
import { contentOf, type Order, type PlacedOrder } from './order.js';

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
    beyond(lines, openUnits, 'not-cancellable', 'can be cancelled') ?? [
      { type: 'OrderLinesCancelled', data: { orderId, channel: order.channel, lines: unitsOf(lines), reason } },
    ]
  );
}

/** A shipment has an id of its own: the same one twice is recorded once. */
export function shipLines({ orderId, shipmentId, lines: named }: ShipLines, order: Order): OrderEvent[] | Rejected {
  if (order.status !== 'placed') return notPlaced(orderId, order);
  const lines = namedLines(named, order);
  if (lines instanceof Rejected) return lines;
  const shipped = { orderId, channel: order.channel, shipmentId, lines: unitsOf(lines) };
  const earlier = order.shipments.get(shipmentId);
  if (earlier !== undefined) return earlier === contentOf(shipped) ? [] : otherContent('shipment', shipmentId);
  return beyond(lines, openUnits, 'not-open', 'are open') ?? [{ type: 'OrderLinesShipped', data: shipped }];
}

/** At most what has left and not come back. */
export function returnLines({ type: _, lines: named, ...command }: ReturnLines, order: Order): OrderEvent[] | Rejected {
  if (order.status !== 'placed') return notPlaced(command.orderId, order);
  const lines = namedLines(named, order);
  if (lines instanceof Rejected) return lines;
  const returned = { ...command, lines: unitsOf(lines) };
  const earlier = order.returns.get(command.returnId);
  if (earlier !== undefined) return earlier === contentOf(returned) ? [] : otherContent('return', command.returnId);
  return (
    beyond(lines, keptUnits, 'not-shipped', 'are with the customer') ?? [{ type: 'OrderLinesReturned', data: returned }]
  );
}

/** The units per line of the order, each line once. */
function namedLines(named: readonly NamedUnits[], { lines }: PlacedOrder): Map<Line, number> | Rejected {
  const units = new Map<Line, number>();
  for (const { lineId, sku, units: more } of named) {
    const [line, another] = lines.filter((each) => each.lineId === lineId && (sku === undefined || each.sku === sku));
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

function beyond(
  lines: Map<Line, number>,
  left: (line: Line) => number,
  code: string,
  words: string,
): Rejected | undefined {
  for (const [line, units] of lines) {
    const available = left(line);
    if (units <= available) continue;
    const { lineId, sku } = line;
    const message = `${available} units of line ${lineId} ${words}, not ${units}.`;
    return new Rejected('conflict', code, message, { lineId, sku, requested: units, available });
  }
  return undefined;
}

const unitsOf = (lines: Map<Line, number>): LineUnits[] =>
  [...lines].map(([{ lineId, sku }, units]) => ({ lineId, sku, units }));

function notPlaced(orderId: string, { status }: Order): Rejected {
  if (status === 'new') return new Rejected('not-found', 'unknown-order', `There is no order ${orderId}.`, { orderId });
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
