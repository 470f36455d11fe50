import type { StockEvent } from '#contracts';
import type { DecisionContext } from '#event-sourcing';
import { toIso } from '#kernel';
import type { ChannelPolicy } from '../supply/channel-terms.js';
import {
  type AllocateLines,
  type AskedLine,
  allocateFact,
  allocateRequest,
  availableFor,
  type CancelAllocation,
  cancel,
  older,
  refusedHold,
  type ShipStock,
  ship,
} from './allocations.decide.js';
import {
  type AdjustStock,
  type CountStock,
  count,
  type MoveStock,
  move,
  type ReceiveStock,
  type ReturnStock,
} from './movements.decide.js';
import { type ConfirmReservation, confirm, type ReserveStock, release, reserve } from './reservations.decide.js';
import { type SetChannelRule, type SetSafetyStock, setChannelRule, setSafetyStock } from './rules.decide.js';
import { withShortages } from './shortages.js';
import type { Decision, Stock } from './stock.js';
import { sum } from './stock-levels.js';
import { type MoveInTransfer, moveInTransfer } from './transfers.decide.js';

export type StockCommand =
  | ReceiveStock
  | ReserveStock
  | ConfirmReservation
  | { readonly type: 'ReleaseReservation'; readonly reservationId: string }
  /** Changes nothing itself: what is due is recorded before every decision. */
  | { readonly type: 'ExpireReservations' }
  | AllocateLines
  | DeclineAllocation
  | CancelAllocation
  | ShipStock
  | ReturnStock
  | AdjustStock
  | MoveStock
  | CountStock
  | MoveInTransfer
  | SetSafetyStock
  | SetChannelRule;

/** Records that a request of several SKUs was refused, on each of them. */
export interface DeclineAllocation {
  readonly type: 'DeclineAllocation';
  readonly orderId: string;
  readonly lines: readonly AskedLine[];
  readonly policy: ChannelPolicy;
}

export function decide(command: StockCommand, stock: Stock, context: DecisionContext): Decision {
  switch (command.type) {
    case 'ReserveStock':
      return reserve(command, stock, context);
    case 'ConfirmReservation':
      return confirm(command, stock);
    case 'ReleaseReservation':
      return release(command.reservationId, stock);
    case 'ExpireReservations':
      return [];
    case 'AllocateLines':
      return command.as === 'fact'
        ? withShortages(stock, allocateFact(command, stock))
        : withShortages(stock, allocateRequest(command, stock));
    case 'DeclineAllocation':
      return decline(command, stock);
    case 'CancelAllocation':
      return withShortages(stock, cancel(command.orderId, command.lines, stock));
    case 'ShipStock':
      return withShortages(stock, ship(command, stock));
    case 'ReceiveStock':
    case 'ReturnStock':
    case 'AdjustStock':
      return withShortages(stock, move({ type: 'MoveStock', movements: [command] }, stock));
    case 'MoveStock':
      return withShortages(stock, move(command, stock));
    case 'MoveInTransfer':
      return withShortages(stock, moveInTransfer(command, stock));
    case 'CountStock':
      return withShortages(stock, count(command, stock));
    case 'SetSafetyStock':
      return setSafetyStock(command, stock);
    case 'SetChannelRule':
      return setChannelRule(command, stock);
    default:
      return command satisfies never;
  }
}

function decline({ orderId, lines, policy }: DeclineAllocation, stock: Stock): StockEvent[] {
  const { channel } = policy;
  const refused = refusedHold(lines, channel, stock);
  const numbers = { requested: sum(lines), available: availableFor({ orderId, lines, policy }, stock) };
  const why = refused && { reason: refused.reason, reservationId: refused.reservationId };
  return [{ type: 'StockAllocationDeclined', data: { orderId, channel, ...numbers, ...why } }];
}

/** Holds that ran out by `now`, in the order in which they were due; the rest waits for the next decision. */
export function elapse(stock: Stock, now: number): readonly StockEvent[] {
  const next = stock.due.peek();
  if (!next || next.dueAtMs > now) return [];
  return [...stock.holds]
    .filter(([, hold]) => hold.dueAtMs <= now)
    .sort(([, a], [, b]) => a.dueAtMs - b.dueAtMs)
    .slice(0, MAX_EXPIRED_AT_ONCE)
    .map(([reservationId, { channel, from, dueAtMs, beforeQuota }]) => ({
      type: 'StockReservationExpired',
      data: { reservationId, channel, from: [...from], dueAt: toIso(dueAtMs), ...older(beforeQuota) },
    }));
}

/** More than this would make one commit too large. A hold that has to wait counts as held: too careful, never too bold. */
const MAX_EXPIRED_AT_ONCE = 5_000;
