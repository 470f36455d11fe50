import { type ReadModels, schemaOf } from '#read-models';
import { ordersProjection } from './orders.projection.js';

/** An offer that was sold without a SKU; `sku` is what the catalogue lists it as by now. */
export interface WaitingOffer {
  readonly orderId: string;
  readonly externalId: string;
  readonly sku: string | null;
}

/** Offers of orders that wait for their SKU, for the process that orders it. */
export class WaitingOffers {
  constructor(private readonly readModels: Pick<ReadModels, 'query'>) {}

  /** Up to `limit`, those whose SKU is known first. */
  first(limit: number): Promise<readonly WaitingOffer[]> {
    return this.readModels.query<WaitingOffer>(
      `select o.order_id as "orderId", f.offer ->> 'externalId' as "externalId", l.sku
         from ${schemaOf(ordersProjection.name)}.orders o cross join jsonb_array_elements(o.offers) as f (offer)
         left join orders.listing l on l.channel = o.channel and l.external_id = f.offer ->> 'externalId'
        where o.offers is not null
        order by l.sku is null limit $1`,
      [limit],
    );
  }
}
