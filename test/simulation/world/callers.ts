import type { DomainEvent, EventMetadata, Outcome } from '#event-sourcing';
import { idFrom, Rejected } from '#kernel';
import { addressed, type CatalogCommand } from '../../../apps/catalog/src/catalog-command.js';
import { claimsOf } from '../../../apps/catalog/src/variant/claims-of.js';
import type { ChannelCommand } from '../../../apps/channels/src/channel/channel.decide.js';
import type { StockCommand } from '../../../apps/inventory/src/stock/stock.decide.js';
import { stockDecider } from '../../../apps/inventory/src/stock/stock.decider.js';
import { type TransferCommand, transferDecider } from '../../../apps/inventory/src/transfer/transfer.decide.js';
import { type OrderCommand, orderDecider } from '../../../apps/orders/src/order/order.decide.js';
import { must } from '../oracle/violation.js';
import type { SystemProcess } from '../process.js';
import type { Customer } from '../shops/shop.js';
import type { Webhook } from '../shops/webhooks.js';
import type { World } from './world.js';

type Answer = Outcome<DomainEvent>;
/** A command may need what the process knows, such as a channel's policy. */
type CommandFrom<Command> = (system: SystemProcess) => Command;

/** Sends commands as good clients do: again under the same id until an answer comes, and now and then twice at once. */
export class Callers {
  #sent = 0;

  constructor(private readonly world: World) {}

  stock(sku: string, command: CommandFrom<StockCommand>): Promise<Answer | undefined> {
    return this.#send([`stock-${sku}`], (system, metadata) =>
      system.commands.execute({ on: stockDecider, id: sku, command: command(system), metadata }),
    );
  }

  /** `buyer` is who sends it, in clear: the process makes keyed hashes of it, as it does for a request. */
  order(command: OrderCommand, buyer?: Customer): Promise<Answer | undefined> {
    const send = ({ commands, hasher }: SystemProcess, metadata: EventMetadata) =>
      commands.execute({
        on: orderDecider,
        id: command.orderId,
        command:
          buyer && command.type === 'SubmitOrder'
            ? { ...command, buyer: hasher.hashCustomer(command.channel, buyer) }
            : command,
        metadata,
      });
    return this.#send([`order-${command.orderId}`], send, { isFact: FACTS.has(command.type) });
  }

  channel(channel: string, command: ChannelCommand): Promise<Answer | undefined> {
    return this.#send([`channel-${channel}`], (system, metadata) =>
      system.channels.changes.execute(channel, command, metadata),
    );
  }

  transfer(command: TransferCommand): Promise<Answer | undefined> {
    return this.#send([`transfer-${command.transferId}`], (system, metadata) =>
      system.commands.execute({ on: transferDecider, id: command.transferId, command, metadata }),
    );
  }

  /** Policies and locations answer with a position only. */
  supply(
    work: (system: SystemProcess, metadata: EventMetadata) => Promise<{ readonly position: number }>,
  ): Promise<Answer | undefined> {
    return this.#send(['supply'], async (system, metadata) => ({
      ...(await work(system, metadata)),
      events: [],
      revision: 0,
      repeated: false,
    }));
  }

  /** What holds together or not at all, on one or several streams. */
  catalog(commands: readonly CatalogCommand[], attempts = ATTEMPTS): Promise<Answer | undefined> {
    const streams = commands.map((command) => {
      const { on, id } = addressed(command);
      return `${on.category}-${id}`;
    });
    const send = async (system: SystemProcess, metadata: EventMetadata): Promise<Answer> => {
      const change = await system.catalog.changes.execute(commands, metadata);
      return { ...change, revision: 0, repeated: false };
    };
    return this.#send(streams, send, { attempts });
  }

  /**
   * Offers a SKU under an id of the channel. It goes on until it is stored, as does {@link unlist}: a listing that the shop dropped
   * and we never hear of would be pushed without end.
   */
  list(sku: string, channel: string, externalId: string): Promise<Answer | undefined> {
    const commands = [
      { type: 'ListVariant', sku, channel, externalId } as const,
      ...claimsOf(sku, [{ channel, externalId }]),
    ];
    return this.catalog(commands, Number.POSITIVE_INFINITY);
  }

  unlist(sku: string, channel: string, externalId: string): Promise<Answer | undefined> {
    const end = { type: 'EndListings', sku, channel, externalIds: [externalId], all: false } as const;
    const release = { type: 'ReleaseExternalId', sku, channel, externalId } as const;
    return this.catalog([end, release], Number.POSITIVE_INFINITY);
  }

  /** True where the shop need not send the message again. */
  async webhook(webhook: Webhook): Promise<boolean> {
    const { channel, body, headers } = webhook;
    const messageId = headers['x-simulated-message-id'];
    try {
      return await this.world.installation.call(`webhook ${messageId}`, async (system) => {
        await system.channels.webhooks.receive(channel, body, headers);
        this.world.guard(() => this.world.intake.accepted(webhook));
        return true;
      });
    } catch {
      return false;
    }
  }

  async #send(
    streams: readonly string[],
    work: (system: SystemProcess, metadata: EventMetadata) => Promise<Answer>,
    { attempts = ATTEMPTS, isFact = false }: { readonly attempts?: number; readonly isFact?: boolean } = {},
  ): Promise<Answer | undefined> {
    const { scheduler } = this.world.machinery;
    this.#sent += 1;
    const commandId = idFrom(`${this.world.seed}/command ${this.#sent}`);
    const once = () => this.#call(streams, commandId, work);
    if (scheduler.random.chance(0.05)) void once().catch(() => {});
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await once();
      } catch (error) {
        if (error instanceof Error && error.name === 'Rejected' && !isOutage(error)) {
          this.world.guard(() => must(!isFact, 'a fact is not refused', () => `${streams}: ${error.message}`));
          return undefined;
        }
        if (attempt === attempts) return undefined;
        await this.pause(200 * 2 ** Math.min(attempt, ATTEMPTS));
      }
    }
  }

  pause(ms: number): Promise<void> {
    const { scheduler } = this.world.machinery;
    return new Promise((resolve) => void scheduler.after(ms, resolve, 'a person waits', scheduler.world));
  }

  #call(
    streams: readonly string[],
    commandId: string,
    work: (system: SystemProcess, metadata: EventMetadata) => Promise<Answer>,
  ): Promise<Answer> {
    const { installation, log } = this.world;
    return installation.call(streams.join(' and '), async (system) => {
      const at = new Date().toISOString();
      const answer = await work(system, {
        commandId,
        correlationId: commandId,
        actor: 'person',
        occurredAt: at,
        receivedAt: at,
      });
      this.world.guard(() =>
        log.acknowledged(commandId, streams, answer.position, answer.events.length > 0 || answer.repeated),
      );
      return answer;
    });
  }
}

const ATTEMPTS = 5;

const FACTS: ReadonlySet<OrderCommand['type']> = new Set(['ShipLines', 'ReturnLines']);

/** Not refused for what it says: the same command may do later. */
const isOutage = (error: Error): boolean => error instanceof Rejected && error.kind === 'unavailable';
