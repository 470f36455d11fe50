import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { CLOCK } from '#event-sourcing';
import { type Clock, newId, toIso } from '#kernel';
import { Shutdown } from '#platform';
import { READ_MODELS, type ReadModels } from '#read-models';
import { STOCK_RUNNER, type StockRunner } from '../../stock/change-stock.js';

const LOOK_EVERY_MS = 500;
const SKUS_AT_ONCE = 500;

/**
 * Holds that ran out become free for the views too, not only for the next decision. A second instance does the same work
 * again and changes nothing.
 */
@Injectable()
export class WhenReservationIsDueExpireIt {
  private readonly logger = new Logger(WhenReservationIsDueExpireIt.name);

  constructor(
    @Inject(READ_MODELS) private readonly readModels: ReadModels,
    @Inject(STOCK_RUNNER) private readonly runner: StockRunner,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly shutdown: Shutdown,
  ) {}

  /** Looks for due holds until the process ends. */
  async run(): Promise<void> {
    const { signal } = this.shutdown;
    while (!signal.aborted) {
      const full = await this.expireDue().catch((error: unknown) => {
        this.logger.warn({ msg: 'Due reservations could not be expired; trying again', err: error });
        return false;
      });
      if (!full) await delay(LOOK_EVERY_MS, undefined, { signal }).catch(() => {});
    }
  }

  /** Expires what is due by now. True when there may be more. */
  async expireDue(): Promise<boolean> {
    const now = this.clock.now();
    const due = await this.readModels.query<{ sku: string }>(
      'select distinct sku from view_due_reservations.holds where due_at <= $1 limit $2',
      [toIso(now), SKUS_AT_ONCE],
    );
    await Promise.all(
      due.map(({ sku }) => this.runner.execute(sku, { type: 'ExpireReservations' }, this.metadata(now))),
    );
    return due.length === SKUS_AT_ONCE;
  }

  private metadata(now: number) {
    const id = newId(now);
    return {
      commandId: id,
      correlationId: id,
      actor: 'process:when-reservation-is-due-expire-it',
      occurredAt: toIso(now),
      receivedAt: toIso(now),
    };
  }
}
