import { z } from 'zod';
import { type ChannelSale, channelSale } from '#contracts';

// What the simulated shop says, checked where it comes in. Fields beyond these are ignored.

const order = z.object({
  externalOrderId: z.string(),
  revision: z.int(),
  placedAt: z.string(),
  currency: z.string(),
  cancelled: z.boolean(),
  lines: z.array(z.object({ lineId: z.string(), sku: z.string(), units: z.int(), unitPriceMinor: z.int() })),
  customer: z.object({ email: z.string(), phone: z.string(), customerId: z.string() }).partial().optional(),
});
export type SimulatedOrder = z.output<typeof order>;

const message = z.object({ topic: z.string(), order: z.unknown().optional() });

export const pushAnswer = z.object({ results: z.array(z.object({ externalId: z.string(), status: z.string() })) });
export const stockAnswer = z.object({
  items: z.array(z.object({ externalId: z.string(), quantity: z.int() })),
  next: z.string().nullable(),
});
export const ordersAnswer = z.object({ orders: z.array(z.unknown()), next: z.union([z.int(), z.string()]).nullable() });

export type Webhook =
  | { readonly kind: 'order'; readonly order: unknown }
  | { readonly kind: 'unsupported'; readonly topic: string }
  | { readonly kind: 'unreadable'; readonly reason: string };

/** The message of a webhook body whose signature was right. */
export function webhookMessage(text: string): Webhook {
  const parsed = message.safeParse(jsonOf(text));
  if (!parsed.success) return { kind: 'unreadable', reason: reasonsOf(parsed.error) };
  const { topic } = parsed.data;
  return ORDER_TOPICS.has(topic) ? { kind: 'order', order: parsed.data.order } : { kind: 'unsupported', topic };
}

export type SaleFrom =
  | { readonly success: true; readonly data: ChannelSale }
  | { readonly success: false; readonly reason: string };

/** The neutral sale of an order. One that was pulled gets a message id of its own, the same at every pull. */
export function saleFrom(json: unknown, channel: string, messageId: string | undefined): SaleFrom {
  const parsed = order.safeParse(json);
  if (!parsed.success) return { success: false, reason: reasonsOf(parsed.error) };
  const { externalOrderId, revision, placedAt, currency, cancelled, lines, customer } = parsed.data;
  const sale = channelSale.safeParse({
    channel,
    externalOrderId,
    revision,
    messageId: messageId ?? `pull:${externalOrderId}@${revision}`,
    placedAt,
    currency,
    cancelled,
    lines,
    ...(customer && { customer: customerOf(customer) }),
  });
  return sale.success ? { success: true, data: sale.data } : { success: false, reason: reasonsOf(sale.error) };
}

const ORDER_TOPICS = new Set(['order.created', 'order.updated', 'order.cancelled']);

const customerOf = ({ email, phone, customerId }: NonNullable<SimulatedOrder['customer']>) => ({
  ...(email && { email }),
  ...(phone && { phone }),
  ...(customerId && { channelCustomerId: customerId }),
});

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Names fields and rules, never values: they may be personal. */
const reasonsOf = (error: z.ZodError): string =>
  error.issues
    .slice(0, 5)
    .map(({ path, code }) => `${path.join('.') || 'message'}: ${code}`)
    .join('; ');
