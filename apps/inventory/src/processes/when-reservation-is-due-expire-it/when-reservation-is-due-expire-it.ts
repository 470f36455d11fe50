import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { CLOCK } from '#event-sourcing';
import { type Clock, newId, toIso } from '#kernel';
import { Shutdown } from '#platform';
import { READ_MODELS, type ReadModels, Runners } from '#read-models';
import { STOCK_RUNNER, type StockRunner } from '../../stock/change-stock.js';
import { dueReservationsProjection } from '../../views/due-reservations/due-reservations.projection.js';

const LOOK_EVERY_MS = 500;
/** Although nothing is due and the view has not moved: the clock may have jumped. */
const LOOK_EVERY_MS_MAX = 300_000;
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
    private readonly runners: Runners,
  ) {}

  /** Looks for due holds until the process ends: when the first one is due, and when the view has moved. */
  async run(): Promise<void> {
    const { signal } = this.shutdown;
    const view = this.runners.projection(dueReservationsProjection.name);
    while (!signal.aborted) {
      const seen = view.position;
      const waitMs = await this.turn().catch((error: unknown) => {
        this.logger.warn({ msg: 'Due reservations could not be expired; trying again', err: error });
        return LOOK_EVERY_MS;
      });
      if (waitMs > 0) await delay(Math.min(waitMs, LOOK_EVERY_MS), undefined, { signal }).catch(() => {});
      if (waitMs > LOOK_EVERY_MS) await view.beyond(seen, waitMs - LOOK_EVERY_MS, signal);
    }
  }

  /** Expires what is due, and answers in how many milliseconds to look again unless the view moves; 0 for at once. */
  private async turn(): Promise<number> {
    const [first] = await this.readModels.query<{ due: string | null }>(
      'select min(due_at) as due from view_due_reservations.holds',
    );
    const dueInMs = first?.due ? Date.parse(first.due) - this.clock.now() : LOOK_EVERY_MS_MAX;
    if (dueInMs > 0) return Math.min(dueInMs, LOOK_EVERY_MS_MAX);
    return (await this.expireDue()) ? 0 : LOOK_EVERY_MS;
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
