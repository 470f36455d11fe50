import type { StockEvent } from '#contracts';
import type { Decider } from '#event-sourcing';
import { decide, elapse, type StockCommand } from './stock.decide.js';
import { evolve, initialStock, type Stock, stockEventTypes, stockSnapshot } from './stock.js';

/** Streams `stock-<sku>`: one SKU at all its locations. */
export const stockDecider: Decider<StockCommand, StockEvent, Stock> = {
  category: 'stock',
  eventTypes: stockEventTypes,
  initialState: initialStock,
  decide,
  evolve,
  elapse,
  snapshot: stockSnapshot,
};
