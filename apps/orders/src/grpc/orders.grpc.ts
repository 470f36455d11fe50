import { Controller, Inject } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { GrpcMethod, GrpcStreamMethod, Payload } from '@nestjs/microservices';
import { defer, type Observable } from 'rxjs';
import type { z } from 'zod';
import { EVENT_STORE, type EventMetadata, type EventStore } from '#event-sourcing';
import {
  CommandMetadata,
  changesAfter,
  Executes,
  Input,
  type InputOf,
  inBatches,
  type ServerDuplexStream,
  type ServerWritableStream,
  Shutdown,
  StreamCall,
  streamed,
} from '#platform';
import { orderDecider } from '../order/order.decide.js';
import { OrdersIntake } from '../order/orders-intake.js';
import { submitOrder } from '../order/submit-order.js';
import { orderById } from '../views/orders/orders.slices.js';
import { watchRequest } from './orders.requests.js';
import { SalesStream } from './sales-stream.js';

const CATEGORY = orderDecider.category;
/** Recorded together: they share a commit. */
const SALES_AT_ONCE = 200;

/** Orders over gRPC; see orders.proto. */
@Controller()
export class OrdersGrpcController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly intake: OrdersIntake,
    private readonly shutdown: Shutdown,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  @GrpcMethod('Orders', 'Submit')
  @Executes(submitOrder)
  submit(@Input() input: InputOf<typeof submitOrder>) {
    return this.commands.execute(submitOrder(input));
  }

  @GrpcStreamMethod('Orders', 'RecordSales')
  recordSales(
    @Payload() sales: Observable<unknown>,
    @CommandMetadata() metadata: EventMetadata,
    @StreamCall() call: ServerDuplexStream<unknown, unknown>,
  ) {
    return defer(async () => {
      const stream = new SalesStream(this.intake, metadata);
      await inBatches(call, sales, (batch) => stream.record(batch), SALES_AT_ONCE);
      return stream.reply;
    });
  }

  @GrpcMethod('Orders', 'Get')
  @Executes(orderById)
  get(@Input() input: InputOf<typeof orderById>) {
    return this.queries.execute(orderById(input));
  }

  @GrpcMethod('Orders', 'Watch')
  watch(
    @Payload({ schema: watchRequest }) { afterPosition }: z.output<typeof watchRequest>,
    @StreamCall() call: ServerWritableStream<unknown, unknown>,
  ) {
    return streamed(call, (signal) => this.changes(afterPosition, signal), this.shutdown.signal);
  }

  private async *changes(after: number, signal: AbortSignal) {
    for await (const event of changesAfter(this.store, after, { categories: [CATEGORY] }, signal)) {
      const { position, stream, revision, type, metadata } = event;
      yield { position, orderId: stream.slice(CATEGORY.length + 1), revision, type, occurredAt: metadata.occurredAt };
    }
  }
}
