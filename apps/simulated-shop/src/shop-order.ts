import { z } from 'zod';

/** An order as the shop stores it, answers it and tells it in webhooks. */
export const shopOrder = z.object({
  externalOrderId: z.string(),
  /** Starts at 0, one more per change of the order. */
  revision: z.int(),
  placedAt: z.string(),
  currency: z.string(),
  cancelled: z.boolean(),
  lines: z.array(
    z.object({
      lineId: z.string(),
      externalId: z.string(),
      sku: z.string(),
      units: z.int(),
      unitPriceMinor: z.int(),
    }),
  ),
  customer: z.object({ email: z.string(), phone: z.string(), customerId: z.string() }),
  /** Place of the newest change among all changes of the channel's orders. */
  sequence: z.int(),
});
export type ShopOrder = z.output<typeof shopOrder>;
