import { typesOf, type VariantEvent, variantEvents } from '#contracts';
import type { Decider } from '#event-sourcing';
import { decideVariant, type VariantCommand } from './variant.decide.js';
import { evolveVariant, unknownVariant, type Variant } from './variant.js';

/** Streams `variant-<sku>`. */
export const variantDecider: Decider<VariantCommand, VariantEvent, Variant> = {
  category: 'variant',
  eventTypes: typesOf(variantEvents),
  initialState: () => unknownVariant,
  decide: decideVariant,
  evolve: evolveVariant,
  memory: { rememberedCommands: 64 },
};
