import { isGoods, type Shop, type ShopOrder } from '../shops/shop.js';
import { CHECKOUT_LINE } from '../world/set-up.js';
import type { World } from '../world/world.js';
import { checkCustomersAtRest } from './customer-rules.js';
import { lineKeyOf, type OrderFold, openUnits } from './order-fold.js';
import { must } from './violation.js';

/** What is still to happen before all is quiet; undefined when the system has come to rest with every number right. */
export function unsettled(world: World): string | undefined {
  if (!world.installation.system) return 'no process is up';
  if (world.machinery.database.isInTransaction) return 'a transaction is open';
  return (
    laggingReader(world) ??
    unrecordedSale(world) ??
    unpulledRiddle(world) ??
    unknownOffer(world) ??
    undecidedOrder(world) ??
    openProcess(world) ??
    unmovedTransfer(world) ??
    overdueHold(world) ??
    wrongNumber(world)
  );
}

function laggingReader({ views, log, machinery, intake }: World): string | undefined {
  for (const [name, position] of views.checkpoints())
    if (position < log.head) return `${name} is at ${position} of ${log.head}`;
  const parked = machinery.database.ask('select runner, error from read_models.parked') as unknown[];
  if (parked.length > 0) return `parked: ${JSON.stringify(parked[0])}`;
  return intake.open();
}

function unrecordedSale({ shops, log }: World): string | undefined {
  for (const { channel, orders } of shops.values())
    for (const { externalOrderId, revision } of orders.values()) {
      const recorded = log.fold.orders.get(`${channel}.${externalOrderId}`)?.externalRevision;
      if (recorded !== revision) return `${externalOrderId} is recorded in revision ${recorded}, not ${revision}`;
    }
  return undefined;
}

/** A closed channel is pulled for a while only. */
function unpulledRiddle({ shops, log, intake }: World): string | undefined {
  for (const { channel, riddles } of shops.values())
    if (riddles.length > 0 && !log.fold.closedChannels.has(channel) && intake.pulledRiddles(channel) < riddles.length)
      return `not all that ${channel} lists was pulled`;
  return undefined;
}

function unknownOffer({ log }: World): string | undefined {
  for (const {
    orderId,
    offers: [offer],
  } of log.fold.orders.values())
    if (offer) return `offer ${offer.externalId} of order ${orderId} leads to no SKU`;
  return undefined;
}

function undecidedOrder({ log }: World): string | undefined {
  for (const { orderId, status } of log.fold.orders.values())
    if (status === 'submitted') return `order ${orderId} is not decided`;
  return undefined;
}

function openProcess({ log }: World): string | undefined {
  const open = log.processes.open();
  return open && `${open} has not ended`;
}

function unmovedTransfer({ log }: World): string | undefined {
  for (const [transferId, { lines }] of log.fold.transfers)
    for (const [sku, { open, gained }] of lines) {
      const moved = log.fold.stockOf(sku).transfers.get(transferId);
      if (moved?.inTransit !== open || moved.sum !== gained)
        return `${open} of ${sku} are open in ${transferId}, stock has ${JSON.stringify(moved)}`;
    }
  return undefined;
}

function overdueHold({ log }: World): string | undefined {
  for (const [sku, { holds }] of log.fold.stocks)
    for (const [id, { dueAtMs }] of holds) if (dueAtMs < Date.now()) return `hold ${id} on ${sku} is overdue`;
  return undefined;
}

/** Every listing is in the ledger, its newest number was taken, and the shop shows it; it shows 0 for what ended, and where it is closed. */
function wrongNumber({ log, shops, ledger }: World): string | undefined {
  const rows = new Map(ledger.rows().map((row) => [`${row.channel} ${row.external_id}`, row]));
  for (const [listing, sku] of log.fold.catalog.listings) {
    const [channel = '', externalId = ''] = listing.split(' ');
    if (log.fold.pausedChannels.has(channel)) return `${channel} is paused`;
    const isClosed = log.fold.closedChannels.has(channel);
    const right = isClosed ? 0 : log.numbers.get(sku)?.at(-1)?.available[channel];
    const row = rows.get(listing);
    if (row?.sku !== sku) return `the ledger has ${externalId} for ${row?.sku}, not ${sku}`;
    if (row.wanted_quantity !== right) return `the ledger wants ${row.wanted_quantity} for ${externalId}, not ${right}`;
    if (row.acknowledged_sequence !== row.wanted_sequence) return `${externalId} is not acknowledged`;
    const shown = shops.get(channel)?.quantities.get(externalId);
    // A closed shop may have ended the offer itself.
    if (shown !== right && !(isClosed && shown === undefined)) return `${externalId} shows ${shown}, not ${right}`;
  }
  for (const { channel, quantities } of shops.values())
    for (const [externalId, shown] of quantities)
      if (
        shown !== 0 &&
        log.fold.catalog.ended.has(`${channel} ${externalId}`) &&
        !log.fold.catalog.listings.has(`${channel} ${externalId}`)
      )
        return `${externalId} has ended and shows ${shown}`;
  return rows.size === log.fold.catalog.listings.size ? undefined : 'the ledger has a listing that ended';
}

/** At rest: what orders say and what stock is bound to them are the same, unit by unit. */
export function checkAtRest(world: World): void {
  const { fold } = world.log;
  for (const { orderId, status, lines, returns } of fold.orders.values()) {
    const ordered = status === 'placed' || status === 'unknown' ? lines : [];
    for (const [sku, stock] of fold.stocks) {
      const returned = [...returns].filter(([key]) => key.endsWith(`\n${sku}`));
      for (const [key, units] of returns.size > 0 ? returned : [])
        must(
          stock.returned.get(key.split('\n')[0] ?? '') === units,
          'what was returned is on the shelf once',
          () => `${key}: ${units}`,
        );
      for (const [key, places] of stock.bound) {
        const [ofOrder, lineId] = key.split('\n');
        if (ofOrder !== orderId) continue;
        // Who confirms after the order has left or was cancelled binds units that only a person can free.
        if (lineId === CHECKOUT_LINE && !ordered.some((each) => each.sku === sku && openUnits(each) > 0)) continue;
        const line = ordered.find((each) => each.lineId === lineId && each.sku === sku);
        const bound = [...places.values()].reduce((sum, units) => sum + units, 0);
        must(
          bound === (line ? openUnits(line) : 0),
          'stock is bound to what is open',
          () => `${orderId}/${lineId} of ${sku}: ${bound} bound, ${line && openUnits(line)} open`,
        );
        must(
          (stock.shipped.get(key) ?? 0) === (line?.shipped ?? 0),
          'what has left is off the shelf once',
          () => `${orderId}/${lineId} of ${sku}`,
        );
      }
    }
    for (const line of ordered)
      must(
        fold.stockOf(line.sku).boundTo(orderId, line.lineId) === openUnits(line),
        'stock is bound to what is open',
        () => `${orderId}/${line.lineId} of ${line.sku}: ${openUnits(line)} open`,
      );
  }
  for (const shop of world.shops.values())
    for (const sold of shop.orders.values())
      checkSale(sold, fold.orderOf(`${shop.channel}.${sold.externalOrderId}`), shop);
  checkCustomersAtRest(fold.customers);
  world.intake.checkAtRest();
  world.views.checkAll();
  world.ledger.check();
}

/** An order is what its channel said last: its goods, but for those that had left or were cancelled before, and its charges. */
function checkSale(sold: ShopOrder, order: OrderFold, { offers }: Shop): void {
  const agree = (holds: boolean, what: () => string) =>
    must(holds, 'an order is what its channel said last', () => `${order.orderId}: ${what()}`);
  if (sold.cancelled) {
    agree(
      order.lines.every((line) => openUnits(line) === 0),
      () => 'units of a cancelled order are open',
    );
    return;
  }
  for (const { lineId, sku: said, externalId = '', units } of sold.lines.filter(isGoods)) {
    const sku = said || offers.get(externalId);
    const line = order.lines.find((each) => each.lineId === lineId && each.sku === sku);
    const ordered = line?.ordered ?? 0;
    const gone = (line?.cancelled ?? 0) + (line?.shipped ?? 0);
    const byUs = line ? (order.cancelledByUs.get(lineKeyOf(line)) ?? 0) : 0;
    agree((line?.cancelled ?? 0) <= byUs, () => `${line?.cancelled} of ${sku} are cancelled, ${byUs} by us`);
    agree(ordered === units || (ordered > units && ordered <= gone), () => `${ordered} of ${sku}, not ${units}`);
  }
  if (sold.currency !== order.currency) return;
  const said = sold.lines.filter((line) => !isGoods(line)).map(({ units, unitPriceMinor }) => units * unitPriceMinor);
  const charged = order.charges.map(({ amountMinor }) => amountMinor);
  agree(sum(charged) === sum(said), () => `${sum(charged)} charged, not ${sum(said)}`);
}

const sum = (amounts: readonly number[]): number => amounts.reduce((total, amount) => total + amount, 0);
