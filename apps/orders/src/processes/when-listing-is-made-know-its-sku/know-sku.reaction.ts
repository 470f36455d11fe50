import type { VariantEvent } from '#contracts';
import type { RecordedEvent } from '#event-sourcing';
import { type Reaction, type ReadModels } from '#read-models';

type Listed = RecordedEvent<Extract<VariantEvent, { type: 'VariantAdded' | 'ListingCreated' }>>;

/** Remembers our SKUs and what channels call them: a sale may name the one or the other. */
export class WhenListingIsMadeKnowItsSku implements Reaction {
  readonly name = 'when-listing-is-made-know-its-sku';
  readonly types = ['VariantAdded', 'ListingCreated'];
  readonly pageSize = 5_000;

  constructor(private readonly readModels: ReadModels) {}

  async react(events: readonly Listed[]): Promise<void> {
    const listings = new Map<string, readonly [channel: string, externalId: string, sku: string, position: number]>();
    const skus = new Set<string>();
    for (const { type, data, position } of events) {
      skus.add(data.sku);
      if (type === 'ListingCreated')
        listings.set(`${data.channel}\n${data.externalId}`, [data.channel, data.externalId, data.sku, position]);
    }
    await this.readModels.execute(
      'insert into orders.variant (sku) select * from unnest($1::text[]) on conflict do nothing',
      [[...skus]],
    );
    const rows = [...listings.values()];
    await this.readModels.execute(
      `insert into orders.listing as l (channel, external_id, sku, position)
       select * from unnest($1::text[], $2::text[], $3::text[], $4::bigint[])
       on conflict (channel, external_id) do update set sku = excluded.sku, position = excluded.position
        where l.position < excluded.position`,
      [0, 1, 2, 3].map((column) => rows.map((row) => row[column])),
    );
  }
}
