import { z } from 'zod';
import type { EventMetadata } from '#event-sourcing';
import { idFrom } from '#kernel';
import { bulkResults, MAX_BULK_BODY_BYTES, resultsOf, rowsOf } from '#platform';
import { type CatalogParts, catalog } from '../catalog.slices.js';
import type { CatalogChange } from '../change-catalog.js';
import { commandsOf, type ImportRow, importRow } from './import-row.js';

const importedRow = z.object({ status: z.enum(['created', 'updated', 'unchanged']), position: z.int() });
const imported = bulkResults(importedRow)
  .extend({
    position: z.int().meta({ description: 'A view that has reached this position shows all rows' }),
  })
  .meta({ id: 'CatalogImported' });

export const importCatalog = catalog.command({
  name: 'ImportCatalog',
  summary: 'Up to 1,000 variants with product, prices and listings; each row is taken whole or not at all',
  body: z.strictObject({ rows: rowsOf(importRow, 1_000) }).meta({ id: 'ImportCatalog' }),
  bodyLimitBytes: MAX_BULK_BODY_BYTES,
  answer: imported,
  execute: async ({ rows }, parts, metadata) => {
    const bySku = new Map<string, Promise<unknown>>();
    const { results } = await resultsOf(rows, (row, index) => {
      // Rows of one SKU are taken in their order, so that the later one holds.
      const result = (bySku.get(row.sku) ?? Promise.resolve()).then(() =>
        takeRow(row, parts, { ...metadata, commandId: idFrom(`${metadata.commandId}/${index}`) }),
      );
      bySku.set(
        row.sku,
        result.catch(() => {}),
      );
      return result;
    });
    return { results, position: Math.max(0, ...results.map((row) => ('position' in row ? row.position : 0))) };
  },
});

async function takeRow(
  row: ImportRow,
  { changes }: CatalogParts,
  metadata: EventMetadata,
): Promise<z.output<typeof importedRow>> {
  const change = await changes.execute(commandsOf(row), metadata);
  return { status: statusOf(change), position: change.position };
}

function statusOf({ events }: CatalogChange): 'created' | 'updated' | 'unchanged' {
  if (events.length === 0) return 'unchanged';
  return events.some(({ type }) => type === 'VariantAdded') ? 'created' : 'updated';
}
