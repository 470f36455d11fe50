import { z } from 'zod';
import { currencyCode, instant, keyedHash, minorAmount, units } from './shapes.js';

/**
 * A sale as a channel or a till reports it: a fact. `externalOrderId` and `channel` name the order; a higher `revision`
 * replaces its lines. The customer's data is hashed before anything is stored.
 */
export const channelSale = z.strictObject({
  channel: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'A channel id is lower-case letters, digits and hyphens, at most 63.'),
  externalOrderId: z.string().min(1).max(128),
  revision: z.int().min(0).default(0),
  /** Id of the message that brought it. The same message twice changes nothing. */
  messageId: z.string().min(1).max(256).optional(),
  placedAt: instant,
  /** When we first learned of it, where that is earlier than this call. */
  receivedAt: instant.optional(),
  /** The call that brought it to us, where that is another than the one it is handed over with. */
  cause: z
    .strictObject({
      correlationId: z.string().regex(/^[\w.:-]{1,128}$/),
      traceparent: z
        .string()
        .regex(/^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/)
        .optional(),
    })
    .optional(),
  currency: currencyCode,
  lines: z
    .array(
      z.strictObject({
        lineId: z.string().min(1).max(64),
        sku: z.string().min(1).max(64),
        units,
        unitPriceMinor: minorAmount,
      }),
    )
    .min(1)
    .max(1_000),
  customer: z
    .strictObject({
      email: z.string().min(3).max(254).optional(),
      phone: z.string().min(3).max(32).optional(),
      channelCustomerId: z.string().min(1).max(128).optional(),
    })
    .optional(),
  /** The same people, hashed already: what arrives through a durable inbox, which holds no clear text. Wins over `customer`. */
  buyer: z
    .strictObject({
      emailHash: keyedHash.optional(),
      phoneHash: keyedHash.optional(),
      channelCustomerHash: keyedHash.optional(),
    })
    .optional(),
  /** True: this revision cancels every unit that has not left. */
  cancelled: z.boolean().default(false),
});
export type ChannelSale = z.output<typeof channelSale>;
