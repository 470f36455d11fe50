import type { StockEvent } from '#contracts';
import type { Decider } from '#event-sourcing';
import { decide, elapse, type StockCommand } from './stock.decide.js';
import { evolve, initialStock, type Stock, stockEventTypes } from './stock.js';
import { stockSnapshot } from './stock.snapshot.js';

/** Open holds and order lines, of some 80 bytes each, that count as one stream more. */
const HOLDS_OF_MOST = 64;

/** Streams `stock-<sku>`: one SKU at all its locations. */
export const stockDecider: Decider<StockCommand, StockEvent, Stock> = {
  category: 'stock',
  eventTypes: stockEventTypes,
  initialState: initialStock,
  decide,
  evolve,
  elapse,
  weigh: (stock) => 1 + stockSnapshot.size(stock) / HOLDS_OF_MOST,
  snapshot: stockSnapshot,
  // SKUs are changed all the time and all over the range, so many stay in memory; a hot one answers many callers who may repeat.
  memory: { rememberedCommands: 2_048, maxIdleStreams: 14_000 },
};
