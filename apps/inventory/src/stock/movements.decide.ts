import { Rejected } from '#kernel';
import { levelOf } from './figures.js';
import { type Decision, MAX_MOVEMENTS, type Stock } from './stock.js';

export interface ReceiveStock {
  readonly type: 'ReceiveStock';
  readonly locationId: string;
  readonly units: number;
  readonly reference?: string | undefined;
}

export interface ReturnStock {
  readonly type: 'ReturnStock';
  readonly returnId: string;
  /** The order the return is numbered in; absent: the number stands alone. */
  readonly orderId?: string | undefined;
  readonly locationId: string;
  readonly units: number;
  readonly condition: 'available' | 'damaged' | 'inspection';
}

export interface AdjustStock {
  readonly type: 'AdjustStock';
  readonly locationId: string;
  /** Change of what is on hand. */
  readonly onHand: number;
  /** Change of what of it is unavailable. */
  readonly unavailable: number;
  readonly reason: string;
}

export interface CountStock {
  readonly type: 'CountStock';
  readonly locationId: string;
  readonly counted: number;
  /** The stock revision the counter saw; absent: the present one. */
  readonly asOfRevision?: number | undefined;
}

export function adjust({ locationId, onHand, unavailable, reason }: AdjustStock, stock: Stock): Decision {
  const level = levelOf(stock.figures, locationId);
  const after = { onHand: level.onHand + onHand, unavailable: level.unavailable + unavailable };
  if (after.onHand < 0 || after.unavailable < 0 || after.unavailable > after.onHand) {
    return new Rejected(
      'conflict',
      'adjustment-below-zero',
      `${locationId} would hold ${after.onHand} units with ${after.unavailable} of them unavailable. Count the shelf instead.`,
      { locationId, onHand: level.onHand, unavailable: level.unavailable },
    );
  }
  if (onHand === 0 && unavailable === 0) return [];
  return [{ type: 'StockAdjusted', data: { locationId, onHand, unavailable, reason } }];
}

/** What was counted plus what moved since the counter looked; allocations are untouched. */
export function count({ locationId, counted, asOfRevision }: CountStock, stock: Stock): Decision {
  const asOf = asOfRevision ?? stock.revision;
  if (asOf > stock.revision) {
    return new Rejected(
      'invalid',
      'count-from-the-future',
      `The stock is at revision ${stock.revision}; a count as of ${asOf} cannot be.`,
    );
  }
  if (asOf < stock.forgottenUpTo || asOf < (stock.countedAsOf[locationId] ?? -1)) {
    return new Rejected(
      'conflict',
      'count-outdated',
      `A newer count, or more than ${MAX_MOVEMENTS} movements, came after revision ${asOf}. Count again.`,
    );
  }
  const moved = stock.movements
    .filter((movement) => movement.revision > asOf && movement.locationId === locationId)
    .reduce((total, movement) => total + movement.units, 0);
  const onHand = Math.max(0, counted + moved);
  return [{ type: 'StockCounted', data: { locationId, counted, asOfRevision: asOf, onHand } }];
}
