import { z } from 'zod';
import type { TransferEvent } from '#contracts';
import type { Outcome } from '#event-sourcing';
import { externalId, quantity, skuSchema } from '#platform';
import { inventory } from '../inventory.slices.js';
import { transferDecider } from './transfer.decide.js';

export const transferIdSchema = externalId.meta({ description: 'Number of the transfer', examples: ['T-2026-17'] });

/** The units of each SKU on a document of a transfer. */
export const transferLines = z
  .array(z.strictObject({ sku: skuSchema, units: quantity }))
  .min(1, 'Send at least one line.')
  .max(1_000, 'Send at most 1,000 lines.')
  .refine((lines) => new Set(lines.map(({ sku }) => sku)).size === lines.length, 'Name each SKU once.');

export const transferChanged = z.object({
  transferId: z.string(),
  changed: z.boolean().meta({ description: 'False for a repeat' }),
  revision: z.int().meta({ description: 'Revision of the transfer after the command' }),
  position: z.int().meta({ description: 'The list of transfers shows the change at this position; stock follows' }),
});

export const transferChangedBy = (transferId: string, { events, revision, position }: Outcome<TransferEvent>) => ({
  transferId,
  changed: events.length > 0,
  revision,
  position,
});

/** Declares one decision on one transfer. */
export const transferCommand = inventory.commandsOn({
  on: transferDecider,
  path: { transferId: transferIdSchema },
  id: ({ transferId }) => transferId,
  answer: transferChanged,
  answerOf: transferChangedBy,
});
