import type { DatabaseServer } from '../database/server.js';
import type { Statement } from '../database/statement.js';
import type { CatalogFold } from './catalog-fold.js';
import { LogFold } from './log-fold.js';
import type { LogOracle } from './log-oracle.js';
import type { OrderFold } from './order-fold.js';
import { canonical, must } from './violation.js';

/** A view: how to read it, and what it must say about the log up to its checkpoint. */
interface View {
  readonly name: string;
  readonly schema: string;
  readonly rows: string;
  expected(fold: LogFold, log: LogOracle): string[];
}

/** Compares each view with the log up to its checkpoint after every commit that touched it. */
export class ViewOracle {
  readonly #database: DatabaseServer;
  readonly #log: LogOracle;
  /** Per view: the log up to the checkpoint it was last seen at. */
  readonly #folds = new Map<string, LogFold>();

  constructor(database: DatabaseServer, log: LogOracle) {
    this.#database = database;
    this.#log = log;
  }

  committed(statements: readonly Statement[]): void {
    const first = statements[0]?.sql ?? '';
    for (const view of VIEWS)
      if (first.includes(`"${view.schema}"`) || first.includes(`"${view.schema}_next"`)) this.#check(view);
  }

  checkAll(): void {
    for (const view of VIEWS) this.#check(view);
  }

  /** Where each projection and reaction stands. */
  checkpoints(): Map<string, number> {
    const rows = this.#database.ask('select kind, name, position from read_models.checkpoints') as {
      kind: string;
      name: string;
      position: number;
    }[];
    return new Map(rows.map(({ kind, name, position }) => [`${kind} ${name}`, position]));
  }

  #check(view: View): void {
    const [found] = this.#database.ask(
      `select (select position from read_models.checkpoints where kind = 'projection' and name = '${view.name}') as position,
              (select coalesce(json_agg(v), '[]') from (${view.rows}) v) as rows`,
    ) as { position: number | null; rows: object[] }[];
    if (found?.position === null || found === undefined) return;
    const { position, rows } = found;
    must(
      position <= this.#log.head,
      'a checkpoint lies within the log',
      () => `${view.name} at ${position} of ${this.#log.head}`,
    );
    const fold = this.#foldUpTo(view.name, position);
    const expected = view.expected(fold, this.#log).sort();
    const actual = rows.map(canonical).sort();
    const difference = actual.findIndex((row, index) => row !== expected[index]);
    must(
      expected.length === actual.length && difference < 0,
      'a view is the fold of the log up to its checkpoint',
      () =>
        `${view.name} at ${position}: ${actual[difference] ?? 'nothing'} instead of ${expected[Math.max(0, difference)] ?? 'nothing'} (${actual.length} rows of ${expected.length})`,
    );
  }

  #foldUpTo(name: string, position: number): LogFold {
    const fold = this.#folds.get(name) ?? new LogFold();
    this.#folds.set(name, fold);
    must(
      fold.position <= position,
      'a checkpoint never goes back',
      () => `${name} from ${fold.position} to ${position}`,
    );
    while (fold.position < position) {
      const event = this.#log.events[fold.position];
      if (!event) break;
      fold.apply(event);
    }
    return fold;
  }
}

const VIEWS: readonly View[] = [
  {
    name: 'stock',
    schema: 'view_stock',
    rows: 'select sku, revision, figures, available, sequence from view_stock.stock',
    expected: (fold, log) =>
      [...fold.stocks].map(([sku, stock]) =>
        canonical({
          sku,
          revision: stock.revision,
          figures: {
            levels: Object.fromEntries(stock.levels),
            rules: Object.fromEntries(stock.rules),
            quotaUsed: Object.fromEntries(stock.quotaUsed),
            waiting: Object.fromEntries([...stock.queues].map(([place, queue]) => [place, runsOf(queue)])),
          },
          available: fold.supply.numbersOf(stock),
          sequence: log.numbers.get(sku)?.findLast(({ position }) => position <= fold.position)?.position,
        }),
      ),
  },
  {
    name: 'due-reservations',
    schema: 'view_due_reservations',
    rows: `select sku, reservation_id, channel, units, (extract(epoch from due_at) * 1000)::bigint as due from view_due_reservations.holds`,
    expected: (fold) =>
      [...fold.stocks].flatMap(([sku, { holds }]) =>
        [...holds].map(([reservation_id, { channel, from, dueAtMs }]) =>
          canonical({
            sku,
            reservation_id,
            channel,
            units: from.reduce((sum, { units }) => sum + units, 0),
            due: dueAtMs,
          }),
        ),
      ),
  },
  {
    name: 'shortages',
    schema: 'view_shortages',
    rows: 'select sku, location_id, units from view_shortages.shortages where resolved_at is null',
    expected: (fold) =>
      [...fold.stocks].flatMap(([sku, { levels }]) =>
        [...levels]
          .filter(([, { shortage }]) => shortage > 0)
          .map(([location_id, { shortage }]) => canonical({ sku, location_id, units: shortage })),
      ),
  },
  {
    name: 'transfers',
    schema: 'view_transfers',
    rows: 'select transfer_id, revision, open_units, differs_since is not null as differs from view_transfers.transfers',
    expected: (fold) =>
      [...fold.transfers].map(([transfer_id, { revision, lines }]) => {
        const open_units = [...lines.values()].reduce((sum, { open }) => sum + Math.abs(open), 0);
        const differs = open_units > 0 && [...lines.values()].some(({ received }) => received > 0);
        return canonical({ transfer_id, revision, open_units, differs });
      }),
  },
  {
    name: 'orders',
    schema: 'view_orders',
    rows: `select order_id, status, revision, units, total_minor, cancelled_units, shipped_units, returned_units from view_orders.orders
           union all
           select channel, 'day', null, units, revenue_minor, cancelled_units, null, returned_units from
             (select channel, sum(units) as units, sum(revenue_minor + charges_minor) as revenue_minor, sum(cancelled_units) as cancelled_units,
                     sum(returned_units) as returned_units from view_orders.daily_sales group by channel) d
            where units <> 0 or revenue_minor <> 0 or cancelled_units <> 0 or returned_units <> 0`,
    expected: (fold) => [...orderRows(fold), ...dayRows(fold)],
  },
  {
    name: 'catalog',
    schema: 'view_catalog',
    rows: `select 'product' as what, product_id as key, jsonb_build_array(title, description, brand) as said from view_catalog.products
           union all select 'variant', sku, jsonb_build_array(product_id, title, attributes) from view_catalog.variants
           union all select 'price', channel || ' ' || sku, jsonb_build_array(currency, amount_minor) from view_catalog.prices
           union all select 'listing', channel || ' ' || external_id, jsonb_build_array(sku) from view_catalog.listings`,
    expected: ({ catalog }) => [...catalogRows(catalog)],
  },
  {
    name: 'profiles',
    schema: 'view_profiles',
    rows: `select 'profile' as what, profile_id as key, null as said from view_profiles.profiles
           union all select 'identity', kind || '.' || hash, profile_id from view_profiles.identities
           union all select 'order', order_id, profile_id from view_profiles.orders
           union all select 'empty', order_id, null from view_profiles.emptied where is_empty
           union all select 'dispute', kind || '.' || hash || ' ' || other_profile_id, profile_id from view_profiles.disputes`,
    expected: (fold) => [...profileRows(fold)],
  },
];

function* catalogRows({ products, variants, prices, listings }: CatalogFold): Iterable<string> {
  const row = (what: string, key: string, ...said: unknown[]) => canonical({ what, key, said });
  for (const [id, { title, description = null, brand = null }] of products)
    yield row('product', id, title, description, brand);
  for (const [sku, { productId, title, attributes }] of variants)
    yield row('variant', sku, productId, title, attributes);
  for (const [key, { currency, amountMinor }] of prices) yield row('price', key, currency, amountMinor);
  for (const [offer, sku] of listings) yield row('listing', offer, sku);
}

function* profileRows({ customers, orders }: LogFold): Iterable<string> {
  const row = (what: string, key: string, said: string | null) => canonical({ what, key, said });
  for (const id of customers.profiles) yield row('profile', id, null);
  for (const [identity, profileId] of customers.links) yield row('identity', identity, profileId);
  for (const [orderId, { profileId }] of customers.attributed) yield row('order', orderId, profileId);
  for (const [orderId, order] of orders) if (isEmpty(order)) yield row('empty', orderId, null);
  for (const [key, { profileId }] of customers.disputes) yield row('dispute', key, profileId);
}

/** Nothing is left of it to count. What came as cancelled without goods never counted, whatever left for it. */
const isEmpty = ({ status, lines, offers }: OrderFold): boolean =>
  status === 'declined' ||
  (status === 'placed' &&
    offers.length === 0 &&
    lines.some(({ ordered }) => ordered > 0) &&
    lines.every(({ ordered, cancelled }) => ordered === cancelled));

/** A queue as the view writes it: how many of a channel stand together. */
function runsOf(queue: readonly string[]): { channel?: string; units: number }[] {
  const runs: { channel?: string; units: number }[] = [];
  for (const [index, channel] of queue.entries()) {
    const last = runs.at(-1);
    if (last && queue[index - 1] === channel) last.units += 1;
    else runs.push({ ...(channel !== '' && { channel }), units: 1 });
  }
  return runs;
}

function totalsOf({ lines, offers, charges }: Pick<OrderFold, 'lines' | 'offers' | 'charges'>) {
  let [units, total_minor, cancelled_units, shipped_units, returned_units] = [0, 0, 0, 0, 0];
  for (const line of lines) {
    units += line.ordered - line.cancelled;
    total_minor += (line.ordered - line.cancelled) * line.unitPriceMinor;
    cancelled_units += line.cancelled;
    shipped_units += line.shipped;
    returned_units += line.returned;
  }
  for (const offer of offers) {
    units += offer.units;
    total_minor += offer.units * offer.unitPriceMinor;
  }
  if (units > 0 || cancelled_units === 0) for (const { amountMinor } of charges) total_minor += amountMinor;
  return { units, total_minor, cancelled_units, shipped_units, returned_units };
}

const orderRows = ({ orders }: LogFold): string[] =>
  [...orders].map(([order_id, order]) =>
    canonical({ order_id, status: order.status, revision: order.revision, ...totalsOf(order) }),
  );

function dayRows({ orders }: LogFold): string[] {
  const channels = new Map<string, ReturnType<typeof totalsOf>>();
  for (const order of orders.values()) {
    if (order.status !== 'placed') continue;
    const totals = totalsOf(order);
    const sum = channels.get(order.channel);
    if (!sum) channels.set(order.channel, totals);
    else {
      sum.units += totals.units;
      sum.total_minor += totals.total_minor;
      sum.cancelled_units += totals.cancelled_units;
      sum.returned_units += totals.returned_units;
    }
  }
  // A channel of which nothing is left may have days of nothing, or none.
  const sold = [...channels].filter(([, { shipped_units: _, ...totals }]) =>
    Object.values(totals).some((figure) => figure !== 0),
  );
  return sold.map(([order_id, { units, total_minor, cancelled_units, returned_units }]) =>
    canonical({
      order_id,
      status: 'day',
      revision: null,
      units,
      total_minor,
      cancelled_units,
      shipped_units: null,
      returned_units,
    }),
  );
}
