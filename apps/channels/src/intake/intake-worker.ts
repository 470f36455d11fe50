import type { SaleResult, SalesIntake } from '#contracts';
import type { WakeSignal } from '#event-sourcing';
import { type Clock, toIso } from '#kernel';
import { isRefusedValue, type ReadModels, Retries, type RetryTiming, storableText, superviseLoop } from '#read-models';
import { backOffMs } from '../back-off.js';
import type { IntakeInbox } from './intake-inbox.js';
import type { FailedSale, IntakeTable, WaitingSale } from './intake-table.js';

export interface IntakeWorkerOptions extends RetryTiming {
  readonly batchSize: number;
  /** How often to look without a notification (poll fallback): for what other processes took in, and for retries. */
  readonly pollMs: number;
  /** After so many attempts a sale is parked. */
  readonly attempts: number;
  /** Messages that are done are remembered for so long. */
  readonly keepDoneMs: number;
  /** A message that is not understood loses its content after so long: it names people. */
  readonly keepUnreadableMs: number;
  readonly random: () => number;
}

/**
 * Hands waiting sales to the orders service, oldest first. A crash between recording and noting it means that the sales
 * are handed over again: recording is idempotent by message id.
 */
export class IntakeWorker {
  readonly #retries: Retries;
  #sweptAtMs = 0;

  constructor(
    private readonly table: IntakeTable,
    private readonly inbox: IntakeInbox,
    private readonly intake: SalesIntake,
    private readonly wakeSignal: WakeSignal,
    private readonly clock: Clock,
    private readonly readModels: Pick<ReadModels, 'log' | 'outages'>,
    private readonly options: IntakeWorkerOptions,
  ) {
    this.#retries = new Retries(readModels, { work: 'intake' }, options);
  }

  /** Works until the signal aborts. */
  run(signal: AbortSignal): Promise<void> {
    return superviseLoop(signal, {
      retries: this.#retries,
      failed: 'sales could not be handed over, will retry',
      wakeSignal: this.wakeSignal,
      turn: async () => {
        if ((await this.takeBatch()) > 0) return 0;
        await this.#keepHouse();
        return this.options.pollMs;
      },
    });
  }

  /** Hands over one batch and answers how many sales it had. Throws when nothing could be recorded. */
  async takeBatch(): Promise<number> {
    const sales = await this.table.waiting(this.options.batchSize, toIso(this.clock.now()));
    if (sales.length === 0) return 0;
    const results = await this.#record(sales);
    const done = sales.filter((_, index) => !(results[index] instanceof Error));
    const failed = sales.flatMap((sale, index) => this.#failureOf(sale, results[index]));
    await this.table.settle(
      done.map(({ id }) => id),
      failed,
    );
    this.inbox.waiting = Math.max(0, this.inbox.waiting - done.length);
    return sales.length;
  }

  async #record(sales: readonly WaitingSale[]): Promise<readonly (SaleResult | Error)[]> {
    try {
      return await this.intake.record(sales.map(saleOf));
    } catch (error) {
      if (isOutage(errorOf(error))) throw error;
      return sales.length === 1 ? [errorOf(error)] : this.#recordOneByOne(sales);
    }
  }

  /** One sale may spoil a batch for all. */
  async #recordOneByOne(sales: readonly WaitingSale[]): Promise<readonly (SaleResult | Error)[]> {
    const results: (SaleResult | Error)[] = [];
    for (const sale of sales) results.push(...(await this.#record([sale])));
    return results;
  }

  #failureOf({ id, attempts, sale }: WaitingSale, result: SaleResult | Error | undefined): FailedSale[] {
    if (result && !(result instanceof Error)) return [];
    const error = result ?? new Error('The sale got no result.');
    const final = isRefusal(error) || (attempts + 1 >= this.options.attempts && !isOutage(error));
    const failed = { id, error: storableText(error.message, 500) };
    if (final) {
      const { channel, externalOrderId } = sale;
      this.readModels.log.warn({ intakeId: id, channel, externalOrderId, error: failed.error }, 'a sale was parked');
      return [failed];
    }
    return [{ ...failed, nextAttemptAt: toIso(this.clock.now() + backOffMs(attempts + 1, this.options.random)) }];
  }

  async #keepHouse(): Promise<void> {
    this.inbox.waiting = await this.table.countWaiting(1_000_000);
    const nowMs = this.clock.now();
    if (nowMs - this.#sweptAtMs < SWEEP_EVERY_MS) return;
    const erased = await this.table.eraseSealed(toIso(nowMs - this.options.keepUnreadableMs));
    if (erased > 0)
      this.readModels.log.warn(
        { erased },
        'messages that were never understood lost their content: their time was over',
      );
    const forgotten = await this.table.forgetDone(toIso(nowMs - this.options.keepDoneMs));
    if (forgotten === 0) this.#sweptAtMs = nowMs;
  }
}

const SWEEP_EVERY_MS = 600_000;

const saleOf = ({ sale, receivedAt }: WaitingSale) => ({ ...sale, receivedAt });
const errorOf = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

/** Refused for what it says: trying again changes nothing. */
const isRefusal = (error: Error): boolean => REFUSALS.has(error.name) && !isOutage(error);

/** No fault of the sale: it waits for as long as it takes. */
const isOutage = (error: Error): boolean =>
  !isRefusedValue(error) &&
  (OUTAGES.has(error.name) || (error.name === 'Rejected' && 'kind' in error && error.kind === 'unavailable'));

const REFUSALS = new Set(['Rejected', 'InvalidRequest', 'ZodError']);
const OUTAGES = new Set(['Overloaded', 'DatabaseError', 'EventStoreUnavailable', 'WriterFenced']);
