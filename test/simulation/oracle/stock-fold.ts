import type { StockEvent, UnitsAt } from '#contracts';
import type { RecordedEvent } from '#event-sourcing';

/** Units of one SKU at one place. */
export interface Level {
  onHand: number;
  unavailable: number;
  allocated: number;
  reserved: number;
  safety: number;
  shortage: number;
  inTransit?: number;
}

export interface Hold {
  readonly channel: string;
  readonly from: readonly UnitsAt[];
  readonly dueAtMs: number;
}

type Rule = Omit<Extract<StockEvent, { type: 'ChannelRuleSet' }>['data'], 'channel'>;

/** One SKU, folded from its events by rules written down again here, independently of the system's own. */
export class StockFold {
  revision = -1;
  position = 0;
  readonly levels = new Map<string, Level>();
  readonly rules = new Map<string, Rule>();
  readonly quotaUsed = new Map<string, number>();
  /** Per place: the channels whose orders wait for missing units, once per unit, the oldest first; '' where it is not known. */
  readonly queues = new Map<string, string[]>();
  readonly holds = new Map<string, Hold>();
  /** Units bound per order line and place, by {@link lineKey}. */
  readonly bound = new Map<string, Map<string, number>>();
  readonly shipped = new Map<string, number>();
  readonly returned = new Map<string, number>();
  /** Per transfer: units on their way, and what it added to all that is there or on its way, with and without what was settled. */
  readonly transfers = new Map<string, { inTransit: number; sum: number; sumMoved: number }>();
  /** What moved physically: revision, place, units. */
  readonly moves: { readonly revision: number; readonly locationId: string; readonly units: number }[] = [];

  apply(event: RecordedEvent<StockEvent>): void {
    this.#applyNumbers(event);
    const { data } = event;
    const channel = 'channel' in data ? data.channel : '';
    if ('from' in data) for (const { locationId } of data.from) this.#queue(locationId, channel);
    else if ('locationId' in data) this.#queue(data.locationId, channel);
  }

  #applyNumbers({ revision, position, ...event }: RecordedEvent<StockEvent>): void {
    this.revision = revision;
    this.position = position;
    switch (event.type) {
      case 'StockReceived':
        this.#move(event.data.locationId, event.data.units);
        break;
      case 'StockReturned': {
        const { returnId, locationId, units, condition } = event.data;
        this.#move(locationId, units);
        if (condition !== 'available') this.level(locationId).unavailable += units;
        this.returned.set(returnId, (this.returned.get(returnId) ?? 0) + units);
        break;
      }
      case 'StockAdjusted':
        this.#move(event.data.locationId, event.data.onHand);
        this.level(event.data.locationId).unavailable += event.data.unavailable;
        break;
      case 'StockTransferred': {
        const { locationId, onHand, inTransit } = event.data;
        if (onHand !== 0) this.#move(locationId, onHand);
        const level = this.level(locationId);
        if (inTransit !== 0) level.inTransit = (level.inTransit ?? 0) + inTransit;
        const { transferId, as } = event.data;
        const known = this.transfers.get(transferId) ?? { inTransit: 0, sum: 0, sumMoved: 0 };
        known.inTransit += inTransit;
        known.sum += onHand + inTransit;
        if (as !== 'settled') known.sumMoved += onHand + inTransit;
        this.transfers.set(transferId, known);
        break;
      }
      case 'StockCounted': {
        const level = this.level(event.data.locationId);
        level.onHand = event.data.onHand;
        level.unavailable = Math.min(level.unavailable, level.onHand);
        break;
      }
      case 'StockShipped': {
        const { orderId, lineId, locationId, units } = event.data;
        this.#move(locationId, -units);
        this.#bind(lineKey(orderId, lineId), [{ locationId, units: -units }]);
        this.shipped.set(lineKey(orderId, lineId), (this.shipped.get(lineKey(orderId, lineId)) ?? 0) + units);
        break;
      }
      case 'StockReserved': {
        const { reservationId, channel, from, dueAt } = event.data;
        this.holds.set(reservationId, { channel, from, dueAtMs: Date.parse(dueAt) });
        this.#hold(from, 1);
        this.#use(channel, from, 1);
        break;
      }
      case 'StockReservationConfirmed':
        this.holds.delete(event.data.reservationId);
        this.#hold(event.data.from, -1);
        this.#bind(lineKey(event.data.orderId, event.data.lineId), event.data.from);
        break;
      case 'StockReservationReleased':
      case 'StockReservationExpired':
        this.holds.delete(event.data.reservationId);
        this.#hold(event.data.from, -1);
        this.#use(event.data.channel, event.data.from, -1, event.data.beforeQuota);
        break;
      case 'StockAllocated':
        this.#bind(lineKey(event.data.orderId, event.data.lineId), event.data.from);
        this.#use(event.data.channel, event.data.from, 1, event.data.beforeQuota);
        break;
      case 'StockAllocationCancelled':
        this.#bind(
          lineKey(event.data.orderId, event.data.lineId),
          event.data.from.map(({ locationId, units }) => ({ locationId, units: -units })),
        );
        this.#use(event.data.channel, event.data.from, -1, event.data.beforeQuota);
        break;
      case 'SafetyStockSet':
        this.level(event.data.locationId).safety = event.data.units;
        break;
      case 'ChannelRuleSet': {
        const { channel, ...rule } = event.data;
        if (rule.quota !== this.rules.get(channel)?.quota) this.quotaUsed.delete(channel);
        this.rules.set(channel, rule);
        break;
      }
      case 'ShortageOpened':
      case 'ShortageChanged':
        this.level(event.data.locationId).shortage = event.data.units;
        break;
      case 'ShortageResolved':
        this.level(event.data.locationId).shortage = 0;
        break;
      case 'StockAllocationDeclined':
        break;
      default:
        event satisfies never;
    }
  }

  level(locationId: string): Level {
    let level = this.levels.get(locationId);
    if (!level) {
      level = { onHand: 0, unavailable: 0, allocated: 0, reserved: 0, safety: 0, shortage: 0 };
      this.levels.set(locationId, level);
    }
    return level;
  }

  /** Units of a location without a claim on them; below zero: too much was promised. */
  free(locationId: string): number {
    const { onHand, unavailable, allocated, reserved } = this.level(locationId);
    return onHand - unavailable - allocated - reserved;
  }

  /** Units bound to an order line, at all places. */
  boundTo(orderId: string, lineId: string): number {
    let units = 0;
    for (const part of this.bound.get(lineKey(orderId, lineId))?.values() ?? []) units += part;
    return units;
  }

  /** As many wait at a place as it misses: a channel joins at the end, leaves its own place first, and else the first is served. */
  #queue(locationId: string, channel: string): void {
    const { onHand, unavailable, allocated } = this.level(locationId);
    const missing = Math.max(0, allocated - (onHand - unavailable));
    const queue = this.queues.get(locationId) ?? [];
    while (queue.length < missing) queue.push(channel);
    while (queue.length > missing) queue.splice(Math.max(0, queue.indexOf(channel)), 1);
    if (queue.length > 0) this.queues.set(locationId, queue);
    else this.queues.delete(locationId);
  }

  #move(locationId: string, units: number): void {
    this.level(locationId).onHand += units;
    this.moves.push({ revision: this.revision, locationId, units });
  }

  #hold(from: readonly UnitsAt[], sign: 1 | -1): void {
    for (const { locationId, units } of from) this.level(locationId).reserved += sign * units;
  }

  #bind(key: string, from: readonly UnitsAt[]): void {
    const places = this.bound.get(key) ?? new Map<string, number>();
    this.bound.set(key, places);
    for (const { locationId, units } of from) {
      this.level(locationId).allocated += units;
      places.set(locationId, (places.get(locationId) ?? 0) + units);
    }
  }

  #use(channel: string, from: readonly UnitsAt[], sign: 1 | -1, beforeQuota = 0): void {
    if (this.rules.get(channel)?.quota === undefined) return;
    const units = from.reduce((sum, part) => sum + part.units, 0) - beforeQuota;
    this.quotaUsed.set(channel, Math.max(0, (this.quotaUsed.get(channel) ?? 0) + sign * units));
  }
}

export const lineKey = (orderId: string, lineId: string): string => `${orderId}\n${lineId}`;
