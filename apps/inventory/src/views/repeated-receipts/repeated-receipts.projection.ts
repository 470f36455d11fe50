import type { StockEvent } from '#contracts';
import type { RecordedEvent } from '#event-sourcing';
import type { ExceptionSource } from '#platform';
import { column, defineTable, type Projection, type RowOf, schemaOf } from '#read-models';
import { skuOf } from '../../stock/sku-of.js';

const repeatedReceiptsTable = defineTable({
  name: 'repeated_receipts',
  columns: {
    sku: column.code('What arrived'),
    locationId: column.code('Where it arrived'),
    reference: column.code('What the sender wrote on the delivery'),
    units: column.units('Arrived with the last of these receipts'),
    receivedBefore: column.units('Arrived under the reference before'),
    receivedAt: column.instant('When the last of these receipts was recorded'),
  },
  key: ['sku', 'locationId', 'reference'],
});
type RepeatedReceipt = RowOf<typeof repeatedReceiptsTable>;

/** Receipts whose reference had come before: parts of one delivery, or one delivery booked twice. */
export const repeatedReceiptsProjection: Projection = {
  name: 'repeated-receipts',
  version: 1,
  tables: [repeatedReceiptsTable],
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
      [...open.values()].flat().map((row) => [`${row.locationId}/${row.sku}\n${row.reference}`, row]),
    );
    await repeatedReceiptsTable.upsert(tx, [...rows.values()]);
  },
};

type LookedAt = RecordedEvent<Extract<StockEvent, { type: 'StockReceived' | 'StockAdjusted' | 'StockCounted' }>>;

function rowOf(sku: string, event: RecordedEvent<Extract<StockEvent, { type: 'StockReceived' }>>): RepeatedReceipt {
  const { locationId, reference = '', units, receivedBefore = 0 } = event.data;
  return { sku, locationId, reference, units, receivedBefore, receivedAt: event.recordedAt };
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
