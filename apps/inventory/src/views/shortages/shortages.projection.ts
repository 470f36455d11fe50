import type { StockEvent } from '#contracts';
import type { RecordedEvent } from '#event-sourcing';
import type { ExceptionSource } from '#platform';
import { bulkUpsert, type Projection, schemaOf, type Tx } from '#read-models';
import { skuOf } from '../../stock/sku-of.js';

export interface ShortageRow {
  sku: string;
  location_id: string;
  /** Position of the event that opened it: with SKU and location its id. */
  opened_position: number;
  units: number;
  most_units: number;
  opened_at: string;
  resolved_at: string | null;
}

const shape = {
  table: 'shortages',
  key: ['sku', 'location_id', 'opened_position'],
  columns: {
    sku: 'text',
    location_id: 'text',
    opened_position: 'bigint',
    units: 'bigint',
    most_units: 'bigint',
    opened_at: 'timestamptz',
    resolved_at: 'timestamptz',
  },
} as const;

/** What was sold and is not there: open problems, and how they ended. */
export const shortagesProjection: Projection = {
  name: 'shortages',
  version: 1,
  schema: `
    create table shortages (
      sku text collate "C" not null,
      location_id text collate "C" not null,
      opened_position bigint not null,
      units bigint not null,
      most_units bigint not null,
      opened_at timestamptz not null,
      resolved_at timestamptz,
      primary key (sku, location_id, opened_position)
    );
    create index shortages_open on shortages (opened_position) where resolved_at is null;
  `,
  types: ['ShortageOpened', 'ShortageChanged', 'ShortageResolved'],
  apply: async (page, tx) => {
    const events = page as readonly ShortageEvent[];
    const rows = new Map<string, ShortageRow>();
    const open = new Map((await readOpen(tx, events)).map((row) => [placeOf(row), row]));
    for (const event of events) {
      const place = { sku: skuOf(event.stream), location_id: event.data.locationId };
      const row = next(open.get(placeOf(place)), place, event);
      if (!row) continue;
      open.set(placeOf(place), row);
      rows.set(`${row.opened_position}/${placeOf(row)}`, row);
    }
    await bulkUpsert(tx, { ...shape, rows: [...rows.values()] });
  },
  analystViews: [
    {
      name: 'shortages',
      description:
        'Units sold and not there, per SKU and location, from the sale that opened it to the end; open while resolved_at is null',
      select: 'select sku, location_id, units, most_units, opened_at, resolved_at from shortages',
    },
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

function next(
  row: ShortageRow | undefined,
  place: { sku: string; location_id: string },
  event: ShortageEvent,
): ShortageRow | undefined {
  switch (event.type) {
    case 'ShortageOpened': {
      const { units } = event.data;
      return {
        ...place,
        opened_position: event.position,
        units,
        most_units: units,
        opened_at: event.recordedAt,
        resolved_at: null,
      };
    }
    case 'ShortageChanged':
      return row && { ...row, units: event.data.units, most_units: Math.max(row.most_units, event.data.units) };
    case 'ShortageResolved':
      return row && { ...row, units: 0, resolved_at: event.recordedAt };
    default:
      return event satisfies never;
  }
}

const placeOf = (row: { sku: string; location_id: string }): string => `${row.location_id}/${row.sku}`;

/**
 * By the primary key: a plan made while the table is empty would walk along the index of all that is open, for each place. What
 * stands before `offset` is not planned together with the condition that this index is for.
 */
function readOpen(tx: Tx, events: readonly ShortageEvent[]): Promise<ShortageRow[]> {
  return tx.query<ShortageRow>(
    `select distinct t.*
       from unnest($1::text[], $2::text[]) as k (sku, location_id)
      cross join lateral (
              select * from shortages s where s.sku = k.sku and s.location_id = k.location_id offset 0
            ) t
      where t.resolved_at is null`,
    [events.map((event) => skuOf(event.stream)), events.map((event) => event.data.locationId)],
  );
}
