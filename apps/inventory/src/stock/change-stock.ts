import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { StockEvent } from '#contracts';
import type { CommandRunner, CommandRunnerOptions, EventMetadata, Outcome } from '#event-sourcing';
import type { StockCommand } from './stock.decide.js';
import type { Stock } from './stock.js';

export type StockRunner = CommandRunner<StockCommand, StockEvent, Stock>;

/** SKUs are changed all the time and all over the range, so many stay in memory; a hot one answers many callers who may repeat. */
export const stockRunnerOptions = {
  rememberedCommands: 2_048,
  maxIdleStreams: 24_000,
} as const satisfies CommandRunnerOptions;

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
  constructor(private readonly runner: StockRunner) {}

  execute({ sku, command, metadata }: ChangeStock): Promise<Outcome<StockEvent>> {
    return this.runner.execute(sku, command, metadata);
  }
}
