import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import type { EventMetadata } from '#event-sourcing';
import { idFrom } from '#kernel';
import { BodyLimit, CommandMetadata, MAX_BULK_BODY_BYTES, refusalFor, rowProblem, ValidationPipe } from '#platform';
import { type CatalogChange, ChangeCatalog } from '../../change-catalog.js';
import { replacingListings } from '../../variant/replacing-listings.js';
import { commandsOf, importRow } from './import-row.js';

/** Rows are checked one by one, so that a wrong row has a result of its own. */
const rows = z
  .strictObject({ rows: z.array(z.unknown().meta(schemaOfRow())).min(1).max(1_000) })
  .meta({ id: 'ImportCatalog' });

const importedRow = z.object({ status: z.enum(['created', 'updated', 'unchanged']), position: z.int() });
const refusedRow = z.strictObject({ problem: rowProblem });
const answer = z
  .object({
    results: z.array(z.union([importedRow, refusedRow])).meta({ description: 'A result per row, in their order' }),
    position: z.int().meta({ description: 'A view that has reached this position shows all rows' }),
  })
  .meta({ id: 'CatalogImported' });
type RowResult = z.output<typeof importedRow> | z.output<typeof refusedRow>;

@ApiTags('catalog')
@Controller('v1/catalog')
export class ImportCatalogController {
  private readonly validation = new ValidationPipe();

  constructor(private readonly commands: CommandBus) {}

  @Post('import')
  @HttpCode(200)
  @BodyLimit(MAX_BULK_BODY_BYTES)
  @ApiOperation({
    summary: 'Up to 1,000 variants with product, prices and listings; each row is taken whole or not at all',
  })
  @ApiOkResponse({ standardSchema: answer })
  async importCatalog(
    @Body({ schema: rows }) body: z.output<typeof rows>,
    @CommandMetadata() metadata: EventMetadata,
  ): Promise<z.output<typeof answer>> {
    const settled = await Promise.allSettled(
      body.rows.map((row, index) =>
        this.importRow(row, { ...metadata, commandId: idFrom(`${metadata.commandId}/${index}`) }),
      ),
    );
    const results = settled.map((row) => (row.status === 'fulfilled' ? row.value : refusalOf(row.reason)));
    return { results, position: Math.max(0, ...results.map((row) => ('position' in row ? row.position : 0))) };
  }

  private async importRow(input: unknown, metadata: EventMetadata): Promise<RowResult> {
    const row = importRow.parse(await this.validation.transform(input, { type: 'body', schema: importRow }));
    const change = await replacingListings(row.sku, (replaces, releases) =>
      this.commands.execute(new ChangeCatalog(commandsOf(row, replaces, releases), metadata)),
    );
    return { status: statusOf(change), position: change.position };
  }
}

function statusOf({ events }: CatalogChange): 'created' | 'updated' | 'unchanged' {
  if (events.length === 0) return 'unchanged';
  return events.some(({ type }) => type === 'VariantAdded') ? 'created' : 'updated';
}

/** A refusal belongs to its row; after a fault all rows may be sent again, what was imported stays as it is. */
const refusalOf = (error: unknown): z.output<typeof refusedRow> => ({ problem: { ...refusalFor(error) } });

/** What the documentation says of a row. */
function schemaOfRow(): Record<string, unknown> {
  const { properties, required } = z.toJSONSchema(importRow, { io: 'input', target: 'openapi-3.0' });
  return { type: 'object', properties, required, additionalProperties: false };
}
