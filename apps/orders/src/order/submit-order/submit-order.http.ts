import { Body, Controller, Post, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiAcceptedResponse, ApiCreatedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { channelSale, type OrderEvent } from '#contracts';
import type { EventMetadata, Outcome } from '#event-sourcing';
import { Rejected } from '#kernel';
import { CommandMetadata, channelIdSchema, currency, PersonalDataHasher, Problems } from '#platform';
import { ChangeOrder } from '../change-order.js';
import type { ShortSku, SubmitOrder } from '../checkout.decide.js';
import { submittedLines } from '../order-lines.schema.js';
import { type OrderDecision, OrderDecisions } from './order-decisions.js';

const body = z
  .strictObject({ channel: channelIdSchema, currency, lines: submittedLines, customer: channelSale.shape.customer })
  .meta({ id: 'SubmitOrder', description: 'An order of our own shop' });

/** Why inventory refuses an order whose lines name reservations: see StockAllocationDeclined. */
const HOLD_REFUSALS: Readonly<Record<string, string>> = {
  'unknown-reservation': 'there is none of that id on this SKU',
  'reservation-of-another-channel': 'it is of another channel',
  'reservation-confirmed': 'it was confirmed for another order',
};

const answer = z
  .object({ orderId: z.string(), status: z.enum(['placed', 'submitted']), revision: z.int(), position: z.int() })
  .meta({ id: 'SubmittedOrder' });

@ApiTags('orders')
@Controller('v1/orders')
export class SubmitOrderController {
  constructor(
    private readonly commands: CommandBus,
    private readonly decisions: OrderDecisions,
    private readonly hasher: PersonalDataHasher,
  ) {}

  @Post()
  @ApiOperation({
    summary:
      "Orders goods from our own shop, and waits a little for inventory's answer. With an Idempotency-Key a retry is the same order",
  })
  @Problems({
    conflict: ['insufficient-stock', ...Object.keys(HOLD_REFUSALS)],
    invalid: ['duplicate-line', 'total-too-large', 'unusable-text'],
  })
  @ApiCreatedResponse({ standardSchema: answer, description: 'Placed: stock for every line is allocated' })
  @ApiAcceptedResponse({ standardSchema: answer, description: 'Submitted; look at the order in a moment' })
  async submit(
    @Body({ schema: body }) { customer, ...asked }: z.output<typeof body>,
    @CommandMetadata() metadata: EventMetadata,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.output<typeof answer>> {
    // The id of the command is a UUID that a repeat with the same Idempotency-Key has as well, so it names the order.
    const orderId = metadata.commandId;
    const buyer = this.hasher.hashCustomer(asked.channel, customer);
    const order: SubmitOrder = { type: 'SubmitOrder', orderId, ...asked, buyer, placedAt: metadata.occurredAt };
    const outcome = await this.commands.execute(new ChangeOrder(order, metadata));
    const decision = await this.decisionOn(orderId, outcome);
    if (decision?.status === 'declined') throw refusalOf(orderId, decision.short);
    void reply.status(decision ? 201 : 202);
    return { orderId, status: decision?.status ?? 'submitted', revision: outcome.revision, position: outcome.position };
  }

  /** A repeat is answered as the order stands, if it is decided. */
  private async decisionOn(orderId: string, { repeated }: Outcome<OrderEvent>): Promise<OrderDecision | undefined> {
    const recorded = repeated ? await this.decisions.recorded(orderId) : undefined;
    return recorded ?? this.decisions.waitFor(orderId, DECISION_WAIT_MS);
  }
}

const DECISION_WAIT_MS = 2_000;

function refusalOf(orderId: string, short: readonly ShortSku[]): Rejected {
  const unusable = short.find(({ reason }) => reason !== undefined);
  if (unusable?.reason === undefined) return insufficientStock(orderId, short);
  const { sku, reason, reservationId } = unusable;
  const detail = `Reservation ${reservationId} cannot be used for ${sku} of this order: ${HOLD_REFUSALS[reason] ?? reason}.`;
  return new Rejected('conflict', reason, detail, { orderId, short });
}

function insufficientStock(orderId: string, short: readonly ShortSku[]): Rejected {
  const numbers = short
    .slice(0, 3)
    .map(({ sku, requested, available }) => `${available} of ${sku} are left, not ${requested}`);
  return new Rejected('conflict', 'insufficient-stock', `${numbers.join('; ')}.`, { orderId, short });
}
