import type { StockEvent } from '#contracts';
import type { DecisionContext } from '#event-sourcing';
import { Rejected, toIso } from '#kernel';
import type { ChannelPolicy } from '../supply/channel-terms.js';
import { allocateAhead, boundTo, isOvertaken, older } from './allocations.decide.js';
import { refuseBeyondAvailable } from './available-to-sell.js';
import { pick } from './picking.js';
import type { Decision, Hold, Stock } from './stock.js';
import { availableToFulfil, sum } from './stock-levels.js';

export interface ReserveStock {
  readonly type: 'ReserveStock';
  readonly reservationId: string;
  readonly units: number;
  readonly ttlSeconds: number;
  readonly policy: ChannelPolicy;
}

export interface ConfirmReservation {
  readonly type: 'ConfirmReservation';
  readonly reservationId: string;
  readonly orderId: string;
  readonly lineId: string;
  /** Of the channel the reservation was made on: a confirm that comes too late is decided afresh. */
  readonly policy: ChannelPolicy;
}

export function reserve(
  { reservationId, units, ttlSeconds, policy }: ReserveStock,
  stock: Stock,
  { now }: DecisionContext,
): Decision {
  const { channel } = policy;
  const hold = stock.holds.get(reservationId);
  const known = hold ? { channel: hold.channel, units: sum(hold.from) } : stock.ended.get(reservationId);
  if (known) return known.channel === channel && known.units === units ? [] : reservationIdReused(reservationId);
  const refusal = refuseBeyondAvailable(units, stock, policy);
  if (refusal) return refusal;
  const from = pick(units, stock.figures, policy.supply, (level) => availableToFulfil(level));
  const dueAt = toIso(now + ttlSeconds * 1_000);
  return [{ type: 'StockReserved', data: { reservationId, channel, units, from, dueAt } }];
}

export function confirm({ reservationId, orderId, lineId, policy }: ConfirmReservation, stock: Stock): Decision {
  const hold = stock.holds.get(reservationId);
  const bound = boundTo(orderId, hold?.channel ?? policy.channel, stock);
  const orderHasItsUnits = bound.some(({ ahead }) => !ahead);
  if (hold) {
    if (orderHasItsUnits) return [released(hold, orderId)];
    if (isOvertaken(hold, stock)) return reservationOvertaken(reservationId);
    const data = { reservationId, channel: hold.channel, orderId, lineId, from: [...hold.from] };
    return [{ type: 'StockReservationConfirmed', data }];
  }
  const ended = stock.ended.get(reservationId);
  if (!ended) return unknownReservation(reservationId);
  if (orderHasItsUnits) return [];
  switch (ended.end) {
    case 'released':
      return new Rejected(
        'conflict',
        'reservation-released',
        `Reservation ${reservationId} was released. Reserve again.`,
      );
    case 'confirmed':
      return bound.length > 0 ? [] : reservationIdReused(reservationId);
    case 'expired': {
      if (bound.some((line) => line.lineId === lineId)) return [];
      const lines = [{ lineId, units: ended.units }];
      const refusal = refuseBeyondAvailable(ended.units, stock, policy);
      return refusal ?? allocateAhead(reservationId, orderId, lines, policy, stock.figures);
    }
    default:
      return ended.end satisfies never;
  }
}

export function release(reservationId: string, stock: Stock): Decision {
  const hold = stock.holds.get(reservationId);
  if (hold) return [released(hold)];
  const ended = stock.ended.get(reservationId);
  if (!ended) return unknownReservation(reservationId);
  if (ended.end !== 'confirmed') return [];
  return new Rejected(
    'conflict',
    'reservation-confirmed',
    `Reservation ${reservationId} became an order line. Cancel the order line.`,
  );
}

const released = ({ reservationId, channel, from, beforeQuota }: Hold, orderId?: string): StockEvent => ({
  type: 'StockReservationReleased',
  data: { reservationId, channel, from: [...from], ...(orderId !== undefined && { orderId }), ...older(beforeQuota) },
});

const unknownReservation = (reservationId: string): Rejected =>
  new Rejected('not-found', 'unknown-reservation', `There is no reservation ${reservationId} on this SKU.`);

const reservationIdReused = (reservationId: string): Rejected =>
  new Rejected(
    'conflict',
    'reservation-id-reused',
    `Reservation ${reservationId} exists with other content. Use a new id.`,
  );

const reservationOvertaken = (reservationId: string): Rejected =>
  new Rejected(
    'conflict',
    'reservation-overtaken',
    `A sale that had already happened elsewhere took the units of reservation ${reservationId}. Release it and offer an alternative.`,
  );
