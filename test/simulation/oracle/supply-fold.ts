import type { ChannelPolicyEvent, LocationEvent } from '#contracts';
import type { StockFold } from './stock-fold.js';

interface ChannelSupply {
  places?: readonly string[];
  buffer: number;
  cap: number;
  sharePercent: number;
}

/** Locations and channel policies, and the numbers that follow from them by the formula of the domain. */
export class SupplyFold {
  #places: string[] = [];
  readonly #channels = new Map<string, ChannelSupply>();

  get places(): readonly string[] {
    return this.#places;
  }

  get channels(): readonly string[] {
    return [...this.#channels.keys()];
  }

  apply(event: LocationEvent | ChannelPolicyEvent): void {
    switch (event.type) {
      case 'LocationOpened':
        if (!this.#places.includes(event.data.locationId)) this.#places.push(event.data.locationId);
        break;
      case 'LocationChanged':
        break;
      case 'LocationClosed':
        this.#places = this.#places.filter((place) => place !== event.data.locationId);
        break;
      case 'SupplyMapSet':
        this.#channel(event.data.channel).places = event.data.locationIds;
        break;
      case 'ChannelDefaultsSet': {
        const { channel, buffer, cap = Number.POSITIVE_INFINITY, sharePercent } = event.data;
        Object.assign(this.#channel(channel), { buffer, cap, sharePercent });
        break;
      }
      default:
        event satisfies never;
    }
  }

  /** ATS per channel: what each may show of a SKU. */
  numbersOf(stock: StockFold): Record<string, number> {
    return Object.fromEntries(this.channels.map((channel) => [channel, this.#available(stock, channel)]));
  }

  #available(stock: StockFold, channel: string): number {
    const rule = stock.rules.get(channel);
    if (rule?.restriction !== undefined) return 0;
    const supply = this.#channel(channel);
    let pool = 0;
    for (const place of this.#placesOf(channel)) pool += offered(stock, place);
    pool -= this.#owed(stock, channel);
    for (const [other, { quota }] of stock.rules)
      if (other !== channel && quota !== undefined) pool -= Math.max(0, quota - (stock.quotaUsed.get(other) ?? 0));
    const share = Math.floor((Math.max(0, pool) * (rule?.sharePercent ?? supply.sharePercent)) / 100);
    return Math.max(0, Math.min(rule?.cap ?? supply.cap, share - (rule?.buffer ?? supply.buffer)));
  }

  /** Units that are sold and missing, and that this channel's places will have to give. */
  #owed(stock: StockFold, channel: string): number {
    const own = this.#placesOf(channel);
    const near = this.channels.filter((other) => this.#placesOf(other).some((place) => own.includes(place)));
    const reach = [...own, 'unassigned', ...near.flatMap((other) => this.#placesOf(other))];
    const missing = new Map<string, number>();
    for (const [place, queue] of stock.queues)
      for (const waiting of queue)
        if (waiting !== '' || reach.includes(place)) missing.set(waiting, (missing.get(waiting) ?? 0) + 1);
    let units = 0;
    for (const [waiting, count] of missing) {
      const shared = own.filter((place) => !this.#channels.has(waiting) || this.#placesOf(waiting).includes(place));
      units +=
        shared.length === own.length
          ? count
          : Math.min(
              count,
              shared.reduce((sum, place) => sum + offered(stock, place), 0),
            );
    }
    return units;
  }

  #placesOf(channel: string): readonly string[] {
    return this.#channels.get(channel)?.places?.filter((place) => this.#places.includes(place)) ?? this.#places;
  }

  #channel(channel: string): ChannelSupply {
    let supply = this.#channels.get(channel);
    if (!supply) {
      supply = { buffer: 0, cap: Number.POSITIVE_INFINITY, sharePercent: 100 };
      this.#channels.set(channel, supply);
    }
    return supply;
  }
}

const offered = (stock: StockFold, place: string): number => Math.max(0, stock.free(place) - stock.level(place).safety);
