import { z } from 'zod';
import { channelIdSchema, lineIdSchema, orderIdSchema, quantity, reservationIdSchema, skuSchema } from '#platform';

// Shapes of the messages of stock.proto.

// proto3 has no absent strings and numbers: the default stands for it.
const unlessEmpty = <Schema extends z.ZodType>(schema: Schema) =>
  z.preprocess((value) => (value === '' || value === 0 ? undefined : value), schema);

/** Compiled, because a stream parses each of its messages with it. */
export const reserveRequest = z.compile(
  z.strictObject({
    sku: skuSchema,
    channel: channelIdSchema,
    units: quantity,
    reservationId: unlessEmpty(reservationIdSchema.optional()),
    ttlSeconds: unlessEmpty(z.int().min(1).max(86_400).default(900)),
  }),
);
export const confirmRequest = z.strictObject({
  sku: skuSchema,
  reservationId: reservationIdSchema,
  channel: channelIdSchema,
  orderId: orderIdSchema,
  lineId: unlessEmpty(lineIdSchema.default('1')),
});
export const releaseRequest = z.strictObject({ sku: skuSchema, reservationId: reservationIdSchema });
export const getAvailabilityRequest = z.strictObject({ skus: z.array(skuSchema).min(1).max(100) });
export const watchAvailabilityRequest = z.strictObject({
  afterSequence: z.int().min(0),
  skus: z.array(skuSchema).max(1_000),
});
