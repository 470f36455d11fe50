import type { OrderEvent, StockEvent } from '#contracts';
import type { EventStore, RecordedEvent } from '#event-sourcing';
import type { Acknowledged, Line } from './traffic.js';

/** What the log says of sales, orders and stock, held against what was acknowledged. */
export interface Audit {
  readonly figures: {
    readonly events: number;
    readonly sales: number;
    readonly placed: number;
    readonly declined: number;
    readonly lost: number;
    readonly doubled: number;
    readonly misallocated: number;
  };
  readonly violations: readonly string[];
}

interface Order {
  readonly lines: readonly Line[];
  readonly kind: 'sale' | 'own-shop';
  recorded: number;
  placed: number;
  declined: number;
}

/**
 * Reads the whole log: every acknowledged sale and order is there once and with its lines; own-shop orders are decided
 * once and as their buyer was answered; of every order exactly the units it holds are allocated, of a declined one none.
 */
export async function audit(store: EventStore, acknowledged: Acknowledged): Promise<Audit> {
  const { events, orders, allocated } = await fold(store);
  const violations: string[] = [];
  const counts = { sales: 0, placed: 0, declined: 0, lost: 0, doubled: 0, misallocated: 0 };
  const wrong = (count: 'lost' | 'doubled' | 'misallocated', sentence: string): void => {
    counts[count] += 1;
    violations.push(sentence);
  };
  for (const [id, lines] of acknowledged.sales) {
    const order = orders.get(id);
    if (!order) wrong('lost', `Sale ${id} was acknowledged and is not in the log.`);
    else if (textOf(order.lines) !== textOf(lines)) wrong('lost', `Sale ${id} has other lines than were acknowledged.`);
  }
  for (const [id, { told }] of acknowledged.orders) {
    const order = orders.get(id);
    if (!order) wrong('lost', `Order ${id} was acknowledged and is not in the log.`);
    else if (told !== 'undecided' && order[told] !== 1)
      wrong('lost', `The buyer of ${id} was told ${told}, and it is not.`);
  }
  for (const [id, order] of orders) {
    if (order.recorded !== 1) wrong('doubled', `${id} is ${order.recorded} times in the log.`);
    if (order.kind === 'own-shop' && order.placed + order.declined !== 1)
      wrong('doubled', `Order ${id} was placed ${order.placed} and declined ${order.declined} times.`);
    const holds = order.kind === 'sale' || order.placed > 0;
    counts[order.kind === 'sale' ? 'sales' : holds ? 'placed' : 'declined'] += 1;
    const wanted = holds ? unitsOf(order.lines) : '';
    const found = textOfUnits(allocated.get(id) ?? new Map());
    if (wanted !== found)
      wrong('misallocated', `Of ${id}, ${found || 'nothing'} is allocated and not ${wanted || 'nothing'}.`);
  }
  return { figures: { events, ...counts }, violations: violations.slice(0, 50) };
}

async function fold(store: EventStore) {
  const orders = new Map<string, Order>();
  const allocated = new Map<string, Map<string, number>>();
  let events = 0;
  for (let after = 0, caughtUp = false; !caughtUp; ) {
    const page = await store.readAll({ after });
    for (const event of page.events as readonly RecordedEvent<OrderEvent | StockEvent>[]) {
      events += 1;
      takeOrder(orders, event);
      takeStock(allocated, event);
    }
    ({ position: after, caughtUp } = page);
  }
  return { events, orders, allocated };
}

function takeOrder(orders: Map<string, Order>, { type, data }: RecordedEvent<OrderEvent | StockEvent>): void {
  if (type === 'SaleRecorded' || type === 'OrderSubmitted') {
    const known = orders.get(data.orderId);
    if (known) known.recorded += 1;
    else {
      const kind = type === 'SaleRecorded' ? 'sale' : 'own-shop';
      orders.set(data.orderId, { lines: data.lines, kind, recorded: 1, placed: 0, declined: 0 });
    }
  }
  if (type !== 'OrderPlaced' && type !== 'OrderDeclined') return;
  const order = orders.get(data.orderId);
  if (order) order[type === 'OrderPlaced' ? 'placed' : 'declined'] += 1;
}

function takeStock(allocated: Map<string, Map<string, number>>, event: RecordedEvent<OrderEvent | StockEvent>): void {
  if (event.type !== 'StockAllocated' && event.type !== 'StockAllocationCancelled') return;
  const sign = event.type === 'StockAllocated' ? 1 : -1;
  const { orderId, lineId, from } = event.data;
  const units = allocated.get(orderId) ?? new Map<string, number>();
  const key = `${lineId}:${event.stream.slice('stock-'.length)}`;
  units.set(key, (units.get(key) ?? 0) + sign * from.reduce((sum, part) => sum + part.units, 0));
  allocated.set(orderId, units);
}

const unitsOf = (lines: readonly Line[]): string =>
  textOfUnits(new Map(lines.map(({ lineId, sku, units }) => [`${lineId}:${sku}`, units])));

const textOfUnits = (units: ReadonlyMap<string, number>): string =>
  [...units]
    .filter(([, count]) => count !== 0)
    .map(([key, count]) => `${key}=${count}`)
    .sort()
    .join(' ');

const textOf = (lines: readonly Line[]): string =>
  JSON.stringify(lines.map(({ lineId, sku, units }) => [lineId, sku, units]).sort());
