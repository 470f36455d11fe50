import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import type { EventMetadata } from '#event-sourcing';
import { idFrom } from '#kernel';
import { BodyLimit, bulkResults, CommandMetadata, MAX_BULK_BODY_BYTES, resultsOf, rowsOf } from '#platform';
import { type CatalogChange, ChangeCatalog } from '../../change-catalog.js';
import { commandsOf, type ImportRow, importRow } from './import-row.js';

const rows = z.strictObject({ rows: rowsOf(importRow, 1_000) }).meta({ id: 'ImportCatalog' });

const importedRow = z.object({ status: z.enum(['created', 'updated', 'unchanged']), position: z.int() });
const answer = bulkResults(importedRow)
  .extend({
    position: z.int().meta({ description: 'A view that has reached this position shows all rows' }),
  })
  .meta({ id: 'CatalogImported' });

@ApiTags('catalog')
@Controller('v1/catalog')
export class ImportCatalogController {
  constructor(private readonly commands: CommandBus) {}

  @Post('import')
  @HttpCode(200)
  @BodyLimit(MAX_BULK_BODY_BYTES)
  @ApiOperation({
    summary: 'Up to 1,000 variants with product, prices and listings; each row is taken whole or not at all',
  })
  @ApiOkResponse({ standardSchema: answer })
  async importCatalog(@Body({ schema: rows }) body: z.output<typeof rows>, @CommandMetadata() metadata: EventMetadata) {
    const bySku = new Map<string, Promise<unknown>>();
    const { results } = await resultsOf(body.rows, (row, index) => {
      // Rows of one SKU are taken in their order, so that the later one holds.
      const result = (bySku.get(row.sku) ?? Promise.resolve()).then(() =>
        this.importRow(row, { ...metadata, commandId: idFrom(`${metadata.commandId}/${index}`) }),
      );
      bySku.set(
        row.sku,
        result.catch(() => {}),
      );
      return result;
    });
    return { results, position: Math.max(0, ...results.map((row) => ('position' in row ? row.position : 0))) };
  }

  private async importRow(row: ImportRow, metadata: EventMetadata): Promise<z.output<typeof importedRow>> {
    const change = await this.commands.execute(new ChangeCatalog(commandsOf(row), metadata));
    return { status: statusOf(change), position: change.position };
  }
}

function statusOf({ events }: CatalogChange): 'created' | 'updated' | 'unchanged' {
  if (events.length === 0) return 'unchanged';
  return events.some(({ type }) => type === 'VariantAdded') ? 'created' : 'updated';
}
