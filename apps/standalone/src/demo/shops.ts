import { createHmac } from 'node:crypto';
import { z } from 'zod';
import type { JsonClient } from '#client';

/** A listing as the shop takes it. */
export interface ShopListing {
  readonly externalId: string;
  readonly sku: string;
  readonly title: string;
  readonly priceMinor: number;
  readonly currency: string;
}

/** The channels' own side, played by the simulated shop: see its README for the routes. */
export class Shops {
  constructor(
    private readonly client: JsonClient,
    private readonly secret: string,
  ) {}

  /** Creates or replaces listings, however many; a listing that is there keeps its number. */
  async putListings(channel: string, listings: readonly ShopListing[]): Promise<void> {
    for (let start = 0; start < listings.length; start += LISTINGS_PER_REQUEST) {
      const part = listings.slice(start, start + LISTINGS_PER_REQUEST);
      await this.#ask('PUT', channel, 'listings', z.unknown(), { listings: part });
    }
  }

  /** What a channel shows per SKU. */
  async shownUnits(channel: string): Promise<ReadonlyMap<string, number>> {
    const shown = new Map<string, number>();
    for (let after: string | null = ''; after !== null; ) {
      const page: z.output<typeof stock> = await this.#ask(
        'GET',
        channel,
        `stock?${new URLSearchParams({ after })}`,
        stock,
      );
      for (const { sku, quantity } of page.items) shown.set(sku, quantity);
      after = page.next;
    }
    return shown;
  }

  /** 0 per second: no shopper comes any more. */
  async startShoppers(channel: string, perSecond: number, seed: number, webhookUrl: string): Promise<void> {
    await this.#ask('POST', channel, 'shoppers', z.unknown(), { perSecond, seed, webhookUrl });
  }

  statistics(channel: string): Promise<z.output<typeof statistics>> {
    return this.#ask('GET', channel, 'statistics', statistics);
  }

  #ask<Schema extends z.ZodType>(
    method: 'GET' | 'POST' | 'PUT',
    channel: string,
    route: string,
    answer: Schema,
    body?: unknown,
  ): Promise<z.output<Schema>> {
    const token = createHmac('sha256', this.secret).update(`api:${channel}`).digest('hex');
    return this.client.ask(
      { method, path: `/${channel}/${route}`, token, ...(body !== undefined && { body }) },
      answer,
    );
  }
}

/** Far below the 1 MiB that a request may have. */
const LISTINGS_PER_REQUEST = 500;

const stock = z.object({
  items: z.array(z.object({ sku: z.string(), quantity: z.int() })),
  next: z.string().nullable(),
});
const statistics = z.object({
  orders: z.int(),
  soldUnits: z.int(),
  stockWrites: z.int(),
  webhooksWaiting: z.int(),
  shoppersPerSecond: z.number(),
});
