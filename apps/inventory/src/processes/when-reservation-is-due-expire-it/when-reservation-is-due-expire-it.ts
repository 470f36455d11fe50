import { byItself, CommandRunner } from '#event-sourcing';
import { type Clock } from '#kernel';
import { type CheckResult, Shutdown } from '#platform';
import { FailingItems, isOutage, type ReadModels, Retries, Runners, superviseLoop, waitForView } from '#read-models';
import { stockDecider } from '../../stock/stock.decider.js';
import { dueReservationsProjection } from '../../views/due-reservations/due-reservations.projection.js';
import { DueReservations } from '../../views/due-reservations/due-reservations.query.js';

const LOOK_EVERY_MS = 500;
/** Although nothing is due and the view has not moved: the clock may have jumped. */
const LOOK_EVERY_MS_MAX = 300_000;
const SKUS_AT_ONCE = 500;
const SKUS_SHOWN = 20;
const NAME = 'when-reservation-is-due-expire-it';

/**
 * Holds that ran out become free for the views too, not only for the next decision. A second instance does the same work
 * again and changes nothing.
 */
export class WhenReservationIsDueExpireIt {
  private readonly retries: Retries;
  private readonly failing: FailingItems;

  constructor(
    private readonly readModels: ReadModels,
    private readonly due: DueReservations,
    private readonly commands: CommandRunner,
    private readonly clock: Clock,
    private readonly shutdown: Shutdown,
    private readonly runners: Runners,
  ) {
    this.retries = new Retries(readModels, { process: NAME });
    this.failing = new FailingItems(
      readModels.log,
      (sku) => ({ process: NAME, sku }),
      () => clock.now(),
    );
  }

  /** Degraded while it cannot look, or some SKUs fail. */
  check(): CheckResult {
    const { error } = this.retries;
    const failing = Object.entries(this.failing.failing);
    const skus = Object.fromEntries(failing.slice(0, SKUS_SHOWN));
    if (error === undefined && failing.length === 0) return { healthy: true };
    return {
      healthy: true,
      degraded: true,
      detail: { ...(error !== undefined && { error }), failing: failing.length, skus },
    };
  }

  /** Looks for due holds until the process ends: when the first one is due, and when the view has moved. */
  run(): Promise<void> {
    const view = this.runners.projection(dueReservationsProjection.name);
    return superviseLoop(this.shutdown.signal, {
      retries: this.retries,
      failed: 'due reservations were not expired, will retry',
      turn: () => this.turn(),
      wait: waitForView(view, LOOK_EVERY_MS),
    });
  }

  /** Expires what is due, and answers in how many milliseconds to look again unless the view moves; 0 for at once. */
  private async turn(): Promise<number> {
    const dueAt = await this.due.firstDueAt(this.failing.pausing);
    const dueInMs = dueAt === undefined ? LOOK_EVERY_MS_MAX : dueAt - this.clock.now();
    if (dueInMs > 0) return Math.min(dueInMs, LOOK_EVERY_MS_MAX);
    return (await this.expireDue()) ? 0 : LOOK_EVERY_MS;
  }

  /** Expires what is due by now. True when there may be more. */
  async expireDue(): Promise<boolean> {
    const now = this.clock.now();
    const due = await this.due.skusDueBy(now, SKUS_AT_ONCE, this.failing.pausing);
    await Promise.all(due.map((sku) => this.expire(sku, now)));
    return due.length === SKUS_AT_ONCE;
  }

  /** One SKU that fails stops no others. An outage is the fault of none. */
  private async expire(sku: string, now: number): Promise<void> {
    try {
      await this.commands.execute({
        on: stockDecider,
        id: sku,
        command: { type: 'ExpireReservations' },
        metadata: byItself(NAME, now),
      });
      this.failing.succeeded(sku);
    } catch (error) {
      if (isOutage(error) || !(await this.readModels.outages.isOver())) throw error;
      this.failing.failed(sku, error, 'due reservations of a SKU were not expired, will retry');
    }
  }
}
