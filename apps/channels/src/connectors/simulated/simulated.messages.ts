import { z } from 'zod';
import { channelSale } from '#contracts';
import type { Reading, UnreadableMessage } from '../connector.js';

// What the simulated shop says. What a sale needs, and what can be left out, is decided by the shape of sales.

const order = z.object({
  externalOrderId: z.unknown().optional(),
  revision: z.unknown().optional(),
  placedAt: z.unknown().optional(),
  currency: z.unknown().optional(),
  cancelled: z.unknown().optional(),
  lines: z.unknown().optional(),
  customer: z.unknown().optional(),
});

const message = z.object({ topic: z.string(), order: z.unknown().optional() });

export const pushAnswer = z.object({ results: z.array(z.object({ externalId: z.string(), status: z.string() })) });
export const stockAnswer = z.object({
  items: z.array(z.object({ externalId: z.string(), quantity: z.int() })),
  next: z.string().nullable(),
});
export const ordersAnswer = z.object({ orders: z.array(z.unknown()), next: z.union([z.int(), z.string()]).nullable() });

type Understood = { readonly kind: 'order'; readonly order: unknown };
type Unsupported = { readonly kind: 'unsupported'; readonly topic: string };

/** The message of a webhook body whose signature was right. */
export function webhookMessage(text: string): Understood | Unsupported | UnreadableMessage {
  const parsed = message.safeParse(jsonOf(text));
  if (!parsed.success) return unreadable(parsed.error);
  const { topic } = parsed.data;
  return ORDER_TOPICS.has(topic) ? { kind: 'order', order: parsed.data.order } : { kind: 'unsupported', topic };
}

export const orderOf = (text: string): Understood => ({ kind: 'order', order: jsonOf(text) });

/** The neutral sale of an order. */
export function saleFrom(
  json: unknown,
  channel: string,
  messageId: string,
): Extract<Reading, { kind: 'sales' }> | UnreadableMessage {
  const parsed = order.safeParse(json);
  if (!parsed.success) return unreadable(parsed.error);
  const { externalOrderId, revision, placedAt, currency, cancelled, lines, customer } = parsed.data;
  const sale = channelSale.safeParse({
    channel,
    externalOrderId,
    revision,
    messageId,
    placedAt,
    currency,
    cancelled,
    lines,
    customer: customerOf(customer),
  });
  return sale.success ? { kind: 'sales', sales: [sale.data] } : unreadable(sale.error);
}

/** Order and revision in one word, where both are there. */
export function stateOf(json: unknown): string | undefined {
  const parsed = z.object({ externalOrderId: z.string(), revision: z.int() }).safeParse(json);
  if (!parsed.success) return undefined;
  const id = `${parsed.data.externalOrderId}@${parsed.data.revision}`;
  return /^[\x21-\x7e]{1,200}$/.test(id) ? id : undefined;
}

/** The order number in a text that need not be JSON: it may have been cut, or say everything else otherwise. */
export function externalOrderIdIn(text: string): string | undefined {
  return /"externalOrderId"\s*:\s*"?([\p{L}\p{N}#_./-]{1,128})["\s,}]/u.exec(text)?.[1];
}

const ORDER_TOPICS = new Set(['order.created', 'order.updated', 'order.cancelled']);

const customerOf = (customer: unknown): unknown =>
  typeof customer === 'object' && customer !== null && 'customerId' in customer
    ? { ...customer, channelCustomerId: customer.customerId }
    : customer;

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Names fields and rules, never values: they may be personal. */
const unreadable = (error: z.ZodError): UnreadableMessage => ({
  kind: 'unreadable',
  reason: error.issues
    .slice(0, 5)
    .map(({ path, code }) => `${path.join('.') || 'message'}: ${code}`)
    .join('; '),
});
