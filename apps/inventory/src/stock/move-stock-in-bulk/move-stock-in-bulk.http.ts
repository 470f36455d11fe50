import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import type { EventMetadata } from '#event-sourcing';
import {
  BodyLimit,
  type BulkResult,
  bulkResults,
  CommandMetadata,
  InvalidRequest,
  isoInstant,
  locationIdSchema,
  MAX_BULK_BODY_BYTES,
  occurred,
  quantity,
  reasonText,
  resultsOf,
  rowsOf,
  signedQuantity,
  skuSchema,
  textLine,
} from '#platform';
import { SupplyDirectory } from '../../supply/supply-directory.js';
import { ChangeStock } from '../change-stock.js';
import type { MoveStock } from '../movements.decide.js';
import { type StockChanged, stockChanged, stockChangedBy } from '../stock.responses.js';
import { KnownDocuments } from './known-documents.js';

const common = {
  commandId: textLine(256).meta({
    description:
      'Number of the document, or id of the line. What one request says of a SKU under one id is taken as a whole or not at all; the same again changes nothing, other content is refused',
  }),
  sku: skuSchema,
  locationId: locationIdSchema,
  occurredAt: isoInstant.optional(),
};
const movement = z.discriminatedUnion('kind', [
  z.strictObject({ ...common, kind: z.literal('receipt'), units: quantity }),
  z.strictObject({
    ...common,
    kind: z.literal('adjustment'),
    units: signedQuantity,
    reason: reasonText,
  }),
  z.strictObject({
    ...common,
    kind: z.literal('return'),
    units: quantity,
    condition: z.enum(['available', 'damaged', 'inspection']).default('available'),
  }),
]);
type Movement = z.output<typeof movement>;
const movements = z.strictObject({ movements: rowsOf(movement, 1_000) });

@ApiTags('inventory')
@Controller('v1/stock/movements')
export class MoveStockInBulkController {
  constructor(
    private readonly commands: CommandBus,
    private readonly supply: SupplyDirectory,
    private readonly documents: KnownDocuments,
  ) {}

  @Post('bulk')
  @HttpCode(200)
  @BodyLimit(MAX_BULK_BODY_BYTES)
  @ApiOperation({
    summary:
      'Up to 1,000 receipts, adjustments and returns; each document is decided by itself, those of one SKU in their order',
  })
  @ApiOkResponse({ standardSchema: bulkResults(stockChanged) })
  moveStockInBulk(
    @Body({ schema: movements }) body: z.output<typeof movements>,
    @CommandMetadata() metadata: EventMetadata,
  ): Promise<BulkResult<StockChanged>> {
    const sound = body.movements.flatMap((row) => (row instanceof InvalidRequest ? [] : [row]));
    const documents = new Map<string, Promise<StockChanged>>();
    for (const [document, lines] of Map.groupBy(sound, documentOf)) documents.set(document, this.move(lines, metadata));
    return resultsOf(body.movements, (line) => documents.get(documentOf(line)) as Promise<StockChanged>);
  }

  private async move(lines: readonly Movement[], metadata: EventMetadata): Promise<StockChanged> {
    const [first] = lines as [Movement];
    for (const { locationId } of lines) this.supply.requireLocation(locationId);
    const { commandId, sku } = first;
    const command = { type: 'MoveStock', movements: lines.map(movementOf) } as const;
    const sent = new ChangeStock(sku, command, { ...occurred(first, metadata), commandId });
    const outcome = await this.commands.execute(sent);
    if (outcome.repeated) await this.documents.requireSame(sku, commandId, command);
    return stockChangedBy(sku, outcome);
  }
}

/** Lines of one document about one SKU. Neither part holds a line break. */
const documentOf = ({ commandId, sku }: Movement): string => `${commandId}\n${sku}`;

function movementOf(line: Movement): MoveStock['movements'][number] {
  const { locationId, units } = line;
  switch (line.kind) {
    case 'receipt':
      return { type: 'ReceiveStock', locationId, units };
    case 'adjustment':
      return { type: 'AdjustStock', locationId, onHand: units, unavailable: 0, reason: line.reason };
    case 'return':
      return { type: 'ReturnStock', returnId: line.commandId, locationId, units, condition: line.condition };
    default:
      return line satisfies never;
  }
}
