import type { JsonClient } from '#client';
import { type BulkResult, isProblem, outcomeOf, postBulk } from '../system/bulk-result.js';
import { waitUntilCaughtUp } from '../system/caught-up.js';
import type { Item, Step } from './steps.js';

/** What became of a step. */
export interface StepAnswers {
  /** Entries per outcome, such as `sales recorded`. */
  readonly counts: Readonly<Record<string, number>>;
  /** What the system would not take, and why. */
  readonly refused: readonly {
    readonly line: number;
    readonly lines: number;
    readonly reason: string;
    readonly text: string;
  }[];
}

/**
 * Sends steps, two at a time, and tells of each in order once everything in it and before it was acknowledged.
 *
 * Movements reach the system in the order of the file, because a correction must not overtake the return it takes away
 * from. Sales of neighbouring steps may overtake each other: they are facts, and each order has a stream of its own.
 * Within a step its sales go first.
 *
 * No step is sent while the system lags behind with the ones before: what it reads soon it need not fetch and decode
 * again, and the numbers of the channels stay those of the day.
 */
export class StepSender {
  #movementsSent: Promise<unknown> = Promise.resolve();
  #acknowledged: Promise<void> = Promise.resolve();
  #inFlight: Promise<void>[] = [];

  constructor(
    private readonly api: JsonClient,
    private readonly onAcknowledged: (step: Step, rowsRead: number, answers: StepAnswers) => Promise<void>,
  ) {}

  /** Resolves when there is room for the next step. Throws what an earlier one failed with. */
  async send(step: Step, rowsRead: number): Promise<void> {
    await waitUntilCaughtUp(this.api, { lagAtMost: LAG_MAX_EVENTS });
    const sending = this.#sendStep(step);
    this.#acknowledged = Promise.all([this.#acknowledged, sending]).then(([, answers]) =>
      this.onAcknowledged(step, rowsRead, answers),
    );
    this.#acknowledged.catch(() => {}); // Seen by its waiter: the next send, or drain.
    this.#inFlight.push(this.#acknowledged);
    if (this.#inFlight.length >= STEPS_IN_FLIGHT) await this.#inFlight.shift();
  }

  /** Resolves when all steps were acknowledged. */
  async drain(): Promise<void> {
    await this.#acknowledged;
  }

  async #sendStep(step: Step): Promise<StepAnswers> {
    const earlierMovements = this.#movementsSent;
    const sales = this.#post('/v1/channel-sales/bulk', 'sales', step.sales);
    const movements = Promise.all([sales, earlierMovements]).then(() =>
      this.#post('/v1/stock/movements/bulk', 'movements', step.movements),
    );
    this.#movementsSent = movements;
    const [saleResults, movementResults] = await Promise.all([sales, movements]);
    return answersTo(step, saleResults, movementResults);
  }

  #post(path: string, field: string, items: readonly Item[]): Promise<readonly BulkResult[]> {
    return postBulk(
      this.api,
      path,
      field,
      items.map(({ json }) => json),
    );
  }
}

const STEPS_IN_FLIGHT = 2;
/** Some two seconds of work. */
const LAG_MAX_EVENTS = 15_000;

function answersTo(
  { sales, movements }: Step,
  saleResults: readonly BulkResult[],
  movementResults: readonly BulkResult[],
): StepAnswers {
  const counts: Record<string, number> = {};
  const refused: StepAnswers['refused'][number][] = [];
  const note = (kind: string, items: readonly Item[], results: readonly BulkResult[]): void => {
    for (const [index, result] of results.entries()) {
      const item = items[index];
      const outcome = `${kind} ${outcomeOf(result)}`;
      counts[outcome] = (counts[outcome] ?? 0) + 1;
      if (item && isProblem(result)) {
        refused.push({
          line: item.line,
          lines: item.lines,
          reason: `${result.problem.code}: ${result.problem.detail}`,
          text: item.label,
        });
      }
    }
  };
  note('sales', sales, saleResults);
  note('movements', movements, movementResults);
  return { counts, refused };
}
