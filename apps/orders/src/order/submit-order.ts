import { z } from 'zod';
import { channelSale } from '#contracts';
import { Rejected } from '#kernel';
import { channelIdSchema, currency } from '#platform';
import { orders } from '../orders.slices.js';
import type { ShortSku } from './checkout.decide.js';
import { orderDecider } from './order.decide.js';
import { submittedLines } from './order-lines.schema.js';

const submission = z
  .strictObject({ channel: channelIdSchema, currency, lines: submittedLines, customer: channelSale.shape.customer })
  .meta({ id: 'SubmitOrder', description: 'An order of our own shop' });

/** Why inventory refuses an order whose lines name reservations: see StockAllocationDeclined. */
const HOLD_REFUSALS: Readonly<Record<string, string>> = {
  'unknown-reservation': 'there is none of that id on this SKU',
  'reservation-of-another-channel': 'it is of another channel',
  'reservation-confirmed': 'it was confirmed for another order',
};

const submitted = z
  .object({ orderId: z.string(), status: z.enum(['placed', 'submitted']), revision: z.int(), position: z.int() })
  .meta({ id: 'SubmittedOrder' });

export const submitOrder = orders.command({
  name: 'SubmitOrder',
  summary:
    "Orders goods from our own shop, and waits a little for inventory's answer. With an Idempotency-Key a retry is the same order",
  body: submission,
  answer: submitted,
  status: 201,
  success: 'Placed: stock for every line is allocated',
  otherSuccess: { status: 202, success: 'Submitted; look at the order in a moment' },
  refusals: {
    conflict: ['insufficient-stock', ...Object.keys(HOLD_REFUSALS)],
    invalid: ['duplicate-line', 'total-too-large', 'unusable-text'],
  },
  execute: async ({ customer, ...asked }, { commands, decisions, hasher }, metadata) => {
    // The id of the command is a UUID that a repeat with the same Idempotency-Key has as well, so it names the order.
    const orderId = metadata.commandId;
    const buyer = hasher.hashCustomer(asked.channel, customer);
    const command = { type: 'SubmitOrder', orderId, ...asked, buyer, placedAt: metadata.occurredAt } as const;
    const { repeated, revision, position } = await commands.execute({
      on: orderDecider,
      id: orderId,
      command,
      metadata,
    });
    // A repeat is answered as the order stands, if it is decided.
    const recorded = repeated ? await decisions.recorded(orderId) : undefined;
    const decision = recorded ?? (await decisions.waitFor(orderId, DECISION_WAIT_MS));
    if (decision?.status === 'declined') throw refusalOf(orderId, decision.short);
    return { orderId, status: decision ? decision.status : ('submitted' as const), revision, position };
  },
});

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
