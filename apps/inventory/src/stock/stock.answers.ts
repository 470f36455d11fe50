import { z } from 'zod';
import type { StockEvent } from '#contracts';
import type { Outcome } from '#event-sourcing';

/** What every change of stock answers. */
export const stockChanged = z.object({
  sku: z.string(),
  stockRevision: z.int().meta({ description: 'Revision of the SKU after the change' }),
  position: z.int().meta({ description: 'A view that has reached this position shows the change' }),
  repeated: z.boolean().meta({ description: 'True when this very command had been answered before' }),
});
export type StockChanged = z.output<typeof stockChanged>;

export const stockChangedBy = (sku: string, { revision, position, repeated }: Outcome<StockEvent>): StockChanged => ({
  sku,
  stockRevision: revision,
  position,
  repeated,
});
