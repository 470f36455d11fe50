import { Body, Controller, Param, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiCreatedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import type { EventMetadata } from '#event-sourcing';
import { CommandMetadata, externalId, occurred, Problems } from '#platform';
import { ChangeOrder, type OrderChanged, orderChanged, orderChangedBy } from '../change-order.js';
import { happenedAt, namedUnits, orderIdParameter } from '../order-lines.schema.js';

const body = z
  .strictObject({
    shipmentId: externalId.meta({ description: 'Names the shipment: the same one twice is recorded once' }),
    lines: namedUnits,
    occurredAt: happenedAt,
  })
  .meta({ id: 'ShipLines' });

@ApiTags('orders')
@Controller('v1/orders/:orderId/shipments')
export class ShipLinesController {
  constructor(private readonly commands: CommandBus) {}

  @Post()
  @ApiOperation({
    summary:
      'Records that units of an order have left, whatever the order says of them. A line that is not known is taken where its SKU is said',
  })
  @Problems({
    'not-found': ['unknown-order', 'unknown-line'],
    conflict: ['shipment-differs', 'order-not-placed'],
    invalid: ['ambiguous-line', 'invalid-occurred-at'],
  })
  @ApiCreatedResponse({ standardSchema: orderChanged })
  async ship(
    @Param('orderId', orderIdParameter) orderId: string,
    @Body({ schema: body }) { occurredAt, ...shipment }: z.output<typeof body>,
    @CommandMetadata() metadata: EventMetadata,
  ): Promise<OrderChanged> {
    const command = new ChangeOrder({ type: 'ShipLines', orderId, ...shipment }, occurred({ occurredAt }, metadata));
    return orderChangedBy(orderId, await this.commands.execute(command));
  }
}
