import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { StockEvent } from '#contracts';
import { CommandRunner, type EventMetadata, type Outcome } from '#event-sourcing';
import type { StockCommand } from './stock.decide.js';
import { stockDecider } from './stock.decider.js';

/** One decision on one SKU: the only command on the bus that changes stock. What it may be is {@link StockCommand}. */
export class ChangeStock extends Command<Outcome<StockEvent>> {
  constructor(
    readonly sku: string,
    readonly command: StockCommand,
    readonly metadata: EventMetadata,
  ) {
    super();
  }
}

@CommandHandler(ChangeStock)
export class ChangeStockHandler implements ICommandHandler<ChangeStock> {
  constructor(private readonly commands: CommandRunner) {}

  execute({ sku, command, metadata }: ChangeStock): Promise<Outcome<StockEvent>> {
    return this.commands.execute({ on: stockDecider, id: sku, command, metadata });
  }
}
