import { Logger } from '@nestjs/common';
import type { OrderEvent } from '#contracts';
import { type EventStore, type RecordedEvent } from '#event-sourcing';
import { logOf } from '#platform';
import { Retries, superviseLoop } from '#read-models';
import type { ShortSku } from './checkout.decide.js';

/** How inventory's answer turned out for an order. */
export type OrderDecision =
  | { readonly status: 'placed' }
  | { readonly status: 'declined'; readonly short: readonly ShortSku[] };

/** Lets a request wait until its order is decided, by whichever process: what the log says of orders wakes it. */
export class OrderDecisions {
  private readonly retries = new Retries({ log: logOf(new Logger(OrderDecisions.name)) }, {}, RETRIES);
  private readonly waiting = new Map<string, Set<(decision: OrderDecision | undefined) => void>>();
  private waiters = 0;

  constructor(private readonly store: EventStore) {}

  /** The decision as soon as it is known, or what the log holds when the time is up; undefined when it is not decided. */
  async waitFor(orderId: string, timeoutMs: number): Promise<OrderDecision | undefined> {
    return (this.waiters < MAX_WAITERS ? await this.told(orderId, timeoutMs) : undefined) ?? this.recorded(orderId);
  }

  /** What the log says. The decision follows the submission, so a few events are enough. */
  async recorded(orderId: string): Promise<OrderDecision | undefined> {
    const events = await this.store.readStream(`order-${orderId}`, { limit: 4 });
    return events
      .map((event) => decisionOf(event as RecordedEvent<OrderEvent>))
      .find((decision) => decision !== undefined);
  }

  /** Follows the log from its end on, and wakes its waiters, until the signal aborts. */
  listen(signal: AbortSignal): Promise<void> {
    return superviseLoop(signal, {
      retries: this.retries,
      failed: 'decisions on orders cannot be followed, will retry',
      turn: async (stopping) => {
        const after = await this.store.head();
        for await (const page of this.store.subscribe({ after, filter: { types: DECISIONS }, signal: stopping })) {
          this.retries.succeeded();
          for (const event of page.events) this.tell(event as RecordedEvent<OrderEvent>);
        }
      },
    });
  }

  private tell(event: RecordedEvent<OrderEvent>): void {
    const decision = decisionOf(event);
    if (decision) for (const resolve of this.waiting.get(event.data.orderId) ?? []) resolve(decision);
  }

  private async told(orderId: string, timeoutMs: number): Promise<OrderDecision | undefined> {
    const { promise, resolve } = Promise.withResolvers<OrderDecision | undefined>();
    const timer = setTimeout(resolve, timeoutMs, undefined);
    const sameOrder = this.waiting.get(orderId) ?? new Set();
    this.waiting.set(orderId, sameOrder.add(resolve));
    this.waiters += 1;
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.waiters -= 1;
      sameOrder.delete(resolve);
      if (sameOrder.size === 0) this.waiting.delete(orderId);
    }
  }
}

/** A request more than this is answered with what is known at once. */
const MAX_WAITERS = 10_000;

const RETRIES = { backoffMsMin: 250, backoffMsMax: 1_000 };
const DECISIONS = ['OrderPlaced', 'OrderDeclined'] satisfies OrderEvent['type'][];

function decisionOf(event: RecordedEvent<OrderEvent>): OrderDecision | undefined {
  if (event.type === 'OrderPlaced') return { status: 'placed' };
  return event.type === 'OrderDeclined' ? { status: 'declined', short: event.data.short } : undefined;
}
