import { Module } from '@nestjs/common';
import { AVAILABILITY_FEED } from '#contracts';
import { assembled } from '#platform';
import { assembleInventory } from './assemble.js';
import { StockGrpcController } from './grpc/stock.grpc.js';
import { TransfersGrpcController } from './grpc/transfers.grpc.js';
import { StockController } from './stock/stock.controller.js';
import { SupplyController } from './supply/supply.controller.js';
import { SupplyDirectory } from './supply/supply-directory.js';
import { TransfersController } from './transfer/transfers.controller.js';
import { StockQuery } from './views/stock/stock.query.js';

/** What there is, everywhere, and what each channel may show of it. Its processes and exceptions: `assemble.ts`. */
@Module({
  controllers: [StockController, SupplyController, TransfersController, StockGrpcController, TransfersGrpcController],
  providers: assembled(assembleInventory, {
    parts: { supply: SupplyDirectory, stockQuery: StockQuery, feed: AVAILABILITY_FEED },
  }),
  exports: [AVAILABILITY_FEED],
})
export class InventoryModule {}
