import { setTimeout as delay } from 'node:timers/promises';
import { byItself, CommandRunner } from '#event-sourcing';
import type { Clock } from '#kernel';
import { Shutdown } from '#platform';
import { FailureLog, type Log, Runners } from '#read-models';
import { orderDecider } from '../../order/order.decide.js';
import { ordersProjection } from '../../views/orders/orders.projection.js';
import { WaitingOffers } from '../../views/orders/waiting-offers.query.js';

/**
 * Sales name offers that the catalogue lists later: then the units are ordered of the SKU, and stock follows. A second instance
 * does the same work again and changes nothing.
 */
export class WhenOfferIsKnownOrderItsSku {
  private readonly failures: FailureLog;

  constructor(
    private readonly offers: WaitingOffers,
    log: Log,
    private readonly commands: CommandRunner,
    private readonly clock: Clock,
    private readonly shutdown: Shutdown,
    private readonly runners: Runners,
  ) {
    this.failures = new FailureLog(log, { process: NAME });
  }

  /** Looks until the process ends: often while an offer waits for its listing, else when the view of orders has moved. */
  async run(): Promise<void> {
    const { signal } = this.shutdown;
    const view = this.runners.projection(ordersProjection.name);
    while (!signal.aborted) {
      const seen = view.position;
      const waits = await this.orderKnown().then(
        (waiting) => {
          this.failures.succeeded();
          return waiting;
        },
        (error: unknown) => {
          this.failures.failed(error, 'offers that wait for their SKU were not looked up, will retry');
          return true;
        },
      );
      await delay(LOOK_EVERY_MS, undefined, { signal }).catch(() => {});
      if (!waits) await view.waitUntilPast(seen, LOOK_EVERY_MS_MAX, signal);
    }
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
