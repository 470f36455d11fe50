/** Who buys, as far as the channel says it. */
export interface Customer {
  readonly email?: string;
  readonly phone?: string;
  readonly channelCustomerId?: string;
}

/** A channel's order as it tells it. */
export interface ShopOrder {
  readonly externalOrderId: string;
  readonly revision: number;
  readonly placedAt: string;
  readonly currency: string;
  readonly cancelled: boolean;
  readonly lines: readonly ShopLine[];
  readonly customer?: Customer;
}

/** Goods by their SKU or by the shop's id of the offer; without either, or below zero, money; with 0 units, nothing. */
export interface ShopLine {
  readonly lineId: string;
  readonly sku: string;
  readonly externalId?: string;
  readonly units: number;
  readonly unitPriceMinor: number;
}

export const isGoods = ({ sku, externalId, units, unitPriceMinor }: ShopLine): boolean =>
  units > 0 && unitPriceMinor >= 0 && (sku !== '' || externalId !== undefined);

export interface PushedNumber {
  readonly externalId: string;
  readonly quantity: number;
  readonly revision: number;
}

export interface Purchase {
  /** Lines that are no goods. */
  readonly beside?: readonly ShopLine[];
  readonly bySku?: boolean;
  readonly customer?: Customer | undefined;
}

/** What one channel remembers: a number per listing, and every revision of every order. */
export class Shop {
  readonly quantities = new Map<string, number>();
  readonly skus = new Map<string, string>();
  /** SKU of every offer there ever was. */
  readonly offers = new Map<string, string>();
  /** Newest revision per order. */
  readonly orders = new Map<string, ShopOrder>();
  /** Every number it ever took, as `<externalId> <quantity>`. */
  readonly taken = new Set<string>();
  /** What it lists among its orders, and what no version of ours understands. */
  readonly riddles: unknown[] = [];
  /** All revisions in the order in which they were made. */
  readonly #changes: unknown[] = [];

  constructor(readonly channel: string) {}

  /** The same shop in another world. */
  copy(): Shop {
    const copy = new Shop(this.channel);
    for (const [externalId, sku] of this.skus) copy.offer(externalId, sku);
    for (const [externalId, quantity] of this.quantities) copy.quantities.set(externalId, quantity);
    for (const taken of this.taken) copy.taken.add(taken);
    return copy;
  }

  /** A listing shows nothing until it gets a number. */
  offer(externalId: string, sku: string): void {
    this.name(externalId, sku);
    this.quantities.set(externalId, 0);
  }

  /** An id that is kept for an offer of which the shop does not say yet what it sells. */
  keepFree(externalId: string): void {
    this.quantities.set(externalId, 0);
  }

  /** Says what an offer sells, whatever number it shows by now. */
  name(externalId: string, sku: string): void {
    this.skus.set(externalId, sku);
    this.offers.set(externalId, sku);
  }

  withdraw(externalId: string): void {
    this.skus.delete(externalId);
    this.quantities.delete(externalId);
  }

  /** Sets numbers as told. A result per listing: whether it is known. */
  take(numbers: readonly PushedNumber[]): boolean[] {
    return numbers.map(({ externalId, quantity }) => {
      if (!this.quantities.has(externalId)) return false;
      this.quantities.set(externalId, quantity);
      this.taken.add(`${externalId} ${quantity}`);
      return true;
    });
  }

  /** A shopper buys what the shop shows; undefined where it shows too little. */
  buy(
    wanted: readonly { readonly externalId: string; readonly units: number }[],
    placedAt: string,
    { beside = [], bySku = true, customer }: Purchase = {},
  ): ShopOrder | undefined {
    if (wanted.some(({ externalId, units }) => (this.quantities.get(externalId) ?? 0) < units)) return undefined;
    const lines = wanted.map(({ externalId, units }, index) => {
      this.quantities.set(externalId, (this.quantities.get(externalId) ?? 0) - units);
      const named = bySku ? { sku: this.skus.get(externalId) ?? '' } : { sku: '', externalId };
      return { lineId: String(index + 1), ...named, units, unitPriceMinor: 1_000 + index };
    });
    return this.#place([...lines, ...beside], placedAt, customer);
  }

  /** A shopper buys one of an offer before the shop has a number for it. */
  sellUnlisted(externalId: string, sku: string, placedAt: string): ShopOrder {
    this.offers.set(externalId, sku);
    return this.#place([{ lineId: '1', sku: '', externalId, units: 1, unitPriceMinor: 700 }], placedAt);
  }

  #place(lines: readonly ShopLine[], placedAt: string, customer?: Customer): ShopOrder {
    const externalOrderId = `${this.channel.toUpperCase()}-${this.#changes.length + 1}`;
    const order = { externalOrderId, revision: 0, placedAt, currency: 'EUR', cancelled: false, lines };
    return this.change(customer ? { ...order, customer } : order);
  }

  change(order: ShopOrder): ShopOrder {
    this.orders.set(order.externalOrderId, order);
    this.#changes.push(order);
    return order;
  }

  /** Lists something among its orders that cannot be read as one. */
  puzzle(externalOrderId: string): void {
    const riddle = { externalOrderId, lines: 'see attachment' };
    this.riddles.push(riddle);
    this.#changes.push(riddle);
  }

  /** Changes after a place in their sequence. */
  changesAfter(sequence: number, limit: number): { readonly orders: readonly unknown[]; readonly next: number } {
    const orders = this.#changes.slice(sequence, sequence + limit);
    return { orders, next: sequence + orders.length };
  }

  stock(): { readonly externalId: string; readonly quantity: number }[] {
    return [...this.quantities].map(([externalId, quantity]) => ({ externalId, quantity }));
  }
}
