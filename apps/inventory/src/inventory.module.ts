import { Inject, Module, type OnApplicationBootstrap, Optional } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { AVAILABILITY_FEED, type AvailabilityFeed } from '#contracts';
import { CLOCK, CommandRunner, EVENT_STORE, type EventStore } from '#event-sourcing';
import type { Clock } from '#kernel';
import type { ServiceMessaging } from '#messaging';
import { Exceptions, HealthChecks, MESSAGING, Shutdown } from '#platform';
import { type Projection, Runners } from '#read-models';
import { StockGrpcController } from './grpc/stock.grpc.js';
import { WhenAnOrderChangesFollowWithStock } from './processes/when-an-order-changes-follow-with-stock/when-an-order-changes-follow-with-stock.js';
import { WhenOrderIsSubmittedAllocateStock } from './processes/when-order-is-submitted-allocate-stock/when-order-is-submitted-allocate-stock.js';
import {
  overdueReservations,
  WhenReservationIsDueExpireIt,
} from './processes/when-reservation-is-due-expire-it/when-reservation-is-due-expire-it.js';
import { AdjustStockController } from './stock/adjust-stock/adjust-stock.http.js';
import { ChangeStockHandler, STOCK_RUNNER, type StockRunner, stockRunnerOptions } from './stock/change-stock.js';
import { ConfirmReservationController } from './stock/confirm-reservation/confirm-reservation.http.js';
import { CountStockController } from './stock/count-stock/count-stock.http.js';
import { KnownDocuments } from './stock/move-stock-in-bulk/known-documents.js';
import { MoveStockInBulkController } from './stock/move-stock-in-bulk/move-stock-in-bulk.http.js';
import { ReceiveStockController } from './stock/receive-stock/receive-stock.http.js';
import { ReleaseReservationController } from './stock/release-reservation/release-reservation.http.js';
import { ReservationService } from './stock/reserve-stock/reserve-stock.command.js';
import { ReserveStockController } from './stock/reserve-stock/reserve-stock.http.js';
import { ReturnStockController } from './stock/return-stock/return-stock.http.js';
import { SetChannelRuleController } from './stock/set-channel-rule/set-channel-rule.http.js';
import { SetSafetyStockController } from './stock/set-safety-stock/set-safety-stock.http.js';
import { ShipStockController } from './stock/ship-stock/ship-stock.http.js';
import { stockDecider } from './stock/stock.decider.js';
import { ChangeSupply } from './supply/change-supply.js';
import { LocationContents } from './supply/location-contents.js';
import { SupplyController } from './supply/supply.http.js';
import { SupplyDirectory } from './supply/supply-directory.js';
import { dueReservationsProjection } from './views/due-reservations/due-reservations.projection.js';
import {
  referencesReceivedTwice,
  repeatedReceiptsProjection,
} from './views/repeated-receipts/repeated-receipts.projection.js';
import { ShortagesController } from './views/shortages/shortages.http.js';
import { openShortages, shortagesProjection } from './views/shortages/shortages.projection.js';
import { StockViewFeed } from './views/stock/availability-feed.js';
import { channelsWithoutSupply, goodsAtNoOpenLocation, lookAlikeSkus } from './views/stock/stock.exceptions.js';
import { StockViewController } from './views/stock/stock.http.js';
import { stockProjection } from './views/stock/stock.projection.js';
import { StockQuery } from './views/stock/stock.query.js';

/** What there is, everywhere, and what each channel may show of it. */
@Module({
  imports: [CqrsModule.forRoot()],
  controllers: [
    // Commands
    ReceiveStockController,
    ReserveStockController,
    ConfirmReservationController,
    ReleaseReservationController,
    ShipStockController,
    ReturnStockController,
    AdjustStockController,
    CountStockController,
    MoveStockInBulkController,
    SetSafetyStockController,
    SetChannelRuleController,
    SupplyController,
    StockGrpcController,
    // Views
    StockViewController,
    ShortagesController,
  ],
  providers: [
    ChangeStockHandler,
    ReservationService,
    KnownDocuments,
    ChangeSupply,
    LocationContents,
    SupplyDirectory,
    StockQuery,
    // Processes
    WhenAnOrderChangesFollowWithStock,
    WhenOrderIsSubmittedAllocateStock,
    WhenReservationIsDueExpireIt,
    // Wiring
    { provide: STOCK_RUNNER, inject: [EVENT_STORE, CLOCK], useFactory: stockRunner },
    { provide: AVAILABILITY_FEED, useClass: StockViewFeed },
  ],
  exports: [AVAILABILITY_FEED],
})
export class InventoryModule implements OnApplicationBootstrap {
  constructor(
    private readonly runners: Runners,
    followOrders: WhenAnOrderChangesFollowWithStock,
    allocateOrders: WhenOrderIsSubmittedAllocateStock,
    private readonly expiry: WhenReservationIsDueExpireIt,
    private readonly shutdown: Shutdown,
    exceptions: Exceptions,
    health: HealthChecks,
    @Inject(AVAILABILITY_FEED) feed: AvailabilityFeed,
    @Optional() @Inject(MESSAGING) messaging?: ServiceMessaging,
  ) {
    for (const source of [openShortages, channelsWithoutSupply, goodsAtNoOpenLocation, lookAlikeSkus])
      exceptions.add(source);
    exceptions.add(overdueReservations);
    if (runners.works) health.add('reservation expiry', () => expiry.check());
    exceptions.add(referencesReceivedTwice);
    messaging?.sendAvailability(feed);
    for (const projection of inventoryProjections) runners.addProjection(projection);
    runners.backlog.workedOffBy(runners.addReaction(followOrders));
    runners.addReaction(allocateOrders);
  }

  onApplicationBootstrap(): void {
    if (!this.runners.works) return;
    const expiring = this.expiry.run();
    this.shutdown.onShutdown('reservation expiry', () => expiring);
  }
}

/** The views of the service, for commands that rebuild or verify them. */
export const inventoryProjections: readonly Projection[] = [
  stockProjection,
  shortagesProjection,
  dueReservationsProjection,
  repeatedReceiptsProjection,
];

function stockRunner(store: EventStore, clock: Clock): StockRunner {
  return new CommandRunner(stockDecider, store, { ...stockRunnerOptions, clock });
}
