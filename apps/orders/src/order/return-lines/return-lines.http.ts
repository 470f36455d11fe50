import { Body, Controller, Param, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiCreatedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import type { EventMetadata } from '#event-sourcing';
import { CommandMetadata, externalId, locationIdSchema, occurred, Problems } from '#platform';
import { ChangeOrder, type OrderChanged, orderChanged, orderChangedBy } from '../change-order.js';
import { happenedAt, namedUnits, orderIdParameter } from '../order-lines.schema.js';

const body = z
  .strictObject({
    returnId: externalId.meta({ description: 'Names the return: the same one twice is recorded once' }),
    locationId: locationIdSchema,
    condition: z.enum(['available', 'damaged', 'inspection']),
    lines: namedUnits,
    occurredAt: happenedAt,
  })
  .meta({ id: 'ReturnLines' });

@ApiTags('orders')
@Controller('v1/orders/:orderId/returns')
export class ReturnLinesController {
  constructor(private readonly commands: CommandBus) {}

  @Post()
  @ApiOperation({
    summary:
      'Records that units of an order came back to a location. A line that is not known is taken where its SKU is said',
  })
  @Problems({
    'not-found': ['unknown-order', 'unknown-line'],
    conflict: ['return-differs', 'order-not-placed'],
    invalid: ['ambiguous-line', 'invalid-occurred-at'],
  })
  @ApiCreatedResponse({ standardSchema: orderChanged })
  async return(
    @Param('orderId', orderIdParameter) orderId: string,
    @Body({ schema: body }) { occurredAt, ...returned }: z.output<typeof body>,
    @CommandMetadata() metadata: EventMetadata,
  ): Promise<OrderChanged> {
    const command = new ChangeOrder({ type: 'ReturnLines', orderId, ...returned }, occurred({ occurredAt }, metadata));
    return orderChangedBy(orderId, await this.commands.execute(command));
  }
}
