import { z } from 'zod';
import type { StockEvent } from '#contracts';
import type { Outcome } from '#event-sourcing';

/** What every change of stock answers. */
export const stockChanged = z.object({
  sku: z.string(),
  stockRevision: z.int().meta({ description: 'Revision of the SKU after the change' }),
  position: z.int().meta({ description: 'A view that has reached this position shows the change' }),
  repeated: z.boolean().meta({ description: 'True when it had been recorded before, and nothing changed' }),
});
export type StockChanged = z.output<typeof stockChanged>;

/** What a receipt answers: it is taken, whatever there is to say of it. */
export const goodsMoved = stockChanged.extend({
  warning: z.string().optional().meta({ description: 'What to look at, in a sentence' }),
});
export type GoodsMoved = z.output<typeof goodsMoved>;

export const stockChangedBy = (sku: string, { revision, position, repeated }: Outcome<StockEvent>): StockChanged => ({
  sku,
  stockRevision: revision,
  position,
  repeated,
});

export function goodsMovedBy(sku: string, outcome: Outcome<StockEvent>): GoodsMoved {
  const warning = outcome.events.map(warningOf).find((text) => text !== undefined);
  return { ...stockChangedBy(sku, outcome), ...(warning !== undefined && { warning }) };
}

function warningOf(event: StockEvent): string | undefined {
  if (event.type !== 'StockReceived' || event.data.receivedBefore === undefined) return undefined;
  const { locationId, reference, receivedBefore, units } = event.data;
  return `${receivedBefore} units had arrived at ${locationId} under ${reference} before. If these ${units} are the same ones, adjust by -${units}.`;
}
