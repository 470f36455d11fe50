import { type TransferEvent, transferEvents, typesOf } from '#contracts';
import { becauseOf, type CommandRunner, type RecordedEvent } from '#event-sourcing';
import type { Reaction } from '#read-models';
import { stockDecider } from '../../stock/stock.decider.js';
import { movementsOf } from '../../transfer/transfer.rules.js';

/** Goods have left, arrived or come back: the stock of each SKU follows, in the order of the log. */
export class WhenTransferChangesMoveItsStock implements Reaction {
  readonly name = 'when-transfer-changes-move-its-stock';
  readonly types = typesOf(transferEvents);

  constructor(private readonly commands: CommandRunner) {}

  async react(events: readonly RecordedEvent[]): Promise<void> {
    const sent = (events as readonly RecordedEvent<TransferEvent>[]).flatMap((event) =>
      movementsOf(event).map(([sku, movement]) =>
        this.commands.execute({
          on: stockDecider,
          id: sku,
          command: { type: 'MoveInTransfer', transferId: event.data.transferId, ...movement },
          metadata: becauseOf(this.name, event, `MoveInTransfer/${sku}`),
          causedAt: event.position,
        }),
      ),
    );
    await Promise.all(sent);
  }
}
