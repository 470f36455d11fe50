import type { StockEvent } from '#contracts';
import type { RecordedEvent } from '#event-sourcing';
import type { ExceptionSource } from '#platform';
import { analystsSee, column, defineTable, orNull, type Projection, type RowOf, schemaOf, type Tx } from '#read-models';
import { skuOf } from '../../stock/sku-of.js';

export const shortagesTable = defineTable({
  name: 'shortages',
  columns: {
    sku: column.code('What is missing'),
    locationId: column.code('Where it is missing'),
    openedPosition: column.count('Position of the event that opened it: with SKU and location its id'),
    units: column.units('Missing now'),
    mostUnits: column.units('Missing at the worst moment'),
    openedAt: column.instant('When more were bound than were there'),
    resolvedAt: orNull(column.instant('When all were found; null while it is open')),
  },
  key: ['sku', 'locationId', 'openedPosition'],
  indexes: { shortages_open: { on: ['openedPosition'], where: 'resolved_at is null' } },
});
export type ShortageRow = RowOf<typeof shortagesTable>;

/** What was sold and is not there: open problems, and how they ended. */
export const shortagesProjection: Projection = {
  name: 'shortages',
  version: 1,
  tables: [shortagesTable],
  types: ['ShortageOpened', 'ShortageChanged', 'ShortageResolved'],
  apply: async (page, tx) => {
    const events = page as readonly ShortageEvent[];
    const rows = new Map<string, ShortageRow>();
    const open = new Map((await readOpen(tx, events)).map((row) => [placeOf(row), row]));
    for (const event of events) {
      const place = { sku: skuOf(event.stream), locationId: event.data.locationId };
      const row = next(open.get(placeOf(place)), place, event);
      if (!row) continue;
      open.set(placeOf(place), row);
      rows.set(`${row.openedPosition}/${placeOf(row)}`, row);
    }
    await shortagesTable.upsert(tx, [...rows.values()]);
  },
  analystViews: [
    analystsSee(shortagesTable, {
      description:
        'Units sold and not there, per SKU and location, from the sale that opened it to the end; open while resolved_at is null',
      fields: ['sku', 'locationId', 'units', 'mostUnits', 'openedAt', 'resolvedAt'],
    }),
  ],
};

/** Units that were sold and are not there wait for a person who finds or buys them, or tells the shopper. */
export const openShortages: ExceptionSource = {
  kind: 'shortage',
  whatToDo:
    'More units are bound than the location holds. Find, receive or transfer them, or cancel units of an order.',
  openCases: `
    select sku || ' at ' || location_id as subject, opened_at as since, units || ' units are missing.' as detail
      from ${schemaOf(shortagesProjection.name)}.shortages where resolved_at is null`,
};

type ShortageEvent = RecordedEvent<Extract<StockEvent, { type: `Shortage${string}` }>>;

function next(row: ShortageRow | undefined, place: Place, event: ShortageEvent): ShortageRow | undefined {
  switch (event.type) {
    case 'ShortageOpened': {
      const { units } = event.data;
      return {
        ...place,
        openedPosition: event.position,
        units,
        mostUnits: units,
        openedAt: event.recordedAt,
        resolvedAt: null,
      };
    }
    case 'ShortageChanged':
      return row && { ...row, units: event.data.units, mostUnits: Math.max(row.mostUnits, event.data.units) };
    case 'ShortageResolved':
      return row && { ...row, units: 0, resolvedAt: event.recordedAt };
    default:
      return event satisfies never;
  }
}

type Place = Pick<ShortageRow, 'sku' | 'locationId'>;

const placeOf = ({ sku, locationId }: Place): string => `${locationId}/${sku}`;

/**
 * By the primary key: a plan made while the table is empty would walk along the index of all that is open, for each place. What
 * stands before `offset` is not planned together with the condition that this index is for.
 */
function readOpen(tx: Tx, events: readonly ShortageEvent[]): Promise<ShortageRow[]> {
  return tx.query<ShortageRow>(
    `select distinct ${shortagesTable.select(undefined, 't')}
       from unnest($1::text[], $2::text[]) as k (sku, location_id)
      cross join lateral (
              select * from shortages s where s.sku = k.sku and s.location_id = k.location_id offset 0
            ) t
      where t.resolved_at is null`,
    [events.map((event) => skuOf(event.stream)), events.map((event) => event.data.locationId)],
  );
}
