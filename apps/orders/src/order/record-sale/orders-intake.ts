import { Inject, Injectable } from '@nestjs/common';
import type { ChannelSale, OrderEvent, SaleResult, SaleStatus, SalesIntake } from '#contracts';
import { CLOCK, type EventMetadata, type Outcome } from '#event-sourcing';
import { type Clock, idFrom, newId, refusedInstant, toIso, utcInstant } from '#kernel';
import { currentContext, PersonalDataHasher } from '#platform';
import { channelOrderId } from '../order-id.js';
import { OrderRunner } from '../order-runner.js';
import type { RecordSale } from '../sales.decide.js';

export interface RecordedSale extends SaleResult {
  /** Revision of the order's stream. */
  readonly revision: number;
  /** A view that has reached this position shows the sale. */
  readonly position: number;
}

/** Takes facts about sales, from REST and from the channels of the same process. */
@Injectable()
export class OrdersIntake implements SalesIntake {
  constructor(
    private readonly orders: OrderRunner,
    private readonly hasher: PersonalDataHasher,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Records all sales at once, so that they share a commit; several of one order are recorded in the order given.
   * A result per sale, in their order; an Error where it was refused (`Rejected`), or could not be stored and may be
   * sent again. `call` is the metadata of the request that brought them, if one did.
   */
  record(sales: readonly ChannelSale[], call?: EventMetadata): Promise<(RecordedSale | Error)[]> {
    return Promise.all(
      sales.map((sale, index) => this.recordOne(sale, this.metadataOf(sale, index, call)).catch(asError)),
    );
  }

  private async recordOne(sale: ChannelSale, metadata: EventMetadata): Promise<RecordedSale> {
    const now = toIso(this.clock.now());
    const refusal =
      refusedInstant('placedAt', sale.placedAt, now) ?? refusedInstant('receivedAt', sale.receivedAt ?? now, now);
    if (refusal) throw refusal;
    const orderId = channelOrderId(sale.channel, sale.externalOrderId);
    const outcome = await this.orders.execute(orderId, this.commandOf(orderId, sale), metadata);
    return { orderId, status: statusOf(outcome), revision: outcome.revision, position: outcome.position };
  }

  private commandOf(orderId: string, sale: ChannelSale): RecordSale {
    const { channel, externalOrderId, revision, currency, lines, placedAt, cancelled } = sale;
    const buyer = sale.buyer ?? this.hasher.hashCustomer(channel, sale.customer);
    const sold = { currency, lines, buyer, placedAt: utc(placedAt), cancelled };
    return { type: 'RecordSale', orderId, channel, externalOrderId, externalRevision: revision, ...sold };
  }

  private metadataOf(
    { channel, messageId, placedAt, receivedAt, cause: handedOver }: ChannelSale,
    index: number,
    call: EventMetadata | undefined,
  ): EventMetadata {
    const cause = handedOver ?? call ?? currentContext();
    return {
      commandId: commandIdOf(channel, messageId, index, call),
      correlationId: cause?.correlationId ?? newId(),
      actor: call?.actor ?? `channel:${channel}`,
      occurredAt: utc(placedAt),
      receivedAt: receivedAt === undefined ? toIso(this.clock.now()) : utc(receivedAt),
      ...(cause?.traceparent !== undefined && { traceparent: cause.traceparent }),
    };
  }
}

/** The message names the command; else its place in the request does, so that a repeated request repeats its commands. */
function commandIdOf(
  channel: string,
  messageId: string | undefined,
  index: number,
  call: EventMetadata | undefined,
): string {
  if (messageId !== undefined) return idFrom(`${channel}/${messageId}`);
  return call ? idFrom(`${call.commandId}/${index}`) : newId();
}

function statusOf({ repeated, events }: Outcome<OrderEvent>): SaleStatus {
  if (repeated) return 'repeated';
  switch (events[0]?.type) {
    case 'SaleRecorded':
      return 'recorded';
    case 'SaleDuplicateReceived':
      return 'duplicate';
    case 'SaleOutdatedReceived':
      return 'outdated';
    default:
      return 'amended';
  }
}

/** One form for all: what waited in the intake of an earlier version has the form the channel gave it. */
const utc = (instant: string): string => utcInstant(instant) ?? instant;

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
