import type { Buyer, OrderEvent, OrderLine } from '#contracts';
import { Rejected } from '#kernel';
import { byKey, keyOf, type Line, openUnits } from './lines.js';
import type { Order, PlacedOrder } from './order.js';
import { refusalOf, totalTooLarge } from './order.rules.js';

/** A channel sold something, or changed what it had sold: a fact. */
export interface RecordSale {
  readonly type: 'RecordSale';
  readonly orderId: string;
  readonly channel: string;
  readonly externalOrderId: string;
  readonly externalRevision: number;
  readonly currency: string;
  readonly lines: readonly OrderLine[];
  readonly buyer: Buyer;
  readonly placedAt: string;
  /** This revision cancels every unit that has not left; its lines count only for an order nobody had heard of. */
  readonly cancelled: boolean;
}

/**
 * Records a new order, amends a known one, or records that the channel sent what is known already. Only what no event
 * can hold is refused: a sale has happened.
 */
export function recordSale(command: RecordSale, order: Order): OrderEvent[] | Rejected {
  const refusal = refusalOf(command);
  if (refusal) return refusal;
  if (order.status === 'new') return recordNew(command);
  if (order.status !== 'placed' || order.origin.kind !== 'channel') return notAChannelOrder(command.orderId);
  const { orderId, externalRevision } = command;
  const { revision: currentRevision } = order.origin;
  if (externalRevision === currentRevision)
    return [{ type: 'SaleDuplicateReceived', data: { orderId, externalRevision } }];
  if (externalRevision < currentRevision) {
    return [{ type: 'SaleOutdatedReceived', data: { orderId, externalRevision, currentRevision } }];
  }
  if (command.currency !== order.currency) return currencyChanged(command, order);
  return command.cancelled ? cancelAll(command, order) : amend(command, order);
}

function recordNew({ type: _, cancelled, lines, ...sale }: RecordSale): OrderEvent[] {
  const recorded: OrderEvent = { type: 'SaleRecorded', data: { ...sale, lines: [...lines] } };
  return cancelled ? [recorded, linesCancelled(sale.orderId, sale.channel, lines)] : [recorded];
}

function amend(
  { orderId, channel, externalRevision, lines: sent }: RecordSale,
  order: PlacedOrder,
): OrderEvent[] | Rejected {
  const lines = linesAfter(order.lines, sent);
  const refusal = totalTooLarge(lines);
  if (refusal) return refusal;
  return [
    {
      type: 'SaleAmended',
      data: { orderId, channel, externalRevision, lines, changes: changesBetween(order.lines, lines) },
    },
  ];
}

/** The revision must be remembered even though no line is ordered anew, so an amendment without changes goes first. */
function cancelAll({ orderId, channel, externalRevision }: RecordSale, order: PlacedOrder): OrderEvent[] {
  const lines = order.lines.map(asOrdered);
  const open = order.lines.filter((line) => openUnits(line) > 0).map((line) => ({ ...line, units: openUnits(line) }));
  const amended: OrderEvent = { type: 'SaleAmended', data: { orderId, channel, externalRevision, lines, changes: [] } };
  return open.length === 0 ? [amended] : [amended, linesCancelled(orderId, channel, open)];
}

/** What is ordered once a revision holds: what it says, yet never less than what has left or was cancelled. */
function linesAfter(lines: readonly Line[], sent: readonly OrderLine[]): OrderLine[] {
  const sentByKey = byKey(sent);
  const known = byKey(lines);
  const kept = lines.map((line) => {
    const { units, unitPriceMinor } = sentByKey.get(keyOf(line)) ?? { units: 0, unitPriceMinor: line.unitPriceMinor };
    return {
      lineId: line.lineId,
      sku: line.sku,
      units: Math.max(units, line.cancelled + line.shipped),
      unitPriceMinor,
    };
  });
  return [...kept.filter(({ units }) => units > 0), ...sent.filter((line) => !known.has(keyOf(line)))];
}

function changesBetween(before: readonly Line[], after: readonly OrderLine[]) {
  const earlier = byKey(before);
  const later = byKey(after);
  const changed = before.map((line) => change(line, line.ordered, later.get(keyOf(line))?.units ?? 0));
  const added = after.filter((line) => !earlier.has(keyOf(line))).map((line) => change(line, 0, line.units));
  return [...changed.filter(({ unitsBefore, unitsAfter }) => unitsBefore !== unitsAfter), ...added];
}

const change = ({ lineId, sku }: Pick<Line, 'lineId' | 'sku'>, unitsBefore: number, unitsAfter: number) => ({
  lineId,
  sku,
  unitsBefore,
  unitsAfter,
});

const asOrdered = ({ lineId, sku, ordered, unitPriceMinor }: Line): OrderLine => ({
  lineId,
  sku,
  units: ordered,
  unitPriceMinor,
});

const linesCancelled = (orderId: string, channel: string, lines: readonly OrderLine[]): OrderEvent => ({
  type: 'OrderLinesCancelled',
  data: {
    orderId,
    channel,
    lines: lines.map(({ lineId, sku, units }) => ({ lineId, sku, units })),
    reason: 'cancelled-by-channel',
  },
});

const notAChannelOrder = (orderId: string): Rejected =>
  new Rejected(
    'conflict',
    'not-a-channel-order',
    `Order ${orderId} was placed in our own shop. No channel can change it.`,
    { orderId },
  );

const currencyChanged = ({ orderId, currency }: RecordSale, order: PlacedOrder): Rejected =>
  new Rejected(
    'conflict',
    'currency-changed',
    `Order ${orderId} is in ${order.currency}. A revision cannot be in ${currency}.`,
    {
      orderId,
      currency: order.currency,
    },
  );
