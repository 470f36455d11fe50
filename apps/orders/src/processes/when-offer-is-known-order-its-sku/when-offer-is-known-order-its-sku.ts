import { byItself, CommandRunner } from '#event-sourcing';
import type { Clock } from '#kernel';
import { Shutdown } from '#platform';
import { type ReadModels, Retries, Runners, superviseLoop, waitForView } from '#read-models';
import { orderDecider } from '../../order/order.decide.js';
import { ordersProjection } from '../../views/orders/orders.projection.js';
import { WaitingOffers } from '../../views/orders/waiting-offers.query.js';

/**
 * Sales name offers that the catalogue lists later: then the units are ordered of the SKU, and stock follows. A second instance
 * does the same work again and changes nothing.
 */
export class WhenOfferIsKnownOrderItsSku {
  private readonly retries: Retries;

  constructor(
    private readonly offers: WaitingOffers,
    readModels: Pick<ReadModels, 'log' | 'outages'>,
    private readonly commands: CommandRunner,
    private readonly clock: Clock,
    private readonly shutdown: Shutdown,
    private readonly runners: Runners,
  ) {
    this.retries = new Retries(readModels, { process: NAME });
  }

  /** Looks until the process ends: often while an offer waits for its listing, else when the view of orders has moved. */
  run(): Promise<void> {
    const view = this.runners.projection(ordersProjection.name);
    return superviseLoop(this.shutdown.signal, {
      retries: this.retries,
      failed: 'offers that wait for their SKU were not looked up, will retry',
      turn: async () => ((await this.orderKnown()) ? LOOK_EVERY_MS : LOOK_EVERY_MS_MAX),
      wait: waitForView(view, LOOK_EVERY_MS),
    });
  }

  /** Orders the SKUs of offers that are known by now. True while offers wait, known or not. */
  async orderKnown(): Promise<boolean> {
    const offers = await this.offers.first(OFFERS_AT_ONCE);
    const known = offers.flatMap(({ orderId, externalId, sku }) =>
      sku === null ? [] : [{ orderId, externalId, sku }],
    );
    const byOrder = Map.groupBy(known, ({ orderId }) => orderId);
    await Promise.all(
      [...byOrder].map(([orderId, listed]) => {
        const skus = new Map(listed.map(({ externalId, sku }) => [externalId, sku]));
        return this.commands.execute({
          on: orderDecider,
          id: orderId,
          command: { type: 'ResolveOffers', orderId, skus },
          metadata: byItself(NAME, this.clock.now()),
        });
      }),
    );
    return offers.length > 0;
  }
}

const NAME = 'when-offer-is-known-order-its-sku';
const LOOK_EVERY_MS = 1_000;
/** Also when the view has not moved. */
const LOOK_EVERY_MS_MAX = 600_000;
const OFFERS_AT_ONCE = 500;
