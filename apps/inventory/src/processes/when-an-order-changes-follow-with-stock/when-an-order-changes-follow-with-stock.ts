import type { OrderEvent } from '#contracts';
import { becauseOf, CommandRunner, type RecordedEvent } from '#event-sourcing';
import type { Reaction } from '#read-models';
import type { StockCommand } from '../../stock/stock.decide.js';
import { stockDecider } from '../../stock/stock.decider.js';
import { SupplyDirectory } from '../../supply/supply-directory.js';
import { bySku } from '../by-sku.js';

type OrderFact = Extract<
  OrderEvent,
  { type: 'SaleRecorded' | 'SaleAmended' | 'OrderLinesCancelled' | 'OrderLinesShipped' | 'OrderLinesReturned' }
>;

/** What comes in meanwhile is decided and stored between these. With 500 a replay of sales took a third longer. */
const COMMANDS_AT_ONCE = 5_000;

/**
 * Sales, amendments, cancellations, parcels and returns have happened: stock follows. Commands for one SKU are sent in
 * the order of the log; those for different SKUs at once.
 */
export class WhenAnOrderChangesFollowWithStock implements Reaction {
  readonly name = 'when-an-order-changes-follow-with-stock';
  readonly types = ['SaleRecorded', 'SaleAmended', 'OrderLinesCancelled', 'OrderLinesShipped', 'OrderLinesReturned'];

  constructor(
    private readonly commands: CommandRunner,
    private readonly supply: SupplyDirectory,
  ) {}

  async react(events: readonly RecordedEvent[]): Promise<void> {
    const commands = (events as readonly RecordedEvent<OrderFact>[]).flatMap((event) =>
      this.commandsOf(event).map(([sku, command]) => ({ event, sku, command })),
    );
    for (let start = 0; start < commands.length; start += COMMANDS_AT_ONCE) {
      const sent = commands.slice(start, start + COMMANDS_AT_ONCE).map(({ event, sku, command }) =>
        this.commands.execute({
          on: stockDecider,
          id: sku,
          command,
          metadata: becauseOf(this.name, event, `${command.type}/${sku}`),
          causedAt: event.position,
        }),
      );
      await Promise.all(sent);
    }
  }

  private shipped(
    { orderId, channel }: { orderId: string; channel: string },
    lines: readonly { lineId: string; units: number }[],
  ): StockCommand {
    return { type: 'ShipStock', orderId, lines, channel, supply: this.supply.policyOf(channel).supply };
  }

  private commandsOf(event: RecordedEvent<OrderFact>): [string, StockCommand][] {
    const { orderId } = event.data;
    switch (event.type) {
      case 'SaleRecorded': {
        const policy = this.supply.policyOf(event.data.channel);
        return [...bySku(event.data.lines)].map(([sku, lines]) => [
          sku,
          {
            type: 'AllocateLines',
            as: 'fact',
            orderId,
            lines: lines.map(unitsOf),
            policy,
          },
        ]);
      }
      case 'SaleAmended': {
        const policy = this.supply.policyOf(event.data.channel);
        const { more, fewer } = differencesOf(event.data.changes);
        return [
          ...[...bySku(fewer)].map(([sku, lines]): [string, StockCommand] => [
            sku,
            { type: 'CancelAllocation', orderId, lines: lines.map(unitsOf) },
          ]),
          ...[...bySku(more)].map(([sku, lines]): [string, StockCommand] => [
            sku,
            { type: 'AllocateLines', as: 'fact', orderId, lines: lines.map(unitsOf), policy },
          ]),
        ];
      }
      case 'OrderLinesCancelled':
        return [...bySku(event.data.lines)].map(([sku, lines]) => [sku, { type: 'CancelAllocation', orderId, lines }]);
      case 'OrderLinesShipped':
        return [...bySku(event.data.lines)].map(([sku, lines]) => [sku, this.shipped(event.data, lines)]);
      case 'OrderLinesReturned': {
        const { returnId, locationId, condition } = event.data;
        return [...bySku(event.data.lines)].map(([sku, lines]) => [
          sku,
          {
            type: 'ReturnStock',
            orderId,
            returnId,
            locationId,
            condition,
            units: lines.reduce((sum, { units }) => sum + units, 0),
          },
        ]);
      }
      default:
        return event satisfies never;
    }
  }
}

type LineChange = Extract<OrderFact, { type: 'SaleAmended' }>['data']['changes'][number];

interface Difference {
  readonly lineId: string;
  readonly sku: string;
  readonly units: number;
}

/** By how much an amendment wants more of some lines, and less of others. */
export function differencesOf(changes: readonly LineChange[]): {
  readonly more: readonly Difference[];
  readonly fewer: readonly Difference[];
} {
  const differences = changes.map(({ lineId, sku, unitsBefore, unitsAfter }) => ({
    lineId,
    sku,
    units: unitsAfter - unitsBefore,
  }));
  return {
    more: differences.filter(({ units }) => units > 0),
    fewer: differences.filter(({ units }) => units < 0).map((line) => ({ ...line, units: -line.units })),
  };
}

const unitsOf = ({ lineId, units }: Omit<Difference, 'sku'>) => ({ lineId, units });
