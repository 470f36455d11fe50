import type { World } from '../world/world.js';
import { openUnits } from './order-fold.js';
import { must } from './violation.js';

/** What is still to happen before all is quiet; undefined when the system has come to rest with every number right. */
export function unsettled(world: World): string | undefined {
  if (!world.installation.system) return 'no process is up';
  if (world.machinery.database.isInTransaction) return 'a transaction is open';
  return (
    laggingReader(world) ?? unrecordedSale(world) ?? undecidedOrder(world) ?? overdueHold(world) ?? wrongNumber(world)
  );
}

function laggingReader({ views, log, machinery, intake }: World): string | undefined {
  for (const [name, position] of views.checkpoints())
    if (position < log.head) return `${name} is at ${position} of ${log.head}`;
  const parked = machinery.database.ask('select runner, error from read_models.parked') as unknown[];
  if (parked.length > 0) return `parked: ${JSON.stringify(parked[0])}`;
  return intake.open() > 0 ? 'sales wait in the intake' : undefined;
}

function unrecordedSale({ shops, log }: World): string | undefined {
  for (const { channel, orders } of shops.values())
    for (const { externalOrderId, revision } of orders.values()) {
      const recorded = log.fold.orders.get(`${channel}.${externalOrderId}`)?.externalRevision;
      if (recorded !== revision) return `${externalOrderId} is recorded in revision ${recorded}, not ${revision}`;
    }
  return undefined;
}

function undecidedOrder({ log }: World): string | undefined {
  for (const { orderId, status } of log.fold.orders.values())
    if (status === 'submitted') return `order ${orderId} is not decided`;
  return undefined;
}

function overdueHold({ log }: World): string | undefined {
  for (const [sku, { holds }] of log.fold.stocks)
    for (const [id, { dueAtMs }] of holds) if (dueAtMs < Date.now()) return `hold ${id} on ${sku} is overdue`;
  return undefined;
}

/** Every listing is in the ledger, its newest number was taken, and the shop shows it; it shows 0 for what ended. */
function wrongNumber({ log, shops, ledger }: World): string | undefined {
  const rows = new Map(ledger.rows().map((row) => [`${row.channel} ${row.external_id}`, row]));
  for (const [listing, sku] of log.fold.listings) {
    const [channel = '', externalId = ''] = listing.split(' ');
    if (log.fold.pausedChannels.has(channel)) return `${channel} is paused`;
    const right = log.numbers.get(sku)?.at(-1)?.available[channel];
    const row = rows.get(listing);
    if (row?.sku !== sku) return `the ledger has ${externalId} for ${row?.sku}, not ${sku}`;
    if (row.wanted_quantity !== right) return `the ledger wants ${row.wanted_quantity} for ${externalId}, not ${right}`;
    if (row.acknowledged_sequence !== row.wanted_sequence) return `${externalId} is not acknowledged`;
    const shown = shops.get(channel)?.quantities.get(externalId);
    if (shown !== right) return `${externalId} shows ${shown}, not ${right}`;
  }
  for (const { channel, quantities } of shops.values())
    for (const [externalId, shown] of quantities)
      if (
        shown !== 0 &&
        log.fold.ended.has(`${channel} ${externalId}`) &&
        !log.fold.listings.has(`${channel} ${externalId}`)
      )
        return `${externalId} has ended and shows ${shown}`;
  return rows.size === log.fold.listings.size ? undefined : 'the ledger has a listing that ended';
}

/** At rest: what orders say and what stock is bound to them are the same, unit by unit. */
export function checkAtRest(world: World): void {
  const { fold } = world.log;
  for (const { orderId, status, lines, returns } of fold.orders.values()) {
    const ordered = status === 'placed' ? lines : [];
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
  world.views.checkAll();
  world.ledger.check();
}
