import { Controller, Inject } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { GrpcMethod, GrpcStreamMethod, Payload } from '@nestjs/microservices';
import type { Observable } from 'rxjs';
import type { z } from 'zod';
import { AVAILABILITY_FEED, type AvailabilityChange, type AvailabilityFeed } from '#contracts';
import { EVENT_STORE, type EventMetadata, type EventStore } from '#event-sourcing';
import { idFrom } from '#kernel';
import {
  CommandMetadata,
  Executes,
  Input,
  type InputOf,
  inOrder,
  messagesOf,
  refusalFor,
  requireReached,
  type ServerDuplexStream,
  type ServerWritableStream,
  Shutdown,
  StreamCall,
  streamed,
  takeExpectedRevision,
} from '#platform';
import { confirmReservation } from '../stock/confirm-reservation.js';
import { releaseReservation } from '../stock/release-reservation.js';
import { metadataOfLine, reserveStock } from '../stock/reserve-stock.js';
import { StockQuery } from '../views/stock/stock.query.js';
import { getAvailabilityRequest, watchAvailabilityRequest } from './stock.requests.js';

const RESERVATIONS_IN_FLIGHT = 1_024;
const readReservation = messagesOf(reserveStock);

/** The hot path of stock over gRPC; see stock.proto. */
@Controller()
export class StockGrpcController {
  constructor(
    private readonly commands: CommandBus,
    private readonly query: StockQuery,
    private readonly shutdown: Shutdown,
    @Inject(AVAILABILITY_FEED) private readonly feed: AvailabilityFeed,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  @GrpcMethod('Stock', 'Reserve')
  @Executes(reserveStock)
  reserve(@Input() input: InputOf<typeof reserveStock>) {
    return this.commands.execute(reserveStock(input));
  }

  @GrpcStreamMethod('Stock', 'ReserveStream')
  reserveStream(
    @Payload() requests: Observable<unknown>,
    @CommandMetadata() metadata: EventMetadata,
    @StreamCall() call: ServerDuplexStream<unknown, unknown>,
  ) {
    const keyed = call.metadata.get('idempotency-key').length > 0;
    const answer = (request: unknown, index: number) => {
      const line = metadataOfLine(metadata, index);
      return keyed ? this.reserveKeyed(request, line) : this.reserveOne(request, line);
    };
    return inOrder(call, requests, answer, RESERVATIONS_IN_FLIGHT);
  }

  @GrpcMethod('Stock', 'Confirm')
  @Executes(confirmReservation)
  confirm(@Input() input: InputOf<typeof confirmReservation>) {
    return this.commands.execute(confirmReservation(input));
  }

  @GrpcMethod('Stock', 'Release')
  @Executes(releaseReservation)
  release(@Input() input: InputOf<typeof releaseReservation>) {
    return this.commands.execute(releaseReservation(input));
  }

  @GrpcMethod('Stock', 'GetAvailability')
  async getAvailability(
    @Payload({ schema: getAvailabilityRequest }) { skus }: z.output<typeof getAvailabilityRequest>,
  ) {
    const rows = await this.query.availability(skus);
    return { items: rows.map(({ sku, revision, available }) => ({ sku, stockRevision: revision, available })) };
  }

  @GrpcMethod('Stock', 'WatchAvailability')
  watchAvailability(
    @Payload({ schema: watchAvailabilityRequest }) { afterSequence, skus }: z.output<typeof watchAvailabilityRequest>,
    @StreamCall() call: ServerWritableStream<unknown, unknown>,
  ) {
    const wanted = new Set<string>(skus);
    return streamed(call, (signal) => this.changes(afterSequence, wanted, signal), this.shutdown.signal);
  }

  /**
   * A repeat of the stream repeats its lines. Another line in the place of one takes over its reservation id and not its
   * command id, so that it is refused as a reservation that is there with other content.
   */
  private reserveKeyed(request: unknown, metadata: EventMetadata) {
    const commandId = idFrom(`${metadata.commandId} ${JSON.stringify(request)}`);
    const named =
      typeof request === 'object' && request !== null && 'reservationId' in request && request.reservationId;
    const line = named ? request : { ...Object(request), reservationId: metadata.commandId };
    return this.reserveOne(line, { ...metadata, commandId });
  }

  private async reserveOne(request: unknown, metadata: EventMetadata) {
    try {
      const expectation = takeExpectedRevision(request);
      const input = readReservation(request);
      return {
        reserved: await this.commands.execute(reserveStock({ input, metadata: { ...metadata, ...expectation } })),
      };
    } catch (error) {
      const { code, detail } = refusalFor(error);
      return { problem: { code, detail } };
    }
  }

  private async *changes(
    after: number,
    wanted: ReadonlySet<string>,
    signal: AbortSignal,
  ): AsyncIterable<AvailabilityChange> {
    await requireReached(this.store, after, 'sequence');
    for await (const batch of this.feed.follow({ after, signal })) {
      for (const change of batch) if (wanted.size === 0 || wanted.has(change.sku)) yield change;
    }
  }
}
