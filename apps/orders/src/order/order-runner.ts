import { Inject, Injectable } from '@nestjs/common';
import type { OrderEvent } from '#contracts';
import { CLOCK, CommandRunner, EVENT_STORE, type EventStore } from '#event-sourcing';
import type { Clock } from '#kernel';
import { type OrderCommand, orderDecider } from './order.decide.js';
import type { Order } from './order.js';

/** Runs the commands of orders. Few are kept in memory, and for a minute: most are written once and not touched for days. */
@Injectable()
export class OrderRunner extends CommandRunner<OrderCommand, OrderEvent, Order> {
  constructor(@Inject(EVENT_STORE) store: EventStore, @Inject(CLOCK) clock: Clock) {
    super(orderDecider, store, { clock, maxIdleStreams: 500, idleMs: 60_000 });
  }
}
