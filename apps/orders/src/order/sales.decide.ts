import type { Buyer, Charge, OfferLine, OrderEvent, OrderLine } from '#contracts';
import { Rejected } from '#kernel';
import { amendedLines, byKey, keyOf, type Line, type LineUnits, openUnits } from './lines.js';
import {
  CANCELLED_BY_CHANNEL,
  type ChannelOrigin,
  type Order,
  type PlacedOrder,
  type SaleContent,
  type UnknownOrder,
} from './order.js';
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
  readonly charges?: readonly Charge[];
  /** Goods whose offer leads to no SKU yet. */
  readonly offers?: readonly OfferLine[];
  readonly buyer: Buyer;
  readonly placedAt: string;
  /** This revision cancels every unit that has not left; its lines count only for an unknown order. */
  readonly cancelled: boolean;
}

/** Offers of an order lead to SKUs by now. */
export interface ResolveOffers {
  readonly type: 'ResolveOffers';
  readonly orderId: string;
  readonly skus: ReadonlyMap<string, string>;
}

/**
 * Records a new order, amends a known one, or records that the channel sent what is known already. Only what no event
 * can hold is refused: a sale has happened.
 *
 * Where a revision comes again with another content, the content that came last holds, since a channel without revisions
 * has no other way to say it; but nothing takes back a cancellation except a newer revision, and what came before within
 * the revision is a repeat.
 */
export function recordSale(command: RecordSale, order: Order): OrderEvent[] | Rejected {
  const refusal = refusalOf(command);
  if (refusal) return refusal;
  if (order.status === 'new' || order.status === 'unknown') return recordNew(command, order);
  if (!isChannelOrder(order)) return notAChannelOrder(command.orderId);
  const { orderId, externalRevision } = command;
  const { revision: currentRevision, cancelled, contents } = order.origin;
  const isCurrent = externalRevision === currentRevision;
  if (isCurrent && (command.cancelled ? cancelled : isKnown(contentOf(command, order), contents, order)))
    return [{ type: 'SaleDuplicateReceived', data: { orderId, externalRevision } }];
  if (externalRevision < currentRevision || (isCurrent && cancelled))
    return [{ type: 'SaleOutdatedReceived', data: { orderId, externalRevision, currentRevision } }];
  return command.cancelled ? cancelAll(command, order) : amend(command, order);
}

/** What was ordered by an offer is ordered of its SKU, for those that are known by now. */
export function resolveOffers({ orderId, skus }: ResolveOffers, order: Order): OrderEvent[] {
  if (!isChannelOrder(order)) return [];
  const resolved = order.offers.flatMap(({ externalId, ...line }) => {
    const sku = skus.get(externalId);
    return sku === undefined ? [] : [{ ...line, sku }];
  });
  if (resolved.length === 0) return [];
  const lines = added(order.lines.map(asOrdered), resolved);
  const offers = order.offers.filter(({ externalId }) => !skus.has(externalId));
  const { channel, origin } = order;
  const changes = changesBetween(order.lines, amendedLines(order.lines, lines));
  return [
    { type: 'SaleAmended', data: { orderId, channel, externalRevision: origin.revision, lines, changes, offers } },
  ];
}

/** Parcels and returns may have come before the sale: then its lines follow as a change, so that stock follows what is open. */
function recordNew(
  { type: _, cancelled, lines, charges = [], offers = [], ...sale }: RecordSale,
  order: Order & { readonly status: 'new' | 'unknown' },
): OrderEvent[] | Rejected {
  if (!cancelled && lines.length + charges.length + offers.length === 0) return nothingSold();
  const { orderId, channel } = sale;
  const rest = {
    ...(charges.length > 0 && { charges: [...charges] }),
    ...(offers.length > 0 && !cancelled && { offers: [...offers] }),
    ...(cancelled && { cancelled }),
  };
  if (order.status === 'new') {
    const recorded: OrderEvent = { type: 'SaleRecorded', data: { ...sale, lines: [...lines], ...rest } };
    return cancelled && lines.length > 0 ? [recorded, linesCancelled(orderId, channel, lines)] : [recorded];
  }
  const recorded: OrderEvent = { type: 'SaleRecorded', data: { ...sale, lines: [], ...rest } };
  return cancelled || lines.length === 0 ? [recorded] : [recorded, linesFollow(sale, lines, order)];
}

const linesFollow = (
  { orderId, channel, externalRevision }: Pick<RecordSale, 'orderId' | 'channel' | 'externalRevision'>,
  lines: readonly OrderLine[],
  order: UnknownOrder,
): OrderEvent => ({
  type: 'SaleAmended',
  data: {
    orderId,
    channel,
    externalRevision,
    lines: [...lines],
    changes: changesBetween(order.lines, amendedLines(order.lines, lines)),
  },
});

function amend(command: RecordSale, order: ChannelOrder): OrderEvent[] | Rejected {
  const { orderId, channel, externalRevision, currency } = command;
  const { lines: sent, charges, offers } = contentOf(command, order);
  const reopened = reopenedBy(sent, order);
  const before = amendedLines(order.lines, order.lines.map(asOrdered).filter(isOrdered), reopened);
  const lines = linesAfter(before, sent);
  const refusal = totalTooLarge(lines, charges);
  if (refusal) return refusal;
  const after = amendedLines(order.lines, lines, reopened);
  const left = leftAnyway(after, sent);
  return [
    {
      type: 'SaleAmended',
      data: {
        orderId,
        channel,
        externalRevision,
        lines,
        changes: changesBetween(order.lines, after),
        ...(charges.length + order.charges.length > 0 && { charges: [...charges] }),
        ...(offers.length + order.offers.length > 0 && { offers: [...offers] }),
        ...(reopened.length > 0 && { reopened }),
        ...(left.length > 0 && { leftAnyway: left }),
        ...(currency !== order.currency && { otherCurrency: currency }),
      },
    },
  ];
}

/** The revision must be remembered even where no unit is open, so an amendment without changes goes first. */
function cancelAll({ orderId, channel, externalRevision, currency }: RecordSale, order: PlacedOrder): OrderEvent[] {
  const open = order.lines.filter((line) => openUnits(line) > 0).map((line) => ({ ...line, units: openUnits(line) }));
  // Where units are open the channel may mean the rest alone.
  const left = open.length === 0 ? leftAnyway(order.lines, []) : [];
  const amended: OrderEvent = {
    type: 'SaleAmended',
    data: {
      orderId,
      channel,
      externalRevision,
      lines: order.lines.map(asOrdered).filter(isOrdered),
      changes: [],
      cancelled: true,
      ...(left.length > 0 && { leftAnyway: left }),
      ...(order.offers.length > 0 && { offers: [] }),
      ...(currency !== order.currency && { otherCurrency: currency }),
    },
  };
  return open.length === 0 ? [amended] : [amended, linesCancelled(orderId, channel, open)];
}

type ChannelOrder = PlacedOrder & { readonly origin: ChannelOrigin };

const isChannelOrder = (order: Order): order is ChannelOrder =>
  order.status === 'placed' && order.origin.kind === 'channel';

/** What a sale says, in the order's currency: prices in another one cannot be added to it, so those known stay and new ones are 0. */
function contentOf({ currency, lines, charges = [], offers = [] }: RecordSale, order: PlacedOrder): SaleContent {
  if (currency === order.currency) return { currency, lines, charges, offers };
  const known = byKey(order.lines);
  return {
    currency,
    lines: lines.map((line) => ({ ...line, unitPriceMinor: known.get(keyOf(line))?.unitPriceMinor ?? 0 })),
    charges: order.charges,
    offers: offers.map((line) => ({
      ...line,
      unitPriceMinor: order.offers.find(({ lineId }) => lineId === line.lineId)?.unitPriceMinor ?? 0,
    })),
  };
}

/** Whether the revision came with this content before, as it was sent or as it could be applied. */
function isKnown(sent: SaleContent, contents: readonly SaleContent[], { lines }: PlacedOrder): boolean {
  const after = linesAfter(lines, sent.lines);
  const applied = { ...sent, lines: after, leftAnyway: leftAnyway(amendedLines(lines, after), sent.lines) };
  const wanted = [textOf(sent), textOf(applied)];
  return contents.some((content) => wanted.includes(textOf(content)));
}

/** Equal for equal contents, in whatever order their lines and fields come. */
const textOf = ({ currency, lines, charges, offers, leftAnyway = [] }: SaleContent): string =>
  JSON.stringify([
    currency,
    lines.map(({ lineId, sku, units, unitPriceMinor }) => JSON.stringify([lineId, sku, units, unitPriceMinor])).sort(),
    charges.map(({ lineId, code, amountMinor }) => JSON.stringify([lineId, code, amountMinor])).sort(),
    offers
      .map(({ lineId, externalId, units, unitPriceMinor }) =>
        JSON.stringify([lineId, externalId, units, unitPriceMinor]),
      )
      .sort(),
    leftAnyway.map(({ lineId, sku, units }) => JSON.stringify([lineId, sku, units])).sort(),
  ]);

/** What the channel had cancelled of the lines it sends again. What we cancelled stays cancelled. */
export function reopenedBy(sent: readonly OrderLine[], { origin }: ChannelOrder): LineUnits[] {
  const again = new Set(sent.map(keyOf));
  return origin.cancelledUnits.filter((line) => again.has(keyOf(line)));
}

/** What is ordered once a revision holds: what it says, yet never less than what has left of it or was cancelled. */
function linesAfter(lines: readonly Line[], sent: readonly OrderLine[]): OrderLine[] {
  const sentByKey = byKey(sent);
  const known = byKey(lines);
  const kept = lines.map((line) => {
    const { units, unitPriceMinor } = sentByKey.get(keyOf(line)) ?? { units: 0, unitPriceMinor: line.unitPriceMinor };
    return {
      lineId: line.lineId,
      sku: line.sku,
      units: Math.max(units, Math.min(line.ordered, line.cancelled + line.shipped)),
      unitPriceMinor,
    };
  });
  return [...kept.filter(isOrdered), ...sent.filter((line) => !known.has(keyOf(line)))];
}

/** Units of the lines that the channel does not order any more, and that left and did not come back. */
function leftAnyway(lines: readonly Line[], sent: readonly OrderLine[]): LineUnits[] {
  const sentByKey = byKey(sent);
  return lines.flatMap((line) => {
    const { lineId, sku, ordered, cancelled, returned } = line;
    const wanted = Math.max(sentByKey.get(keyOf(line))?.units ?? 0, Math.min(ordered, cancelled));
    const units = ordered - wanted - returned;
    return units > 0 ? [{ lineId, sku, units }] : [];
  });
}

/** The lines with more ordered of them. */
function added(lines: readonly OrderLine[], more: readonly OrderLine[]): OrderLine[] {
  const moreByKey = byKey(more);
  const known = byKey(lines);
  const grown = lines.map((line) => {
    const { units, unitPriceMinor } = moreByKey.get(keyOf(line)) ?? { ...line, units: 0 };
    return { ...line, units: line.units + units, unitPriceMinor };
  });
  return [...grown.filter(isOrdered), ...more.filter((line) => !known.has(keyOf(line)))];
}

/** By how much what is open of a line changes: what has left or is with the customer anyway needs no stock. */
function changesBetween(before: readonly Line[], after: readonly Line[]) {
  const earlier = byKey(before);
  const later = byKey(after);
  const changed = before.map((line) => change(line, later.get(keyOf(line)) ?? { ...line, ordered: line.cancelled }));
  const fresh = after.filter((line) => !earlier.has(keyOf(line))).map((line) => change({ ...line, ordered: 0 }, line));
  return [...changed, ...fresh].filter(({ unitsBefore, unitsAfter }) => unitsBefore !== unitsAfter);
}

function change(before: Line, after: Line) {
  const { lineId, sku, ordered } = after;
  return { lineId, sku, unitsBefore: ordered - (openUnits(after) - openUnits(before)), unitsAfter: ordered };
}

const asOrdered = ({ lineId, sku, ordered, unitPriceMinor }: Line): OrderLine => ({
  lineId,
  sku,
  units: ordered,
  unitPriceMinor,
});

const isOrdered = ({ units }: OrderLine): boolean => units > 0;

const linesCancelled = (orderId: string, channel: string, lines: readonly OrderLine[]): OrderEvent => ({
  type: 'OrderLinesCancelled',
  data: {
    orderId,
    channel,
    lines: lines.map(({ lineId, sku, units }) => ({ lineId, sku, units })),
    reason: CANCELLED_BY_CHANNEL,
  },
});

const notAChannelOrder = (orderId: string): Rejected =>
  new Rejected(
    'conflict',
    'not-a-channel-order',
    `Order ${orderId} was placed in our own shop. No channel can change it.`,
    { orderId },
  );

const nothingSold = (): Rejected =>
  new Rejected('invalid', 'nothing-sold', 'No line has units, and nothing is cancelled. Send what was sold.');
