import { z } from 'zod';
import {
  channelIdSchema,
  currency,
  externalId,
  isoInstant,
  keyedHash,
  lineIdSchema,
  priceMinor,
  quantity,
  revisionNumber,
  skuSchema,
  textLine,
} from './shapes.js';

// A sale is written down far from the doors where ids get their brands.
const channel: z.ZodType<string, string> = channelIdSchema;
const sku: z.ZodType<string, string> = skuSchema;

/**
 * A sale as a channel or a till reports it: a fact. `externalOrderId` and `channel` name the order; a higher `revision`
 * replaces its lines. The customer's data is hashed before anything is stored.
 */
export const channelSale = z.strictObject({
  channel,
  externalOrderId: externalId,
  revision: revisionNumber.default(0),
  /** Id of the message that brought it. The same message twice changes nothing. */
  messageId: textLine(256).optional(),
  placedAt: isoInstant,
  /** When we first learned of it, where that is earlier than this call. */
  receivedAt: isoInstant.optional(),
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
  currency,
  lines: z
    .array(z.strictObject({ lineId: lineIdSchema, sku, units: quantity, unitPriceMinor: priceMinor }))
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
