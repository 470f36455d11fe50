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
import { type StockChanged, stockChanged, stockChangedBy } from '../stock.answers.js';
import type { StockCommand } from '../stock.decide.js';

const common = {
  /** The same id again changes nothing: take it from the line of a file or the number of a document. */
  commandId: textLine(256),
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
  ) {}

  @Post('bulk')
  @HttpCode(200)
  @BodyLimit(MAX_BULK_BODY_BYTES)
  @ApiOperation({
    summary:
      'Up to 1,000 receipts, adjustments and returns; each is decided by itself, those of one SKU in their order',
  })
  @ApiOkResponse({ standardSchema: bulkResults(stockChanged) })
  moveStockInBulk(
    @Body({ schema: movements }) body: z.output<typeof movements>,
    @CommandMetadata() metadata: EventMetadata,
  ): Promise<BulkResult<StockChanged>> {
    return resultsOf(body.movements, (line) => this.move(line, metadata));
  }

  private async move(line: Movement, metadata: EventMetadata): Promise<StockChanged> {
    this.supply.requireLocation(line.locationId);
    const { commandId, sku } = line;
    const command = new ChangeStock(sku, commandOf(line), { ...occurred(line, metadata), commandId });
    return stockChangedBy(sku, await this.commands.execute(command));
  }
}

function commandOf(line: Movement): StockCommand {
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
