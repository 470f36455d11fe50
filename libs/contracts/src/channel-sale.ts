import { z } from 'zod';
import { normalText } from '#kernel';
import {
  currency,
  externalId,
  isoInstant,
  keyedHash,
  lineIdSchema,
  moneyMinor,
  quantityOrNone,
  revisionNumber,
  slug,
  textLine,
} from './shapes.js';

/**
 * A field beside the facts of a sale: one that cannot be used is left out, and the sale is taken without it. In the
 * documentation it may be anything, since nothing there is refused.
 */
const side = <Schema extends z.ZodType>(schema: Schema, description: string) =>
  z
    .unknown()
    .transform((value): z.output<Schema> | undefined => schema.safeParse(value).data)
    .optional()
    .meta({ description: `${description}. Left out where it cannot be used` });

/** Who bought, in clear: hashed before anything is stored. */
const saleCustomer = side(
  z.object({
    email: side(z.string().min(3).max(254), 'E-mail address'),
    phone: side(z.string().min(3).max(32), 'Phone number'),
    channelCustomerId: side(z.string().min(1).max(128), 'Account of the customer on the channel'),
  }),
  'Who bought: `email`, `phone`, `channelCustomerId`, each where the channel says it',
);

/** Text, or one of the ways to say that there is none. */
const orNothing = <Schema extends z.ZodType<string, string>>(schema: Schema) =>
  z.union([schema, z.string().overwrite(normalText).max(0)]).nullish();

/**
 * A line with a SKU or an external id is goods; one with a negative price, or with neither, is a charge such as shipping or a
 * discount, kept with its sign. A line of 0 units is none.
 */
const saleLine = z.object({
  lineId: lineIdSchema,
  sku: orNothing(textLine(64)).meta({
    description: 'Our SKU; a line without one is a charge, unless it names an offer',
  }),
  externalId: orNothing(externalId).meta({
    description: "The channel's id of the offer, where the channel does not know our SKU",
  }),
  units: quantityOrNone.meta({ description: 'Whole units; a line of 0 is left out' }),
  unitPriceMinor: moneyMinor.meta({ description: 'Price in minor units (cents); below 0 for a discount' }),
});
export type SaleLine = z.output<typeof saleLine>;

/**
 * A sale as a channel or a till reports it: a fact. `externalOrderId` and `channel` name the order; a higher `revision`
 * replaces its lines, and so does another content of the same revision. Fields that are not known are ignored.
 */
export const channelSale = z.object({
  channel: slug('Sales channel', 'web-shop'),
  externalOrderId: externalId.meta({ description: "The channel's number of the order", examples: ['A-1001'] }),
  revision: revisionNumber.default(0),
  messageId: side(
    textLine(256),
    'Id of the message that brought it: the same message with the same content changes nothing',
  ),
  placedAt: isoInstant,
  receivedAt: side(isoInstant, 'When it was first learned of, where that is earlier than this call'),
  /** The call that brought it to us, where that is another than the one it is handed over with. */
  cause: z
    .object({
      correlationId: z.string().regex(/^[\w.:-]{1,128}$/),
      traceparent: z
        .string()
        .regex(/^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/)
        .optional(),
    })
    .optional(),
  currency,
  lines: z
    .array(saleLine)
    .max(1_000, 'Send at most 1,000 lines.')
    .default([])
    .meta({ description: 'Not needed where the sale is cancelled' }),
  customer: saleCustomer,
  /** The same people, hashed already: what arrives through a durable inbox, which holds no clear text. Wins over `customer`. */
  buyer: z
    .object({
      emailHash: keyedHash.optional(),
      phoneHash: keyedHash.optional(),
      channelCustomerHash: keyedHash.optional(),
    })
    .optional(),
  /** True: this revision cancels every unit that has not left. Lines are not needed then. */
  cancelled: z.boolean().default(false),
});
export type ChannelSale = z.output<typeof channelSale>;
