import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { z } from 'zod';
import type { OrderEvent } from '#contracts';
import { CommandRunner, type EventMetadata, type Outcome } from '#event-sourcing';
import { type OrderCommand, orderDecider } from './order.decide.js';

/** One decision on one order: the only command on the bus that changes orders. What it may be is {@link OrderCommand}. */
export class ChangeOrder extends Command<Outcome<OrderEvent>> {
  constructor(
    readonly command: OrderCommand,
    readonly metadata: EventMetadata,
  ) {
    super();
  }
}

@CommandHandler(ChangeOrder)
export class ChangeOrderHandler implements ICommandHandler<ChangeOrder> {
  constructor(private readonly commands: CommandRunner) {}

  execute({ command, metadata }: ChangeOrder): Promise<Outcome<OrderEvent>> {
    return this.commands.execute({ on: orderDecider, id: command.orderId, command, metadata });
  }
}

/** What a command on an order answers. */
export const orderChanged = z
  .object({
    orderId: z.string(),
    changed: z.boolean().meta({ description: 'False for a repeat' }),
    revision: z.int().meta({ description: 'Revision of the order after the command' }),
    position: z.int().meta({ description: 'A view that has reached this position shows the change' }),
  })
  .meta({ id: 'OrderChanged' });
export type OrderChanged = z.output<typeof orderChanged>;

export const orderChangedBy = (orderId: string, { events, revision, position }: Outcome<OrderEvent>): OrderChanged => ({
  orderId,
  changed: events.length > 0,
  revision,
  position,
});
