import { skuSchema } from '#platform';
import { inventory } from '../inventory.slices.js';
import { stockDecider } from './stock.decider.js';
import { goodsMoved, goodsMovedBy, stockChanged, stockChangedBy } from './stock.responses.js';

/** What all commands on one SKU have in common. */
export const stock = { on: stockDecider, path: { sku: skuSchema }, id: ({ sku }: { readonly sku: string }) => sku };

/** Declares one decision on one SKU. */
export const stockCommand = inventory.commandsOn({ ...stock, answer: stockChanged, answerOf: stockChangedBy });

/** As {@link stockCommand}, where the answer may hold a warning. */
export const goodsCommand = inventory.commandsOn({ ...stock, answer: goodsMoved, answerOf: goodsMovedBy });
