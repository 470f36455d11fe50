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
  readonly #places: string[] = [];
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
    for (const place of supply.places ?? this.#places)
      pool += Math.max(0, stock.free(place) - stock.level(place).safety);
    for (const [other, { quota }] of stock.rules)
      if (other !== channel && quota !== undefined) pool -= Math.max(0, quota - (stock.quotaUsed.get(other) ?? 0));
    const share = Math.floor((Math.max(0, pool) * (rule?.sharePercent ?? supply.sharePercent)) / 100);
    return Math.max(0, Math.min(rule?.cap ?? supply.cap, share - (rule?.buffer ?? supply.buffer)));
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
