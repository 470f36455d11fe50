import type { StockEvent } from '#contracts';
import type { Stock } from './stock.js';
import { figuresAfter, levelOf } from './stock-levels.js';

/** What a transfer changes of one SKU. It has happened, so it is never refused. */
export interface MoveInTransfer {
  readonly type: 'MoveInTransfer';
  readonly transferId: string;
  readonly as: 'dispatched' | 'received' | 'cancelled' | 'settled';
  readonly changes: readonly { readonly locationId: string; readonly onHand: number; readonly inTransit: number }[];
}

/** Where more left than was on the books, that is put right first. */
export function moveInTransfer({ transferId, as, changes }: MoveInTransfer, stock: Stock): StockEvent[] {
  const events: StockEvent[] = [];
  for (const change of changes) {
    const { onHand, unavailable } = levelOf(figuresAfter(stock.figures, events), change.locationId);
    const found = -change.onHand - (onHand - unavailable);
    if (change.onHand < 0 && found > 0)
      events.push({
        type: 'StockAdjusted',
        data: {
          locationId: change.locationId,
          onHand: found,
          unavailable: 0,
          reason: 'transferred more than was on the books',
        },
      });
    events.push({ type: 'StockTransferred', data: { transferId, as, ...change } });
  }
  return events;
}
