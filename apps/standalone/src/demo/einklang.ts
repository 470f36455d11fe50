import { z } from 'zod';
import { type JsonClient, RequestRefused } from '#client';
import type { CatalogueRow } from './demo-catalogue.js';
import type { DemoChannel } from './demo-plan.js';

export interface Receipt {
  /** The same id again changes nothing. */
  readonly commandId: string;
  readonly sku: string;
  readonly locationId: string;
  readonly units: number;
}

/** The routes of Einklang's REST API that the demo drives. */
export class Einklang {
  constructor(private readonly client: JsonClient) {}

  async openLocation(locationId: string, name: string): Promise<void> {
    await this.client.put(`/v1/locations/${locationId}`, { name, roles: ['ship-from'] });
  }

  async registerChannel({ channel, name, currency, pushesPerSecond }: DemoChannel, baseUrl: string): Promise<void> {
    await this.client.put(`/v1/channels/${channel}`, {
      name,
      connector: 'simulated',
      currency,
      baseUrl,
      pushesPerSecond,
    });
  }

  async setSupplyMap(channel: string, locationIds: readonly string[]): Promise<void> {
    await this.client.put(`/v1/supply-maps/${channel}`, { locationIds });
  }

  async setStockRule(channel: string, buffer: number): Promise<void> {
    await this.client.put(`/v1/stock-rules/${channel}`, { buffer });
  }

  async importCatalogue(rows: readonly CatalogueRow[]): Promise<void> {
    await this.#postBulk('/v1/catalog/import', { rows });
  }

  async receive(receipts: readonly Receipt[]): Promise<void> {
    const movements = receipts.map((receipt) => ({ ...receipt, kind: 'receipt' }));
    await this.#postBulk('/v1/stock/movements/bulk', { movements });
  }

  /** Where goods of the SKU have ever been. */
  async locationsOf(sku: string): Promise<string[]> {
    try {
      const { levels } = await this.client.get(`/v1/stock/${encodeURIComponent(sku)}`, stock);
      return levels.map(({ locationId }) => locationId);
    } catch (error) {
      if (error instanceof RequestRefused && error.status === 404) return [];
      throw error;
    }
  }

  /** Position of the last event, memory of the process, and whether every view and process has seen all events. */
  async status(): Promise<{ readonly events: number; readonly memoryBytes: number; readonly caughtUp: boolean }> {
    const { head, memoryBytes, runners } = await this.client.get('/v1/status', status);
    return { events: head, memoryBytes, caughtUp: runners.every(({ lag }) => lag === 0) };
  }

  async lags(): Promise<z.output<typeof lags>['items']> {
    return (await this.client.get('/v1/channels/lag', lags)).items;
  }

  /** Units that were sold and are not there. */
  async oversoldUnits(): Promise<number> {
    return (await this.client.get('/v1/shortages?limit=1', shortages)).openUnits;
  }

  /** Orders recorded from a channel, over all days. */
  async recordedOrders(channel: string): Promise<number> {
    let orders = 0;
    for (let cursor: string | undefined = ''; cursor !== undefined; ) {
      const query = new URLSearchParams({ channel, limit: '500', ...(cursor !== '' && { cursor }) });
      const page: z.output<typeof dailySales> = await this.client.get(`/v1/sales/daily?${query}`, dailySales);
      for (const day of page.items) orders += day.orders;
      cursor = page.nextCursor;
    }
    return orders;
  }

  async #postBulk(path: string, body: unknown): Promise<void> {
    const { results } = await this.client.post(path, body, bulkAnswer);
    const refused = results.find(({ problem }) => problem !== undefined)?.problem;
    if (refused)
      throw new RequestRefused(
        refused.status,
        refused.code,
        `POST ${path} refused a line (${refused.code}): ${refused.detail}`,
      );
  }
}

const stock = z.object({ levels: z.array(z.object({ locationId: z.string() })) });
const status = z.object({
  head: z.int(),
  memoryBytes: z.int(),
  runners: z.array(z.object({ lag: z.int() })),
});
const lags = z.object({
  items: z.array(z.object({ channel: z.string(), p50Ms: z.number(), p99Ms: z.number(), waiting: z.int() })),
});
const shortages = z.object({ openUnits: z.int() });
const dailySales = z.object({ items: z.array(z.object({ orders: z.int() })), nextCursor: z.string().optional() });
const bulkAnswer = z.object({
  results: z.array(
    z.looseObject({ problem: z.object({ status: z.int(), code: z.string(), detail: z.string() }).optional() }),
  ),
});
