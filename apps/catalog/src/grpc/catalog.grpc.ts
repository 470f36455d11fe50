import { Controller, Inject } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { GrpcMethod, Payload } from '@nestjs/microservices';
import type { z } from 'zod';
import { variantEvents } from '#contracts';
import { EVENT_STORE, type EventStore, type RecordedEvent } from '#event-sourcing';
import {
  changesAfter,
  Executes,
  Input,
  type InputOf,
  type ServerWritableStream,
  Shutdown,
  StreamCall,
  streamed,
} from '#platform';
import { setPrice } from '../variant/set-price.js';
import { variantDecider } from '../variant/variant.decider.js';
import type { VariantAnswer } from '../views/catalog/catalog.query.js';
import { listVariants, variantOfSku } from '../views/catalog/catalog.slices.js';
import { watchPricesRequest } from './catalog.requests.js';

/** The catalogue over gRPC; see catalog.proto. */
@Controller()
export class CatalogGrpcController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly shutdown: Shutdown,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  @GrpcMethod('Catalog', 'GetVariant')
  @Executes(variantOfSku)
  async getVariant(@Input() input: InputOf<typeof variantOfSku>) {
    return variantMessage(await this.queries.execute(variantOfSku(input)));
  }

  @GrpcMethod('Catalog', 'ListVariants')
  @Executes(listVariants)
  async listVariants(@Input() input: InputOf<typeof listVariants>) {
    const { items, nextCursor } = await this.queries.execute(listVariants(input));
    return { items: items.map(variantMessage), nextCursor };
  }

  @GrpcMethod('Catalog', 'SetPrice')
  @Executes(setPrice)
  setPrice(@Input() input: InputOf<typeof setPrice>) {
    return this.commands.execute(setPrice(input));
  }

  @GrpcMethod('Catalog', 'WatchPrices')
  watchPrices(
    @Payload({ schema: watchPricesRequest }) { afterPosition, skus }: z.output<typeof watchPricesRequest>,
    @StreamCall() call: ServerWritableStream<unknown, unknown>,
  ) {
    const wanted = new Set<string>(skus);
    return streamed(call, (signal) => this.prices(afterPosition, wanted, signal), this.shutdown.signal);
  }

  private async *prices(after: number, wanted: ReadonlySet<string>, signal: AbortSignal) {
    const filter = { categories: [variantDecider.category], types: ['PriceSet'] };
    for await (const event of changesAfter(this.store, after, filter, signal)) {
      const price = priceOf(event);
      if (wanted.size > 0 && !wanted.has(price.sku)) continue;
      yield { ...price, position: event.position, occurredAt: event.metadata.occurredAt };
    }
  }
}

const priceOf = ({ data }: RecordedEvent) => variantEvents.PriceSet.data.parse(data);

/** protobuf has no map to values of several types. */
const variantMessage = ({ attributes, ...variant }: VariantAnswer) => ({
  ...variant,
  attributes: Object.entries(attributes).map(([name, value]) => ({ name, [KIND_OF[typeof value] ?? 'text']: value })),
});

const KIND_OF: Readonly<Record<string, string>> = { string: 'text', number: 'number', boolean: 'flag' };
