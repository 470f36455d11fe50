import { Logger } from '@nestjs/common';
import type { ChannelSale, OrderEvent, SaleResult, SaleStatus, SalesIntake } from '#contracts';
import { CommandRunner, type EventMetadata, type Outcome } from '#event-sourcing';
import { type Clock, idFrom, newId, Rejected, refusedInstant, toIso, utcInstant } from '#kernel';
import { currentContext, PersonalDataHasher } from '#platform';
import { Runners } from '#read-models';
import { OfferDirectory, type SkuOfLine } from '../offers/offer-directory.js';
import { orderDecider } from './order.decide.js';
import { channelOrderId } from './order-id.js';
import type { RecordSale } from './sales.decide.js';
import { soldBy } from './sold.js';

export interface RecordedSale extends SaleResult {
  /** Revision of the order's stream. */
  readonly revision: number;
  /** A view that has reached this position shows the sale. */
  readonly position: number;
}

/** Takes facts about sales, from REST and from the channels of the same process. */
export class OrdersIntake implements SalesIntake {
  private readonly logger = new Logger(OrdersIntake.name);

  constructor(
    private readonly commands: CommandRunner,
    private readonly hasher: PersonalDataHasher,
    private readonly offers: OfferDirectory,
    private readonly runners: Runners,
    private readonly clock: Clock,
  ) {}

  /**
   * Records sales together, so that they share a commit, up to {@link LINES_AT_ONCE}; several of one order are recorded in the
   * order given. A result per sale, in their order; an Error where it was refused (`Rejected`), or could not be stored and may
   * be sent again. `call` is the metadata of the request that brought them, if one did: such a request is refused as a whole
   * (`Overloaded`) while too much of what came earlier waits for its stock.
   */
  async record(sales: readonly ChannelSale[], call?: EventMetadata): Promise<(RecordedSale | Error)[]> {
    if (call) await this.runners.backlog.admit(linesOf(sales));
    const results: (RecordedSale | Error)[] = [];
    for (const part of partsOf(sales)) {
      const skusOf = await this.offers.skusOf(part);
      const recording = part.map((sale, index) =>
        this.recordOne(sale, skusOf(sale.channel), this.metadataOf(sale, results.length + index, call)).catch(
          (error: unknown) => this.noted(sale, asError(error)),
        ),
      );
      const recorded = await Promise.all(recording);
      this.runners.backlog.add(lastPositionOf(recorded), linesOf(part));
      results.push(...recorded);
    }
    return results;
  }

  /** A refused order is found in the log by its number; people are not named there. */
  private noted({ channel, externalOrderId, revision }: ChannelSale, error: Error): Error {
    if (error instanceof Rejected)
      this.logger.warn({ msg: 'A sale was refused', channel, externalOrderId, revision, code: error.code });
    return error;
  }

  private async recordOne(sale: ChannelSale, skuOf: SkuOfLine, metadata: EventMetadata): Promise<RecordedSale> {
    const refusal = refusedInstant('placedAt', sale.placedAt, toIso(this.clock.now()));
    if (refusal) throw refusal;
    const orderId = channelOrderId(sale.channel, sale.externalOrderId);
    const command = this.commandOf(orderId, sale, skuOf);
    const outcome = await this.commands.execute({ on: orderDecider, id: orderId, command, metadata });
    return { orderId, status: statusOf(outcome), revision: outcome.revision, position: outcome.position };
  }

  private commandOf(orderId: string, sale: ChannelSale, skuOf: SkuOfLine): RecordSale {
    const { channel, externalOrderId, revision: externalRevision, currency, placedAt, cancelled } = sale;
    const buyer = sale.buyer ?? this.hasher.hashCustomer(channel, sale.customer);
    const sold = soldBy(sale.lines, skuOf);
    const rest = { currency, ...sold, buyer, placedAt: utc(placedAt), cancelled };
    return { type: 'RecordSale', orderId, channel, externalOrderId, externalRevision, ...rest };
  }

  private metadataOf(sale: ChannelSale, index: number, call: EventMetadata | undefined): EventMetadata {
    const { channel, placedAt, receivedAt, cause: handedOver } = sale;
    const now = toIso(this.clock.now());
    const cause = handedOver ?? call ?? currentContext();
    return {
      commandId: commandIdOf(sale, index, call),
      correlationId: cause?.correlationId ?? newId(),
      actor: call?.actor ?? `channel:${channel}`,
      occurredAt: utc(placedAt),
      receivedAt: receivedAt === undefined || refusedInstant('receivedAt', receivedAt, now) ? now : utc(receivedAt),
      ...(cause?.traceparent !== undefined && { traceparent: cause.traceparent }),
    };
  }
}

/** The decisions and the commit of so many lines take this process some 20 ms, and others have their turn after them. */
const LINES_AT_ONCE = 2_000;

export const linesOf = (sales: readonly Pick<ChannelSale, 'lines'>[]): number =>
  sales.reduce((sum, { lines }) => sum + lines.length, 0);

function* partsOf(sales: readonly ChannelSale[]): Iterable<readonly ChannelSale[]> {
  let start = 0;
  let lines = 0;
  for (const [index, sale] of sales.entries()) {
    lines += sale.lines.length;
    if (lines < LINES_AT_ONCE) continue;
    yield sales.slice(start, index + 1);
    [start, lines] = [index + 1, 0];
  }
  if (start < sales.length) yield sales.slice(start);
}

const lastPositionOf = (recorded: readonly (RecordedSale | Error)[]): number =>
  Math.max(0, ...recorded.map((result) => (result instanceof Error ? 0 : result.position)));

/**
 * The message and what it says of the order name the command, so that a message that comes again with another content is one
 * more; without a message its place in the request does, so that a repeated request repeats its commands.
 */
function commandIdOf(sale: ChannelSale, index: number, call: EventMetadata | undefined): string {
  const { channel, messageId, externalOrderId, revision, currency, lines, cancelled } = sale;
  if (messageId === undefined) return call ? idFrom(`${call.commandId}/${index}`) : newId();
  const goods = lines.map(({ lineId, sku, externalId, units, unitPriceMinor }) => [
    lineId,
    sku || externalId,
    units,
    unitPriceMinor,
  ]);
  return idFrom(JSON.stringify([channel, messageId, externalOrderId, revision, currency, cancelled, goods]));
}

function statusOf({ repeated, events }: Outcome<OrderEvent>): SaleStatus {
  if (repeated) return 'repeated';
  const [first] = events;
  return (first && STATUS_OF[first.type]) ?? 'amended';
}

const STATUS_OF: Partial<Record<OrderEvent['type'], SaleStatus>> = {
  SaleRecorded: 'recorded',
  SaleDuplicateReceived: 'duplicate',
  SaleOutdatedReceived: 'outdated',
};

/** One form for all: what waited in the intake of an earlier version has the form the channel gave it. */
const utc = (instant: string): string => utcInstant(instant) ?? instant;

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
