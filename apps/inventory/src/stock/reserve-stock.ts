import { z } from 'zod';
import type { EventMetadata } from '#event-sourcing';
import {
  bulkResults,
  channelIdSchema,
  MAX_BULK_BODY_BYTES,
  quantity,
  reservationIdSchema,
  resultsOf,
  rowsOf,
  skuSchema,
} from '#platform';
import { type InventoryParts, inventory } from '../inventory.slices.js';
import { stockDecider } from './stock.decider.js';
import { stockChanged, stockChangedBy } from './stock.responses.js';

const reservation = z.strictObject({
  sku: skuSchema,
  channel: channelIdSchema,
  units: quantity,
  /** The same id and content again changes nothing; left out, one is made (from the Idempotency-Key, if there is one). */
  reservationId: reservationIdSchema.optional(),
  ttlSeconds: z.int().min(1).max(86_400).default(900),
});

export const reserved = stockChanged.extend({ reservationId: z.string() });

export const reserveStock = inventory.command({
  name: 'ReserveStock',
  summary: 'Hold units for a cart or checkout until a due time',
  body: reservation,
  answer: reserved,
  conditional: true,
  status: 201,
  refusals: { 'not-found': ['unknown-sku'], conflict: ['insufficient-stock', 'restricted', 'reservation-id-reused'] },
  execute: reserve,
});

export const reserveStockInBulk = inventory.command({
  name: 'ReserveStockInBulk',
  summary: 'Hold units for up to 1,000 carts at once; each line is decided by itself',
  body: z.strictObject({ reservations: rowsOf(reservation, 1_000) }),
  bodyLimitBytes: MAX_BULK_BODY_BYTES,
  answer: bulkResults(reserved),
  execute: ({ reservations }, parts, metadata) =>
    resultsOf(reservations, (line, index) => reserve(line, parts, metadataOfLine(metadata, index))),
});

async function reserve(asked: z.output<typeof reservation>, parts: InventoryParts, metadata: EventMetadata) {
  const { sku, channel, units, ttlSeconds, reservationId = metadata.commandId } = asked;
  const policy = parts.supply.policyOf(channel);
  const command = { type: 'ReserveStock', reservationId, units, ttlSeconds, policy } as const;
  const outcome = await parts.commands.execute({ on: stockDecider, id: sku, command, metadata });
  return { reservationId, ...stockChangedBy(sku, outcome) };
}

/** Metadata of one line of a request. A repeat of the request repeats its lines; a hash per line would cost more than its check. */
export const metadataOfLine = (metadata: EventMetadata, line: number): EventMetadata => ({
  ...metadata,
  // Joined into one flat string: as long as the hold lasts its id stays in memory, and a template would keep its parts.
  commandId: [metadata.commandId, line].join('.'),
});
