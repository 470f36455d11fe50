import type { StockEvent } from '#contracts';
import { Rejected } from '#kernel';
import type { Decision, Stock } from './stock.js';
import { figuresAfter, type Level, shortageOf } from './stock-levels.js';

/** Completes events that move goods by the shortages they open, change or resolve. */
export function withShortages(stock: Stock, events: Decision): Decision {
  if (events instanceof Rejected || events.length === 0) return events;
  const after = figuresAfter(stock.figures, events);
  return [...events, ...Object.entries(after.levels).flatMap(([locationId, level]) => shortageAt(locationId, level))];
}

/** What becomes of the shortage of a location that was recorded last. */
export function shortageAt(locationId: string, level: Level): StockEvent[] {
  const units = shortageOf(level);
  if (units === level.shortage) return [];
  if (units === 0) return [{ type: 'ShortageResolved', data: { locationId } }];
  return [{ type: level.shortage === 0 ? 'ShortageOpened' : 'ShortageChanged', data: { locationId, units } }];
}
