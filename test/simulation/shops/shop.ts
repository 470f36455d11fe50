/** A channel's order as it tells it. */
export interface ShopOrder {
  readonly externalOrderId: string;
  readonly revision: number;
  readonly placedAt: string;
  readonly currency: string;
  readonly cancelled: boolean;
  readonly lines: readonly {
    readonly lineId: string;
    readonly sku: string;
    readonly units: number;
    readonly unitPriceMinor: number;
  }[];
}

export interface PushedNumber {
  readonly externalId: string;
  readonly quantity: number;
  readonly revision: number;
}

/** What one channel remembers: a number per listing, and every revision of every order. */
export class Shop {
  readonly quantities = new Map<string, number>();
  readonly skus = new Map<string, string>();
  /** Newest revision per order. */
  readonly orders = new Map<string, ShopOrder>();
  /** Every number it ever took, as `<externalId> <quantity>`. */
  readonly taken = new Set<string>();
  /** All revisions in the order in which they were made. */
  readonly #changes: ShopOrder[] = [];

  constructor(readonly channel: string) {}

  /** The same shop in another world. */
  copy(): Shop {
    const copy = new Shop(this.channel);
    for (const [externalId, sku] of this.skus) copy.offer(externalId, sku);
    for (const [externalId, quantity] of this.quantities) copy.quantities.set(externalId, quantity);
    for (const taken of this.taken) copy.taken.add(taken);
    return copy;
  }

  /** A listing shows nothing until it is told a number. */
  offer(externalId: string, sku: string): void {
    this.skus.set(externalId, sku);
    this.quantities.set(externalId, 0);
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
  ): ShopOrder | undefined {
    if (wanted.some(({ externalId, units }) => (this.quantities.get(externalId) ?? 0) < units)) return undefined;
    const lines = wanted.map(({ externalId, units }, index) => {
      this.quantities.set(externalId, (this.quantities.get(externalId) ?? 0) - units);
      return { lineId: String(index + 1), sku: this.skus.get(externalId) ?? '', units, unitPriceMinor: 1_000 + index };
    });
    return this.change({
      externalOrderId: `${this.channel.toUpperCase()}-${this.#changes.length + 1}`,
      revision: 0,
      placedAt,
      currency: 'EUR',
      cancelled: false,
      lines,
    });
  }

  change(order: ShopOrder): ShopOrder {
    this.orders.set(order.externalOrderId, order);
    this.#changes.push(order);
    return order;
  }

  /** Changes after a place in their sequence. */
  changesAfter(sequence: number, limit: number): { readonly orders: readonly ShopOrder[]; readonly next: number } {
    const orders = this.#changes.slice(sequence, sequence + limit);
    return { orders, next: sequence + orders.length };
  }

  stock(): { readonly externalId: string; readonly quantity: number }[] {
    return [...this.quantities].map(([externalId, quantity]) => ({ externalId, quantity }));
  }
}
