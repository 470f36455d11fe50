import type { StockEvent } from '#contracts';
import { Rejected } from '#kernel';
import { type Decision, MAX_MOVEMENTS, receiptKey, returnedContent, type Stock } from './stock.js';
import { figuresAfter, levelOf } from './stock-levels.js';

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

/** What one document says of one SKU: all of it or nothing. */
export interface MoveStock {
  readonly type: 'MoveStock';
  readonly movements: readonly (ReceiveStock | ReturnStock | AdjustStock)[];
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

/** Decides the movements one after the other. Goods that came back under an id that is known came back once. */
export function move({ movements }: MoveStock, stock: Stock): Decision {
  const returns = movements.filter((movement) => movement.type === 'ReturnStock');
  const known = knownReturn(returns, stock);
  if (known) return known;
  const events: StockEvent[] = [];
  for (const movement of movements) {
    const figures = figuresAfter(stock.figures, events);
    const decided = moveOne(movement, { ...stock, figures });
    if (decided instanceof Rejected) return decided;
    events.push(...decided);
  }
  return events;
}

function moveOne(movement: MoveStock['movements'][number], stock: Stock): Decision {
  switch (movement.type) {
    case 'ReceiveStock':
      return receive(movement, stock);
    case 'ReturnStock': {
      const { type: _, ...data } = movement;
      return [{ type: 'StockReturned', data }];
    }
    case 'AdjustStock':
      return adjust(movement, stock);
    default:
      return movement satisfies never;
  }
}

/** A delivery may come in parts under one reference, so the second is taken, and says that there was a first. */
function receive({ type: _, ...data }: ReceiveStock, stock: Stock): StockEvent[] {
  const receivedBefore = stock.receipts?.get(receiptKey(data));
  return [{ type: 'StockReceived', data: { ...data, ...(receivedBefore !== undefined && { receivedBefore }) } }];
}

function knownReturn(returns: readonly ReturnStock[], stock: Stock): Decision | undefined {
  for (const { returnId, orderId } of returns) {
    const before = orderId === undefined ? stock.returns?.get(returnId) : undefined;
    if (!before) continue;
    const now = returns.filter((each) => each.returnId === returnId).map(returnedContent);
    if (JSON.stringify(now.toSorted()) === JSON.stringify(before.toSorted())) return [];
    return new Rejected(
      'conflict',
      'return-differs',
      `Return ${returnId} of this SKU is known with other content: ${before.join('; ')}. Give this one an id of its own.`,
      { returnId },
    );
  }
  return undefined;
}

function adjust({ locationId, onHand, unavailable, reason }: AdjustStock, stock: Stock): Decision {
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
  const onHand = Math.max(0, counted + movedSince(asOf, locationId, stock));
  return [{ type: 'StockCounted', data: { locationId, counted, asOfRevision: asOf, onHand } }];
}

/** Units that came to a location, less those that left it, after a revision. */
export function movedSince(revision: number, locationId: string, { movements }: Stock): number {
  return movements
    .filter((movement) => movement.revision > revision && movement.locationId === locationId)
    .reduce((total, { units }) => total + units, 0);
}
