import type { StockEvent } from '#contracts';
import type { RecordedEvent } from '#event-sourcing';
import type { ExceptionSource } from '#platform';
import { bulkUpsert, type Projection, schemaOf } from '#read-models';
import { skuOf } from '../../stock/sku-of.js';

interface RepeatedReceipt {
  sku: string;
  location_id: string;
  reference: string;
  units: number;
  received_before: number;
  received_at: string;
}

const shape = {
  table: 'repeated_receipts',
  key: ['sku', 'location_id', 'reference'],
  columns: {
    sku: 'text',
    location_id: 'text',
    reference: 'text',
    units: 'bigint',
    received_before: 'bigint',
    received_at: 'timestamptz',
  },
} as const;

/** Receipts whose reference had come before: parts of one delivery, or one delivery booked twice. */
export const repeatedReceiptsProjection: Projection = {
  name: 'repeated-receipts',
  version: 1,
  schema: `
    create table repeated_receipts (
      sku text collate "C" not null,
      location_id text collate "C" not null,
      reference text collate "C" not null,
      units bigint not null,
      received_before bigint not null,
      received_at timestamptz not null,
      primary key (sku, location_id, reference)
    );
  `,
  types: ['StockReceived', 'StockAdjusted', 'StockCounted'],
  apply: async (page, tx) => {
    const open = new Map<string, RepeatedReceipt[]>();
    const settled = new Map<string, [sku: string, locationId: string]>();
    for (const event of page as readonly LookedAt[]) {
      const sku = skuOf(event.stream);
      const place = `${event.data.locationId}/${sku}`;
      if (event.type !== 'StockReceived') {
        if (event.type === 'StockAdjusted' && event.data.onHand >= 0) continue;
        open.delete(place);
        settled.set(place, [sku, event.data.locationId]);
      } else if (event.data.receivedBefore !== undefined) {
        open.set(place, [...(open.get(place) ?? []), rowOf(sku, event)]);
      }
    }
    const places = [...settled.values()];
    if (places.length > 0)
      await tx.execute(
        `delete from repeated_receipts r using unnest($1::text[], $2::text[]) as k (sku, location_id)
          where r.sku = k.sku and r.location_id = k.location_id`,
        [places.map(([sku]) => sku), places.map(([, locationId]) => locationId)],
      );
    const rows = new Map(
      [...open.values()].flat().map((row) => [`${row.location_id}/${row.sku}\n${row.reference}`, row]),
    );
    await bulkUpsert(tx, { ...shape, rows: [...rows.values()] });
  },
};

type LookedAt = RecordedEvent<Extract<StockEvent, { type: 'StockReceived' | 'StockAdjusted' | 'StockCounted' }>>;

function rowOf(sku: string, event: RecordedEvent<Extract<StockEvent, { type: 'StockReceived' }>>): RepeatedReceipt {
  const { locationId, reference = '', units, receivedBefore = 0 } = event.data;
  return {
    sku,
    location_id: locationId,
    reference,
    units,
    received_before: receivedBefore,
    received_at: event.recordedAt,
  };
}

/** A delivery that was booked twice is on offer twice, until a person has looked. */
export const referencesReceivedTwice: ExceptionSource = {
  kind: 'receipt-reference-twice',
  whatToDo:
    'Look whether these are parts of one delivery. Count the shelf, or adjust it where the delivery was booked twice.',
  openCases: `
    select sku || ' at ' || location_id || ', ' || reference as subject, received_at as since,
           units || ' units arrived under a reference under which ' || received_before || ' had come before.' as detail
      from ${schemaOf(repeatedReceiptsProjection.name)}.repeated_receipts`,
};
