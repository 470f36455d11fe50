import { Body, Controller, Param, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiCreatedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import type { EventMetadata } from '#event-sourcing';
import { CommandMetadata, Problems, slug } from '#platform';
import { ChangeOrder, type OrderChanged, orderChanged, orderChangedBy } from '../change-order.js';
import { namedUnits, orderIdParameter } from '../order-lines.schema.js';

const body = z
  .strictObject({
    lines: namedUnits,
    /** A word and not free text: whoever types freely types names. */
    reason: slug('Why, as a short code', 'customer-request'),
  })
  .meta({ id: 'CancelLines' });

@ApiTags('orders')
@Controller('v1/orders/:orderId/cancellations')
export class CancelLinesController {
  constructor(private readonly commands: CommandBus) {}

  @Post()
  @ApiOperation({ summary: 'Cancels units that have not left' })
  @Problems({
    'not-found': ['unknown-order', 'unknown-line'],
    conflict: ['not-cancellable', 'order-not-placed'],
    invalid: ['ambiguous-line'],
  })
  @ApiCreatedResponse({ standardSchema: orderChanged })
  async cancel(
    @Param('orderId', orderIdParameter) orderId: string,
    @Body({ schema: body }) { lines, reason }: z.output<typeof body>,
    @CommandMetadata() metadata: EventMetadata,
  ): Promise<OrderChanged> {
    const command = new ChangeOrder({ type: 'CancelLines', orderId, lines, reason }, metadata);
    return orderChangedBy(orderId, await this.commands.execute(command));
  }
}
