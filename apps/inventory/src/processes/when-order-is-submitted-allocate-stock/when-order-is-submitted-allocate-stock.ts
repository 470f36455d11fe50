import { inSkuOrder, type OrderEvent, type StockEvent, type SubmittedLine } from '#contracts';
import { becauseOf, CommandRunner, type EventMetadata, type EventStore, type RecordedEvent } from '#event-sourcing';
import { Rejected } from '#kernel';
import type { Reaction } from '#read-models';
import type { AllocateLines, CancelAllocation } from '../../stock/allocations.decide.js';
import type { DeclineAllocation, StockCommand } from '../../stock/stock.decide.js';
import { stockDecider } from '../../stock/stock.decider.js';
import type { ChannelPolicy } from '../../supply/channel-terms.js';
import { SupplyDirectory } from '../../supply/supply-directory.js';
import { bySku } from '../by-sku.js';

type OrderSubmitted = RecordedEvent<Extract<OrderEvent, { type: 'OrderSubmitted' }>>;

/**
 * A shopper asked for goods: all lines are allocated, or none. A refusal is recorded under the command's own id, so that a
 * repeat of the event finds its answer and cannot decide otherwise.
 *
 * Where the store commits several streams at once, that is one commit. Where it does not, SKU after SKU is allocated in
 * the order both services know ({@link inSkuOrder}): the allocation of the last one tells of all, and the first refusal
 * ends it and gives back what was allocated before.
 */
export class WhenOrderIsSubmittedAllocateStock implements Reaction {
  readonly name = 'when-order-is-submitted-allocate-stock';
  readonly types = ['OrderSubmitted'];

  constructor(
    private readonly commands: CommandRunner,
    private readonly supply: SupplyDirectory,
    private readonly store: EventStore,
  ) {}

  async react(events: readonly RecordedEvent[]): Promise<void> {
    await Promise.all((events as readonly OrderSubmitted[]).map((event) => this.allocate(event)));
  }

  private async allocate(event: OrderSubmitted): Promise<void> {
    const policy = this.supply.policyOf(event.data.channel);
    const parts = [...bySku(inSkuOrder(event.data.lines))].map(([sku, lines]) => partOf(event, sku, lines, policy));
    if (this.store.atomicAcrossStreams || parts.length === 1) await this.allocateAtOnce(event, parts);
    else await this.allocateOneByOne(event, parts);
  }

  private async allocateAtOnce(event: OrderSubmitted, parts: readonly Part[]): Promise<void> {
    const metadata = this.metadataOf(event);
    const all = (command: 'allocate' | 'decline') =>
      parts.map((part) => ({ on: stockDecider, id: part.sku, command: part[command] }));
    try {
      await this.commands.executeTogether(all('allocate'), { metadata, causedAt: event.position });
    } catch (error) {
      if (!(error instanceof Rejected)) throw error;
      await this.commands.executeTogether(all('decline'), { metadata, causedAt: event.position });
    }
  }

  private async allocateOneByOne(event: OrderSubmitted, parts: readonly Part[]): Promise<void> {
    for (const [index, part] of parts.entries()) {
      if (await this.isAllocated(event, part)) continue;
      await this.giveBack(event, parts.slice(0, index));
      return;
    }
  }

  /** Whether a SKU is allocated to the order; from then on, what was answered first holds. */
  private async isAllocated(event: OrderSubmitted, { sku, allocate, decline }: Part): Promise<boolean> {
    const metadata = this.metadataOf(event);
    try {
      const { repeated } = await this.execute(event, sku, allocate, metadata);
      return !repeated || (await this.wasAllocated(event, sku, metadata));
    } catch (error) {
      if (!(error instanceof Rejected)) throw error;
      const { repeated } = await this.execute(event, sku, decline, metadata);
      return repeated && (await this.wasAllocated(event, sku, metadata));
    }
  }

  /** What the log says of a command that was answered before, by this process or by one that has died. */
  private async wasAllocated(event: OrderSubmitted, sku: string, { commandId }: EventMetadata): Promise<boolean> {
    let from = Number.MAX_SAFE_INTEGER;
    while (from >= 0) {
      const page = await this.store.readStream(`stock-${sku}`, { from, limit: PAGE_SIZE, direction: 'backwards' });
      const answer = page.find(({ type, metadata }) => metadata.commandId === commandId && ANSWERS.includes(type));
      if (answer) return answer.type === ALLOCATED;
      const oldest = page.at(-1);
      if (!oldest || oldest.position <= event.position) break;
      from = oldest.revision - 1;
    }
    throw new Error(`The answer of ${sku} to order ${event.data.orderId} is not in the log.`);
  }

  private async giveBack(event: OrderSubmitted, parts: readonly Part[]): Promise<void> {
    await Promise.all(
      parts.map(({ sku, cancel }) => this.execute(event, sku, cancel, this.metadataOf(event, '/undo'))),
    );
  }

  private execute({ position }: OrderSubmitted, sku: string, command: StockCommand, metadata: EventMetadata) {
    return this.commands.execute({ on: stockDecider, id: sku, command, metadata, causedAt: position });
  }

  private metadataOf(event: OrderSubmitted, step = ''): EventMetadata {
    return becauseOf(this.name, event, `${event.data.orderId}${step}`);
  }
}

const PAGE_SIZE = 500;
const ALLOCATED = 'StockAllocated' satisfies StockEvent['type'];
const ANSWERS: readonly string[] = [ALLOCATED, 'StockAllocationDeclined' satisfies StockEvent['type']];

/** What an order asks of one SKU: to allocate it, to refuse it, to give it back. */
interface Part {
  readonly sku: string;
  readonly allocate: AllocateLines;
  readonly decline: DeclineAllocation;
  readonly cancel: CancelAllocation;
}

function partOf(
  { data: { orderId } }: OrderSubmitted,
  sku: string,
  orderLines: readonly SubmittedLine[],
  policy: ChannelPolicy,
): Part {
  const lines = orderLines.map(({ lineId, units, reservationId }) => ({ lineId, units, reservationId }));
  return {
    sku,
    allocate: { type: 'AllocateLines', as: 'request', orderId, lines, policy },
    decline: { type: 'DeclineAllocation', orderId, lines, policy },
    cancel: { type: 'CancelAllocation', orderId, lines },
  };
}
