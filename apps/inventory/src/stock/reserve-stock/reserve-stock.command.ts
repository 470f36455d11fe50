import { z } from 'zod';
import { CommandRunner, type EventMetadata } from '#event-sourcing';
import { channelIdSchema, quantity, reservationIdSchema, skuSchema } from '#platform';
import { SupplyDirectory } from '../../supply/supply-directory.js';
import { stockDecider } from '../stock.decider.js';
import { type StockChanged, stockChanged, stockChangedBy } from '../stock.responses.js';

export const reservation = z.strictObject({
  sku: skuSchema,
  channel: channelIdSchema,
  units: quantity,
  /** The same id and content again changes nothing; left out, one is made (from the Idempotency-Key, if there is one). */
  reservationId: reservationIdSchema.optional(),
  ttlSeconds: z.int().min(1).max(86_400).default(900),
});
export type Reservation = z.output<typeof reservation>;

export const reserved = stockChanged.extend({ reservationId: z.string() });

/** Makes reservations, however they are asked for. */
export class ReservationService {
  constructor(
    private readonly commands: CommandRunner,
    private readonly supply: SupplyDirectory,
  ) {}

  async reserve(asked: Reservation, metadata: EventMetadata): Promise<StockChanged & { reservationId: string }> {
    const { sku, channel, units, ttlSeconds, reservationId = metadata.commandId } = asked;
    const command = {
      type: 'ReserveStock',
      reservationId,
      units,
      ttlSeconds,
      policy: this.supply.policyOf(channel),
    } as const;
    const outcome = await this.commands.execute({ on: stockDecider, id: sku, command, metadata });
    return { reservationId, ...stockChangedBy(sku, outcome) };
  }
}

/** Metadata of one line of a request. A repeat of the request repeats its lines; a hash per line would cost more than its check. */
export const metadataOfLine = (metadata: EventMetadata, line: number): EventMetadata => ({
  ...metadata,
  // Joined into one flat string: as long as the hold lasts its id stays in memory, and a template would keep its parts.
  commandId: [metadata.commandId, line].join('.'),
});
