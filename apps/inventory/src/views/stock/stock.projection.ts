import { type StockEvent, stockEvents, typesOf } from '#contracts';
import type { RecordedEvent } from '#event-sourcing';
import { lookAlikeKey, MAX_QUANTITY } from '#kernel';
import { column, defineTable, orNull, type Projection, type RowOf, type Tx } from '#read-models';
import { availableToSell } from '../../stock/available-to-sell.js';
import { skuOf } from '../../stock/sku-of.js';
import { addToFigures, emptyFigures, type StockFigures } from '../../stock/stock-levels.js';
import type { ChannelPolicy } from '../../supply/channel-terms.js';
import {
  addToSupply,
  allPolicies,
  emptySupply,
  type Supply,
  type SupplyEvent,
  supplyEventTypes,
} from '../../supply/policies.js';

type Stranded = Readonly<Record<string, { readonly units: number; readonly since: string }>>;

export const stockTable = defineTable({
  name: 'stock',
  columns: {
    sku: column.code('The SKU'),
    revision: column.count('Of the last event of the SKU'),
    figures: column.json<StockFigures>('What stands where, and the rules of the channels'),
    available: column.json<Record<string, number>>('Units each channel may show'),
    stranded: orNull(column.json<Stranded>('Goods at locations that are not open, which no channel is shown')),
    sequence: column.count('Position of the event that last changed the row: where it stands in the availability feed'),
    late: column.boolean(
      'That event was parked: `sequence` is where the view stood then, and a follower may be there already',
    ),
    receivedAt: column.text('When we learned of it; of several changes in one page, the first'),
    traceparent: orNull(column.text('Trace context of the last of them that is traced')),
  },
  key: ['sku'],
  indexes: { stock_by_sequence: ['sequence'], stock_stranded: { on: ['sku'], where: 'stranded is not null' } },
  fillfactor: 70,
});
export type StockRow = RowOf<typeof stockTable>;

const supplyTable = defineTable({
  name: 'supply',
  columns: { id: column.integer('There is one'), supply: column.json<Supply>('All policies of all channels') },
  key: ['id'],
});

const lookAlikesTable = defineTable({
  name: 'look_alikes',
  columns: { sku: column.code('The SKU'), key: column.code('The same for SKUs that people take for one another') },
  key: ['sku'],
  indexes: { look_alikes_by_key: ['key'] },
});

const stockTypes = new Set<string>(typesOf(stockEvents));
const isStockEvent = (
  event: RecordedEvent<StockEvent | SupplyEvent>,
): event is Extract<typeof event, { type: StockEvent['type'] }> => stockTypes.has(event.type);

/**
 * What stands where, and what each channel may show of it: one row per SKU. The row is its own outbox: the availability
 * feed reads rows by `sequence`, latest wins.
 */
export const stockProjection: Projection = {
  name: 'stock',
  version: 6,
  tables: [stockTable, supplyTable, lookAlikesTable],
  types: [...stockTypes, ...supplyEventTypes],
  // Every other channel sells the old number until then.
  paceMs: 20,
  // The page may end anywhere: "the first of a page" is another one in every build. What comes late is in its place in a rebuild.
  ignoreInComparison: { stock: ['receivedAt', 'traceparent', 'sequence', 'late'] },
  apply: async (page, tx) => {
    const supply = await readSupply(tx);
    const stockEvents: RecordedEvent<StockEvent>[] = [];
    const foldStock = () => writeChanges(tx, stockEvents.splice(0), supply);
    let isNewInUse = false;
    for (const event of page as readonly RecordedEvent<StockEvent | SupplyEvent>[]) {
      if (isStockEvent(event)) {
        stockEvents.push(event);
        isNewInUse = noteChannel(supply, event) || isNewInUse;
        continue;
      }
      // Policies count from their place in the log on, or `sequence` would depend on where pages end.
      await foldStock();
      await applyPolicy(tx, supply, event);
    }
    await foldStock();
    if (isNewInUse) await writeSupply(tx, supply);
  },
  appliedLate: async ({ position }, reached, tx) => {
    await tx.execute('update stock set sequence = $2, late = true where sequence = $1', [position, reached]);
  },
  analystViews: [
    {
      name: 'stock_levels',
      description: 'Units per SKU and location; free = on_hand - unavailable - allocated - reserved',
      columns: {
        sku: column.code('The SKU'),
        locationId: column.code('Where the units stand'),
        onHand: column.units('In the building'),
        unavailable: column.units('Of these, damaged or in inspection'),
        allocated: column.units('Bound to placed orders'),
        reserved: column.units('Held for carts and checkouts'),
        safety: column.units('Withheld from all channels'),
        shortage: column.units('Bound and not there'),
        free: column.units('Neither unavailable nor bound nor held'),
        revision: column.count('Events of the SKU so far'),
        inTransit: column.units('On their way there, and sold nowhere'),
      },
      select: `
        select sku, level.key as location_id, n.on_hand, n.unavailable, n.allocated, n.reserved, n.safety, n.shortage,
               n.on_hand - n.unavailable - n.allocated - n.reserved as free, revision,
               coalesce((level.value ->> 'inTransit')::bigint, 0) as in_transit
        from stock
        cross join lateral jsonb_each(figures -> 'levels') as level
        cross join lateral (
          select (level.value ->> 'onHand')::bigint, (level.value ->> 'unavailable')::bigint, (level.value ->> 'allocated')::bigint,
                 (level.value ->> 'reserved')::bigint, (level.value ->> 'safety')::bigint, (level.value ->> 'shortage')::bigint
        ) as n (on_hand, unavailable, allocated, reserved, safety, shortage)`,
    },
    {
      name: 'availability',
      description: 'Units each channel may show of each SKU, with the stock revision they were computed from',
      columns: {
        sku: column.code('The SKU'),
        channel: column.code('The channel'),
        available: column.units('The channel may show now'),
        revision: column.count('Events of the SKU so far'),
      },
      select: `
        select sku, number.key as channel, number.value::bigint as available, revision
        from stock cross join lateral jsonb_each_text(available) as number`,
    },
  ],
};

interface Change {
  readonly events: RecordedEvent<StockEvent>[];
  readonly receivedAt: string;
}

function changesOf(events: readonly RecordedEvent<StockEvent>[]): Map<string, Change> {
  const changes = new Map<string, Change>();
  for (const event of events) {
    const sku = skuOf(event.stream);
    const change = changes.get(sku);
    if (change) change.events.push(event);
    else changes.set(sku, { events: [event], receivedAt: receivedAtOf(event) });
  }
  return changes;
}

async function writeChanges(tx: Tx, events: readonly RecordedEvent<StockEvent>[], supply: Supply): Promise<void> {
  const policies = allPolicies(supply);
  const changes = changesOf(events);
  const keys = [...changes.keys()].map((sku) => ({ sku }));
  const stored = await stockTable.byKeys(tx, keys);
  const bySku = new Map(stored.map((row) => [row.sku, row]));
  const rows = [...changes].map(([sku, { events: own, receivedAt }]) => {
    const before = bySku.get(sku);
    const figures = before?.figures ?? emptyFigures();
    let stranded = before?.stranded ?? null;
    for (const event of own) {
      addToFigures(figures, event);
      if ('locationId' in event.data) stranded = strandedAfter(stranded, figures, event.data.locationId, supply, event);
    }
    const last = own.at(-1) as RecordedEvent<StockEvent>;
    return {
      sku,
      revision: last.revision,
      figures,
      available: numbersOf(figures, policies),
      stranded,
      sequence: last.position,
      late: false,
      receivedAt,
      traceparent: own.findLast(({ metadata }) => metadata.traceparent !== undefined)?.metadata.traceparent ?? null,
    };
  });
  await stockTable.upsert(tx, rows);
  await lookAlikesTable.upsert(
    tx,
    rows.filter(({ sku }) => !bySku.has(sku)).map(({ sku }) => ({ sku, key: lookAlikeKey(sku) })),
  );
}

/** True when nothing of this channel was known before. */
function noteChannel({ inUse }: Supply, { data, recordedAt }: RecordedEvent<StockEvent>): boolean {
  if (!('channel' in data) || Object.hasOwn(inUse, data.channel)) return false;
  inUse[data.channel] = recordedAt;
  return true;
}

/** Where a location is not open, what stands there is out of reach of every channel. */
function strandedAfter(
  stranded: Stranded | null,
  { levels }: StockFigures,
  locationId: string,
  supply: Supply,
  { recordedAt }: RecordedEvent,
): Stranded | null {
  const units = supply.locations.includes(locationId) ? 0 : (levels[locationId]?.onHand ?? 0);
  if (units === 0 && stranded === null) return null;
  const { [locationId]: before, ...others } = stranded ?? {};
  if (units > 0) return { ...others, [locationId]: { units, since: before?.since ?? recordedAt } };
  return Object.keys(others).length > 0 ? others : null;
}

async function applyPolicy(tx: Tx, supply: Supply, event: RecordedEvent<SupplyEvent>): Promise<void> {
  const before = new Set(allPolicies(supply).map((policy) => JSON.stringify(policy)));
  const changed = allPolicies(addToSupply(supply, event)).filter((policy) => !before.has(JSON.stringify(policy)));
  await writeSupply(tx, supply);
  if (event.type === 'LocationOpened')
    await tx.execute(`update stock set stranded = nullif(stranded - $1::text, '{}') where stranded ? $1`, [
      event.data.locationId,
    ]);
  if (event.type === 'LocationClosed') await tx.execute(STRAND_SQL, [event.data.locationId, event.recordedAt]);
  if (changed.length > 0) await reproject(tx, changed, event);
}

/**
 * After policies changed: new numbers for every SKU whose numbers they change, in chunks that leave the event loop to others.
 * Numbers of other channels are neither read nor computed.
 */
export async function reproject(tx: Tx, policies: readonly ChannelPolicy[], cause: RecordedEvent): Promise<void> {
  for (let after = ''; ; ) {
    const rows = await tx.query<Pick<StockRow, 'sku' | 'figures'>>(
      'select sku, figures from stock where sku > $1 order by sku limit 500',
      [after],
    );
    const last = rows.at(-1);
    if (!last) return;
    after = last.sku;
    await tx.execute(RENUMBER_SQL, [
      rows.map(({ sku }) => sku),
      rows.map(({ figures }) => JSON.stringify(numbersOf(figures, policies))),
      cause.position,
      receivedAtOf(cause),
      cause.metadata.traceparent ?? null,
    ]);
  }
}

const RENUMBER_SQL = `
  update stock as t
     set available = t.available || k.numbers, sequence = $3, late = false, received_at = $4, traceparent = $5
    from unnest($1::text[], $2::jsonb[]) as k (sku, numbers)
   where t.sku = k.sku and not t.available @> k.numbers`;

/** Closing looks first whether a location is empty; goods may have arrived in between. */
const STRAND_SQL = `
  update stock
     set stranded = coalesce(stranded, '{}') ||
           jsonb_build_object($1::text, jsonb_build_object('units', figures -> 'levels' -> $1::text -> 'onHand', 'since', $2::text))
   where (figures -> 'levels' -> $1::text ->> 'onHand')::bigint > 0`;

const writeSupply = (tx: Tx, supply: Supply): Promise<void> => supplyTable.upsert(tx, [{ id: 1, supply }]);

async function readSupply(tx: Tx): Promise<Supply> {
  const [row] = await tx.query<{ supply: Supply }>('select supply from supply where id = $1', [1]);
  return row?.supply ?? emptySupply();
}

/** What is on hand is a sum of any size; a channel takes no more than one movement may name. */
const numbersOf = (figures: StockFigures, policies: readonly ChannelPolicy[]): Record<string, number> =>
  Object.fromEntries(
    policies.map((policy) => [policy.channel, Math.min(availableToSell(figures, policy), MAX_QUANTITY)]),
  );

const receivedAtOf = (event: RecordedEvent): string => event.metadata.receivedAt ?? event.recordedAt;
