import { Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { AVAILABILITY_FEED } from '#contracts';
import { assembled } from '#platform';
import { assembleInventory } from './assemble.js';
import { StockGrpcController } from './grpc/stock.grpc.js';
import { AdjustStockController } from './stock/adjust-stock/adjust-stock.http.js';
import { ChangeStockHandler } from './stock/change-stock.js';
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
import { ChangeSupply } from './supply/change-supply.js';
import { LocationContents } from './supply/location-contents.js';
import { SupplyController } from './supply/supply.http.js';
import { SupplyDirectory } from './supply/supply-directory.js';
import { ShortagesController } from './views/shortages/shortages.http.js';
import { StockViewController } from './views/stock/stock.http.js';
import { StockQuery } from './views/stock/stock.query.js';

/** What there is, everywhere, and what each channel may show of it. Its processes and exceptions: `assemble.ts`. */
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
  providers: assembled(assembleInventory, {
    parts: {
      // Commands
      changeStock: ChangeStockHandler,
      reservations: ReservationService,
      documents: KnownDocuments,
      supply: SupplyDirectory,
      changeSupply: ChangeSupply,
      locationContents: LocationContents,
      // Views
      stockQuery: StockQuery,
      feed: AVAILABILITY_FEED,
    },
  }),
  exports: [AVAILABILITY_FEED],
})
export class InventoryModule {}
